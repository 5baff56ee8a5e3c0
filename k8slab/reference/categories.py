"""The categories of recorded facts, each a function from the folder to its outcomes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import yaml

from k8slab.api.meta import Obj
from k8slab.reference import api_facts, cron_facts, scheduling_facts, text_facts, transcripts
from k8slab.reference.compare import differences
from k8slab.reference.observe import observe
from k8slab.reference.outcome import Outcome, attempt
from k8slab.reference.scenario import play


def traces(root: Path) -> Iterator[Outcome]:
    """Scenarios with the Pod side scripted."""
    only = os.environ.get("ONLY", "")
    for path in sorted((root / "traces").glob("*.yaml")):
        if only not in path.stem:
            continue
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))
        recorded = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        yield attempt(path.stem, partial(_trace, spec, recorded))


def _trace(spec: Obj, recorded: Obj) -> Iterator[str]:
    return differences(recorded, observe(play(spec)))


CATEGORIES: dict[str, Callable[[Path], Iterator[Outcome]]] = {
    "defaults": api_facts.defaults,
    "errors": api_facts.errors,
    "patches": api_facts.patches,
    "protocol": api_facts.protocol,
    "discovery": api_facts.discovery,
    "scheduling": scheduling_facts.scheduling,
    "tables": text_facts.tables,
    "describe": text_facts.describe,
    "explain": text_facts.explain,
    "transcripts": transcripts.transcripts,
    "cron": cron_facts.cron,
    "traces": traces,
}

OVER_HTTP = (
    "defaults",
    "errors",
    "patches",
    "protocol",
    "discovery",
    "scheduling",
    "tables",
    "describe",
    "explain",
    "transcripts",
)
"""The categories that consist of requests, and so can be sent over HTTP as well."""
