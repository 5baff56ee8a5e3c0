"""Resources by `name.group` and `name.version.group`, where a kind is served in more than one."""

from __future__ import annotations

import pytest
import yaml

from k8slab.lab import Lab


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(1)
    lab.kubectl("create deployment web --image=nginx")
    lab.kubectl("autoscale deployment web --max=3 --cpu-percent=50")
    lab.settle()
    return lab


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ("events", "v1"),
        ("events.v1.", "v1"),
        ("events.events.k8s.io", "events.k8s.io/v1"),
        ("events.v1.events.k8s.io", "events.k8s.io/v1"),
        ("hpa", "autoscaling/v2"),
        ("hpa.autoscaling", "autoscaling/v2"),
        ("hpa.v1.autoscaling", "autoscaling/v2"),
        ("horizontalpodautoscalers.v1.autoscaling", "autoscaling/v1"),
        ("hpa.v2.autoscaling", "autoscaling/v2"),
        ("deployments.v1.apps", "apps/v1"),
    ],
)
def test_objects_come_in_the_version_that_is_named(lab: Lab, resource: str, version: str) -> None:
    items = yaml.safe_load(lab.kubectl(f"get {resource} -o yaml").stdout)["items"]
    assert {item["apiVersion"] for item in items} == {version}


def test_the_newer_events_have_their_own_names_and_fields(lab: Lab) -> None:
    names = lab.kubectl("get events.events.k8s.io -o name").stdout.splitlines()
    assert names and all(name.startswith("event.events.k8s.io/") for name in names)
    notes = lab.kubectl("get events.events.k8s.io -o jsonpath={.items[*].note}").stdout
    assert "Successfully assigned" in notes
    old, new = (lab.kubectl(f"get {one}").stdout for one in ("events", "events.events.k8s.io"))
    assert old == new


OLDER = """
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: older}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 10
  targetCPUUtilizationPercentage: 50
"""


def test_a_manifest_is_sent_to_its_own_version() -> None:
    lab = Lab(1)
    for verb, told in (("apply", "created"), ("apply", "unchanged"), ("diff", ""), ("replace", "replaced")):
        result = lab.kubectl(f"{verb} -f -", stdin=OLDER)
        expected = f"horizontalpodautoscaler.autoscaling/older {told}\n" if told else ""
        assert (result.stdout, result.stderr, result.code) == (expected, "", 0)
    targets = lab.kubectl("get hpa older -o jsonpath={.spec.metrics[*].resource.target.averageUtilization}")
    assert targets.stdout == "50"
    assert lab.kubectl("delete -f -", stdin=OLDER).code == 0
