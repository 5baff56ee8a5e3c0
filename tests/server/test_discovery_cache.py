"""kubectl's cache of what a lab serves: it is what kubectl would have written, and kubectl takes it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from k8slab.lab import Lab
from k8slab.server import Serving
from k8slab.server.protobuf import decode_envelope
from k8slab.server.serving import kubectl_path

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: gears, singular: gear, kind: Gear}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
"""


def requests_of(serving: Serving, *arguments: str) -> list[str]:
    """The paths that kubectl asks for."""
    done = serving.kubectl(*arguments, "-v=8")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if 'verb="GET" url="' in line]
    return [line.partition('url="')[2].partition('"')[0].partition("/secret")[2] for line in lines]


def test_it_holds_what_kubectl_itself_would_keep(serving: Serving, tmp_path: Path) -> None:
    environment = {**serving.environment, "KUBECACHEDIR": str(tmp_path)}
    subprocess.run([kubectl_path(), "get", "pods"], env=environment, check=True, capture_output=True)
    ours = Path(serving.environment["KUBECACHEDIR"])
    kept = {
        str(path.relative_to(tmp_path)): json.loads(path.read_text()) for path in tmp_path.rglob("*.json")
    }
    assert len(kept) > 20
    assert {
        str(path.relative_to(ours)): decode_envelope(path.read_bytes()) for path in ours.rglob("*.json")
    } == kept


def test_the_first_command_asks_for_nothing_but_what_it_shows(serving: Serving) -> None:
    assert requests_of(serving, "get", "pods") == ["/api/v1/namespaces/default/pods?limit=500"]
    assert requests_of(serving, "get", "deploy,sts", "-A") == [
        "/apis/apps/v1/deployments?limit=500",
        "/apis/apps/v1/statefulsets?limit=500",
    ]


def test_a_kind_that_comes_later_is_found_all_the_same(lab: Lab, serving: Serving) -> None:
    lab.apply(DEFINITION)
    lab.settle()
    done = serving.kubectl("get", "gears")
    assert (done.returncode, done.stderr) == (0, "No resources found in default namespace.\n")
