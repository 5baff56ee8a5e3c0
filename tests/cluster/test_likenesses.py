"""Pods of one template are made after the last one, and come out as if each had been made for itself."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import pytest

from k8slab import Lab
from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.cluster import admission, api, likenesses
from k8slab.cluster.kinds import kind_of
from k8slab.cluster.world import World
from k8slab.replay import digest_of

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 4,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {"name": "main", "image": "nginx:1.27", "resources": {"limits": {"memory": "64Mi"}}}
                ]
            },
        },
    },
}


def lab_that_ran(*commands: str) -> Lab:
    """A lab with the Deployment, and some commands a minute apart."""
    lab = Lab(nodes=2)
    lab.apply(DEPLOYMENT)
    lab.run("1m")
    for command in commands:
        lab.kubectl(command)
        lab.run("1m")
    return lab


def test_all_is_as_if_each_pod_were_made_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = ("scale deployment/web --replicas=6", "set image deployment/web main=nginx:1.28")
    lab = lab_that_ran(*commands)
    assert lab.world.likenesses
    monkeypatch.setattr(likenesses, "keep", lambda *ignored: None)
    single = lab_that_ran(*commands)
    assert not single.world.likenesses
    assert digest_of(lab.world) == digest_of(single.world)


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        ("label namespace default pod-security.kubernetes.io/enforce=restricted", "violates PodSecurity"),
        ("create quota few --hard=pods=4", "exceeded quota: few"),
    ],
)
def test_what_admission_looks_at_counts_at_once(command: str, refused: str) -> None:
    lab = lab_that_ran(command, "scale deployment/web --replicas=5")
    assert len(lab.list("pods")) == 4
    assert refused in lab.kubectl("get events --field-selector reason=FailedCreate").stdout


class Asked:
    """A view of a World that notes the kinds that are asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.kinds: dict[str, None] = {}

    def get(self, kind: str, key: tuple[str, str]) -> Obj | None:
        self.kinds[kind] = None
        return self._world.get(kind, key)

    def list(self, kind: str, **conditions: Any) -> Any:
        self.kinds[kind] = None
        return self._world.list(kind, **conditions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


def test_admission_looks_at_nothing_else() -> None:
    lab = lab_that_ran()
    pod = lab.list("pods")[0]
    spec = {name: value for name, value in pod["spec"].items() if name != "nodeName"}
    pod = {**pod, "spec": {**spec, "runtimeClassName": "none", "priorityClassName": "none"}}
    kind = kind_of(lab.world, "Pod")
    seen = Asked(lab.world)
    request = api.admission_request(lab.world, api.ADMIN, kind, "CREATE", pod, None, api.PLAIN)
    request = request._replace(view=cast(Any, seen))
    concerned = [
        plugin
        for plugin in admission.plugins()
        if "CREATE" in plugin.operations and (not plugin.kinds or "Pod" in plugin.kinds)
    ]
    for plugin in concerned:
        with suppress(ApiError):
            if plugin.mutate is not None:
                plugin.mutate(request, pod)
        for judge in (plugin.validate, plugin.charge):
            with suppress(ApiError):
                if judge is not None:
                    judge(request)
    assert set(seen.kinds) == likenesses.LOOKED_AT | likenesses.UNLIKE
