"""The short way to a Pod's status leads to the same status as the long one, or nowhere.

Each case says how many of the Pod's statuses are made the short way, from its start to its removal.
"""

from __future__ import annotations

import json

import pytest

from k8slab.kubelet import sync
from k8slab.kubelet.outlines import usual_status
from k8slab.kubelet.status import pod_status
from k8slab.kubelet.traits import traits_of
from k8slab.lab import Lab
from k8slab.timing import REALISTIC
from tests.kubelet.nodes import Nodes, nginx

WEB = nginx()
AGENT = {"name": "agent", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "1m"}}}
PROBED = {**WEB, "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}}
MISSING = {"name": "app", "image": "registry.invalid/nothing:1"}
ENDING = {"name": "app", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 3; exit 1"]}
GATE = [{"conditionType": "example.com/fit"}]

CASES = [
    ("one container", [WEB], {}, 4),
    ("two containers, not in the order of their names", [WEB, AGENT], {}, 5),
    ("a container that is probed", [PROBED], {}, 5),
    ("an image that nobody has", [MISSING], {}, 6),
    ("a container that ends", [ENDING], {}, 3),
    ("an init container", [WEB], {"initContainers": [ENDING]}, 0),
    ("a readiness gate", [WEB], {"readinessGates": GATE}, 0),
]


@pytest.mark.parametrize(
    ("containers", "spec", "short"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_both_ways_lead_to_the_same_status(monkeypatch, containers, spec, short):
    found = []

    def compared(pod, traits, runtime, report):
        shortly = usual_status(pod, traits, runtime, report)
        found.append(shortly is not None)
        if shortly is not None:
            # Its fields stand in the same order, too.
            assert json.dumps(shortly) == json.dumps(pod_status(pod, runtime, report))
        return shortly

    monkeypatch.setattr(sync, "usual_status", compared)
    nodes = Nodes(timing=REALISTIC)
    nodes.pod("web", *containers, **spec)
    nodes.run(30)
    nodes.delete("web")
    nodes.run(60)
    assert nodes.get("web") is None
    assert sum(found) == short
    assert not found[-1], "a Pod's end is worked out"


def test_pods_of_a_template_share_what_their_statuses_have_in_common():
    lab = Lab(nodes=2)
    web = {"name": "web", "image": "registry.invalid/nothing:1"}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [web]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    lab.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    lab.run("1m")
    one, other = (pod["status"]["containerStatuses"] for pod in lab.world.list("Pod"))
    assert one[0]["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert one is other


TRAITS = [
    ("nothing special", [WEB], {}, set()),
    ("a probe", [WEB, {**AGENT, "livenessProbe": {}}], {}, {"is_probed"}),
    (
        "an init container with a probe",
        [WEB],
        {"initContainers": [{**AGENT, "startupProbe": {}}]},
        {"has_inits", "is_probed"},
    ),
    ("an ephemeral container", [WEB], {"ephemeralContainers": [AGENT]}, {"has_later"}),
    ("scratch space", [WEB], {"volumes": [{"name": "s", "emptyDir": {}}]}, {"has_volumes"}),
    (
        "a ConfigMap",
        [WEB],
        {"volumes": [{"name": "c", "configMap": {"name": "c"}}]},
        {"has_volumes", "shows_objects"},
    ),
    ("a readiness gate", [WEB], {"readinessGates": GATE}, {"is_gated"}),
    ("resources of its own", [WEB], {"resources": {"limits": {"cpu": "1"}}}, {"has_resources"}),
    (
        "a rule",
        [{**WEB, "restartPolicyRules": [{"action": "RestartAllContainers"}]}],
        {},
        {"may_restart_all"},
    ),
]
FLAGS = (
    "has_inits",
    "has_later",
    "has_volumes",
    "shows_objects",
    "is_probed",
    "is_gated",
    "may_restart_all",
    "has_resources",
)


@pytest.mark.parametrize(
    ("containers", "spec", "flags"), [one[1:] for one in TRAITS], ids=[one[0] for one in TRAITS]
)
def test_traits_of_a_spec(containers, spec, flags):
    traits = traits_of({"containers": containers, **spec})
    assert {name for name in FLAGS if getattr(traits, name)} == flags


def test_traits_are_read_once_for_specs_that_share_their_parts():
    spec = {"containers": [WEB], "nodeName": "node-1"}
    assert traits_of({**spec, "nodeName": "node-2"}) is traits_of(spec)


def test_traits_are_read_again_for_a_spec_with_another_part():
    containers = [WEB]
    before = traits_of({"containers": containers})
    after = traits_of({"containers": containers, "ephemeralContainers": [AGENT]})
    assert (before.has_later, after.has_later) == (False, True)


def test_containers_are_found_in_their_fields():
    spec = {
        "containers": [WEB],
        "initContainers": [AGENT],
        "ephemeralContainers": [MISSING | {"name": "later"}],
    }
    assert traits_of(spec).fields == {
        "agent": "spec.initContainers{agent}",
        WEB["name"]: f"spec.containers{{{WEB['name']}}}",
        "later": "spec.ephemeralContainers{later}",
    }
