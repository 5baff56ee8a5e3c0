"""What controllers do while a status that they read lags behind a size that they wrote.

The cases were seen on a v1.36 control plane; the rules are those of pkg/controller/deployment/rolling.go,
pkg/controller/daemon/daemon_controller.go and pkg/controller/garbagecollector/graph_builder.go.
"""

from __future__ import annotations

import pytest

from k8slab.api.meta import Obj
from k8slab.components import Update
from k8slab.controllers import _deployment_math as math
from k8slab.controllers import deployment as controller
from k8slab.controllers.deployment import Rollout
from k8slab.lab import Lab
from tests.controllers.test_deployment import deployment, finish, replica_set, sizes

SHRINKING = {
    "a fresh status: two are spare": (5, 5, 3, 0, [3, 3]),
    "eight are said to be available of five: wait": (5, 8, 3, 0, [3, 5]),
    "all but one are unhealthy: they go first, then the spare one": (5, 1, 3, 3, [3, 0]),
    "nothing is spare": (3, 3, 5, 0, [5, 3]),
}


@pytest.mark.parametrize(
    ("old", "old_available", "new", "new_available", "expected"), SHRINKING.values(), ids=SHRINKING
)
def test_old_replica_sets_shrink_by_fresh_statuses_only(old, old_available, new, new_available, expected):
    given = deployment(5, 3, 2)
    sets = replica_set("new", new, new_available), replica_set("old", old, old_available, age=1)
    (rollout, _), actions = finish(controller._shrink_old(Rollout(given, sets[0], (sets[1],))))
    assert sizes(rollout) == expected
    changed = [one.obj for one in actions if isinstance(one, Update)]
    assert bool(changed) == (math.replicas_of(sets[1]) != expected[1])


WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx}]}
"""
AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  minReadySeconds: 5
  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: "nginx:1.27"}]}
"""


def created(lab: Lab, since: int) -> list[Obj]:
    changes = lab.world.store.changes_since(since)
    return [one.new for one in changes if one.kind == "Pod" and one.old is None and one.new is not None]


def test_a_replica_set_scaled_by_hand_makes_its_pods_before_its_deployment_scales_it_back():
    lab = Lab(nodes=1, timing="instant")
    lab.apply(WEB)
    lab.settle()
    before = lab.world.store.revision
    (replica_set,) = lab.list("replicasets")
    lab.kubectl(f"scale rs {replica_set['metadata']['name']} --replicas=5")
    lab.settle()
    assert len(created(lab, before)) == 2
    assert len(lab.list("pods")) == 3


def test_a_surge_ends_after_min_ready_seconds_though_the_status_shows_only_the_old_pod():
    lab = Lab(nodes=2)
    lab.apply(AGENT)
    lab.settle()
    lab.kubectl("set image ds agent main=nginx:1.28")
    lab.run("1m")
    images = [pod["spec"]["containers"][0]["image"] for pod in lab.list("pods")]
    assert images == ["nginx:1.28", "nginx:1.28"]


def test_a_revision_made_while_its_set_waits_for_its_pods_goes_with_the_last_of_them():
    lab = Lab(nodes=1)
    lab.apply(
        AGENT.replace("DaemonSet", "StatefulSet").replace(
            "  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n", ""
        )
    )
    lab.settle()
    lab.kubectl("delete sts agent --cascade=foreground --wait=false")
    lab.settle()
    assert not lab.list("statefulsets")
    assert not lab.list("controllerrevisions")
