"""What to start and kill: upstream's tables (kuberuntime_manager_test.go, TestComputePodActions…, v1.36).

A letter a container: r running, s exited with 0, f exited with 137, - never started. Upstream's states
"created" and "unknown", a container runtime's half-done work, do not exist here.
"""

from __future__ import annotations

import pytest

from k8slab.kubelet.actions import Kill, PodActions, compute
from k8slab.kubelet.runtime import EXITED, FAILURE, RUNNING, SUCCESS, UNKNOWN, ProbeState, Slot

SLOTS = {"r": {"state": RUNNING}, "s": {"state": EXITED}, "f": {"state": EXITED, "exit_code": 137}, "-": {}}
REGULAR, INITS = ("foo1", "foo2", "foo3"), ("init1", "init2", "init3")


def spec(policy="Always", inits=(), sidecars=False, **policies):
    def container(name):
        own = policies.get(name) or ("Always" if sidecars and name in inits else None)
        return {"name": name, **({"restartPolicy": own} if own else {})}

    return {
        "restartPolicy": policy,
        "initContainers": [container(name) for name in inits],
        "containers": [container(name) for name in REGULAR],
    }


def slots(pod, letters, probes=None):
    found = {}
    names = [one["name"] for one in (*pod["initContainers"], *pod["containers"])]
    for name, letter in zip(names, letters):
        listed = tuple(ProbeState(kind, 0, result) for kind, result in (probes or {}).get(name, ()))
        found[name] = Slot(name, **SLOTS[letter], probes=listed)
    return found


def act(pod, letters, probes=None, *, sandbox=True, attempt=1, deleted=False):
    return compute(pod, slots(pod, letters, probes), sandbox_ready=sandbox, attempt=attempt, deleted=deleted)


NEW = {"sandbox": False, "attempt": 0}
DEAD = {"sandbox": False, "attempt": 1}


def liveness(name, message):
    return Kill(name, message, "liveness")


def startup(name, message):
    return Kill(name, message, "startup")


FAILED_LIVENESS = {"foo2": [("liveness", FAILURE)]}
FAILED_STARTUP = {"foo2": [("startup", FAILURE)]}
PLAIN = [
    ("everything is good", "Always", "rrr", {}, PodActions()),
    ("a new pod", "Always", "---", NEW, PodActions(True, True, (), REGULAR)),
    ("restart exited, Always", "Always", "sfr", {}, PodActions(to_start=("foo1", "foo2"))),
    ("restart failed, OnFailure", "OnFailure", "sfr", {}, PodActions(to_start=("foo2",))),
    ("restart nothing, Never", "Never", "sfr", {}, PodActions()),
    ("dead sandbox, Always", "Always", "rrr", DEAD, PodActions(True, True, (), REGULAR)),
    (
        "dead sandbox, OnFailure, one done",
        "OnFailure",
        "rsr",
        DEAD,
        PodActions(True, True, (), ("foo1", "foo3")),
    ),
    ("dead sandbox, Never, all done", "Never", "sss", DEAD, PodActions(True)),
    ("dead sandbox, OnFailure, all done", "OnFailure", "sss", DEAD, PodActions(True)),
    ("dead sandbox, Never, none created", "Never", "---", DEAD, PodActions(True, True, (), REGULAR)),
    ("all done, Never", "Never", "sfs", {}, PodActions(True)),
    ("all done, OnFailure", "OnFailure", "sss", {}, PodActions(True)),
    ("being deleted, one has ended", "Always", "rsr", {"deleted": True}, PodActions()),
    ("being deleted, all have ended", "Always", "sss", {"deleted": True}, PodActions(True)),
    (
        "liveness failed, Always",
        "Always",
        "rrr",
        {"probes": FAILED_LIVENESS},
        PodActions(
            to_start=("foo2",),
            to_kill=(liveness("foo2", "Container foo2 failed liveness probe, will be restarted"),),
        ),
    ),
    (
        "liveness failed, OnFailure",
        "OnFailure",
        "rrr",
        {"probes": FAILED_LIVENESS},
        PodActions(
            to_start=("foo2",),
            to_kill=(liveness("foo2", "Container foo2 failed liveness probe, will be restarted"),),
        ),
    ),
    (
        "liveness failed, Never",
        "Never",
        "rrr",
        {"probes": FAILED_LIVENESS},
        PodActions(to_kill=(liveness("foo2", "Container foo2 failed liveness probe"),)),
    ),
    (
        "startup failed, Always",
        "Always",
        "rrr",
        {"probes": FAILED_STARTUP},
        PodActions(
            to_start=("foo2",),
            to_kill=(startup("foo2", "Container foo2 failed startup probe, will be restarted"),),
        ),
    ),
]


@pytest.mark.parametrize(
    "policy, letters, options, expected", [case[1:] for case in PLAIN], ids=[one[0] for one in PLAIN]
)
def test_regular_containers(policy, letters, options, expected):
    assert act(spec(policy), letters, **options) == expected


