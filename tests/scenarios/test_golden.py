"""Golden scenarios: what was applied, what was broken, and what happened, told as a story.

A scenario is a YAML file: a lab, and steps (`kubectl …`, `why pod/db-0`, `run 30s`, `settle`, and the lab's
verbs: `add-node`, `crash node-2`, `crash-zone a`, `stop-api-server` …); `@0` is the first Pod of the default
namespace by name, `@1` the
second, `${uid ConfigMap other}` an object's uid. Its story is kept beside it; with
K8SLAB_UPDATE_GOLDEN=1 it is written anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slab.cluster.failures import CATALOGUE
from k8slab.lab import Lab
from k8slab.store.view import Change
from k8slab.why import narrate

FOLDER = Path(__file__).parent / "golden"
SCENARIOS = sorted(FOLDER.glob("*.yaml"))
TOLD = (
    "CronJob",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Job",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Service",
    "StatefulSet",
    "VolumeAttachment",
)

VERBS = {
    "run",
    "settle",
    "add-node",
    *(verb.replace("_", "-") for one in CATALOGUE for verb in (one.verb, one.mended_by) if verb),
}


def story(spec: dict[str, Any]) -> Iterator[str]:
    lab = Lab(**spec.get("lab", {}))
    yield f"# {spec['title']}"
    for written in spec["steps"]:
        step = with_uids(lab, with_pod_names(lab, written))
        revision = lab.world.store.revision
        begun = lab.now
        yield f"\n> {step.strip().partition(chr(10))[0]}"
        yield from perform(lab, step)
        for change in lab.world.store.changes_since(revision):
            line = told(lab, change, begun)
            if line:
                yield line


def with_pod_names(lab: Lab, step: str) -> str:
    """A step with each `@n` replaced by the name of the n-th Pod."""
    names = [pod["metadata"]["name"] for pod in lab.list("pods")]
    return re.sub(r"@(\d)", lambda found: names[int(found[1])], step)


def with_uids(lab: Lab, step: str) -> str:
    """A step with each `${uid Kind name}` replaced by that object's uid."""

    def uid(found: re.Match[str]) -> str:
        obj = lab.world.get(found[1], ("default", found[2]))
        assert obj is not None, f"there is no {found[1]} {found[2]}"
        text: str = obj["metadata"]["uid"]
        return text

    return re.sub(r"\$\{uid (\w+) ([\w-]+)\}", uid, step)


def perform(lab: Lab, step: str) -> Iterator[str]:
    verb, _, argument = step.strip().partition(" ")
    if verb == "kubectl":
        command, _, stdin = argument.partition("\n")
        result = lab.kubectl(command, stdin=stdin)
        for line in (result.stdout + result.stderr).splitlines():
            yield f"    | {line}".rstrip()
        return
    if verb == "why":
        for line in lab.why(argument).splitlines():
            yield f"    | {line}"
        return
    assert verb in VERBS, f"a story can't {verb}"
    getattr(lab, verb.replace("-", "_"))(*argument.split())


def told(lab: Lab, change: Change, begun: float) -> str:
    """A change in words, with the seconds since the step began; empty for what a reader would not miss."""
    if change.kind not in TOLD:
        return ""
    if change.kind == "EndpointSlice" and (change.old is None or change.new is None):
        return ""
    words = narrate(change)
    if words.endswith(" changed"):
        return ""
    seconds = (change.at_us - lab.start_us) / 1_000_000 - begun
    who = lab.causes[change.cause].component or "user"
    return f"  +{seconds:8.3f}s  {words}  [{who}]"


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_story_is_the_kept_one(path: Path) -> None:
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    text = "\n".join(story(spec)) + "\n"
    kept = path.with_suffix(".txt")
    if os.environ.get("K8SLAB_UPDATE_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text(encoding="utf-8")