WITH_INITS = [
    ("initialization completed", "Always", "sss---", {}, PodActions(to_start=REGULAR)),
    ("none started", "Always", "------", {}, PodActions(init_to_start=("init1",))),
    ("in progress", "Always", "ssr---", {}, PodActions()),
    ("the first is done", "Always", "s-----", {}, PodActions(init_to_start=("init2",))),
    ("dead sandbox", "Always", "sss---", DEAD, PodActions(True, True, ("init1",))),
    ("the last failed, Always", "Always", "ssf---", {}, PodActions(init_to_start=("init3",))),
    ("the last failed, OnFailure", "OnFailure", "ssf---", {}, PodActions(init_to_start=("init3",))),
    ("the last failed, Never", "Never", "ssf---", {}, PodActions(True)),
    ("dead sandbox, Never, inits ran", "Never", "sss---", DEAD, PodActions(True)),
    ("dead sandbox, Never, none ran", "Never", "------", DEAD, PodActions(True, True, ("init1",))),
    ("dead sandbox, OnFailure, one failed", "OnFailure", "ssf---", DEAD, PodActions(True, True, ("init1",))),
    ("earlier ones are forgotten, the last runs", "Always", "--r---", {}, PodActions()),
    ("earlier ones are forgotten, regular run", "Always", "---rrr", {}, PodActions()),
    ("being deleted, the last failed", "Always", "ssf---", {"deleted": True}, PodActions(True)),
]


@pytest.mark.parametrize(
    "policy, letters, options, expected",
    [case[1:] for case in WITH_INITS],
    ids=[one[0] for one in WITH_INITS],
)
def test_init_containers(policy, letters, options, expected):
    assert act(spec(policy, INITS), letters, **options) == expected


def probed(name, kind, result):
    return {"probes": {name: [(kind, result)]}}


SIDECARS = [
    ("initialization completed", "Always", "rrr---", {}, PodActions(to_start=REGULAR)),
    ("none started", "Always", "------", {}, PodActions(init_to_start=("init1",))),
    ("the first has started", "Always", "r-----", {}, PodActions(init_to_start=("init2",))),
    (
        "liveness in progress: the next starts",
        "Always",
        "rr----",
        probed("init2", "liveness", SUCCESS),
        PodActions(init_to_start=("init3",)),
    ),
    ("startup in progress: nothing", "Always", "rr----", probed("init2", "startup", UNKNOWN), PodActions()),
    (
        "startup done: the next starts",
        "Always",
        "rr----",
        probed("init2", "startup", SUCCESS),
        PodActions(init_to_start=("init3",)),
    ),
    (
        "liveness failed: killed and recreated",
        "Always",
        "rrr---",
        probed("init3", "liveness", FAILURE),
        PodActions(
            init_to_start=("init3",),
            to_start=REGULAR,
            to_kill=(liveness("init3", "Init container init3 failed liveness probe"),),
        ),
    ),
    (
        "startup failed: killed and recreated",
        "Always",
        "rrr---",
        probed("init3", "startup", FAILURE),
        PodActions(
            init_to_start=("init3",),
            to_kill=(startup("init3", "Init container init3 failed startup probe"),),
        ),
    ),
    (
        "ended ones restart, and the next",
        "Always",
        "srs---",
        {},
        PodActions(init_to_start=("init1", "init3")),
    ),
    (
        "ended one and regular ones restart",
        "Always",
        "srr---",
        {},
        PodActions(init_to_start=("init1",), to_start=REGULAR),
    ),
    ("dead sandbox, Never, one failed", "Never", "rrf---", DEAD, PodActions(True)),
    ("dead sandbox, Never, none ran", "Never", "------", DEAD, PodActions(True, True, ("init1",))),
    ("dead sandbox, OnFailure", "OnFailure", "rrf---", DEAD, PodActions(True, True, ("init1",))),
    ("dead sandbox, Always", "Always", "rrf---", DEAD, PodActions(True, True, ("init1",))),
    ("failed under Never: restarts", "Never", "rrf---", {}, PodActions(init_to_start=("init3",))),
    ("failed beside running ones under Never", "Never", "rrfrrr", {}, PodActions(init_to_start=("init3",))),
    ("all regular done under Never", "Never", "rrrsss", {}, PodActions(True)),
    (
        "forgotten ones restart",
        "Always",
        "--r---",
        {},
        PodActions(init_to_start=("init1", "init2"), to_start=REGULAR),
    ),
]


@pytest.mark.parametrize(
    "policy, letters, options, expected", [case[1:] for case in SIDECARS], ids=[one[0] for one in SIDECARS]
)
def test_sidecars(policy, letters, options, expected):
    assert act(spec(policy, INITS, sidecars=True), letters, **options) == expected


OWN_POLICIES = [
    ("own Always under Never", "Never", {"foo1": "Always"}, "frr", ("foo1",)),
    ("own OnFailure under Never, failed", "Never", {"foo1": "OnFailure"}, "frr", ("foo1",)),
    ("own OnFailure under Always, succeeded", "Always", {"foo1": "OnFailure"}, "srr", ()),
    ("own Never under Always", "Always", {"foo1": "Never"}, "frr", ()),
]


@pytest.mark.parametrize(
    "policy, own, letters, expected",
    [case[1:] for case in OWN_POLICIES],
    ids=[one[0] for one in OWN_POLICIES],
)
def test_container_restart_policies(policy, own, letters, expected):
    assert act(spec(policy, **own), letters).to_start == expected
