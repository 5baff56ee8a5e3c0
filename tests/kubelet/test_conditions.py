"""Pod conditions: upstream's tables (pkg/kubelet/status/generate_test.go, v1.36)."""

from __future__ import annotations

import pytest

from k8slab.kubelet.status import condition, containers_ready, initialized, pod_ready


def spec(*names, sidecars=(), inits=(), gates=()):
    listed = [{"name": name, "restartPolicy": "Always"} for name in sidecars] + [
        {"name": name} for name in inits
    ]
    return {
        "containers": [{"name": name} for name in names],
        "initContainers": listed,
        "readinessGates": [{"conditionType": gate} for gate in gates],
    }


def ready(*names):
    return {name: {"name": name, "ready": True} for name in names}


def unready(*names):
    return {name: {"name": name, "ready": False} for name in names}


def unknown(*names):
    return f"containers with unknown status: [{' '.join(names)}]"


def waiting(*names):
    return f"containers with unready status: [{' '.join(names)}]"


READY = [
    ("nothing known", spec(), None, "Running", ("False", "UnknownContainerStatuses", "")),
    ("no containers", spec(), {}, "Running", ("True", "", "")),
    ("one unknown", spec("1234"), {}, "Running", ("False", "ContainersNotReady", unknown("1234"))),
    ("all ready", spec("1234", "5678"), ready("1234", "5678"), "Running", ("True", "", "")),
    (
        "one of two unknown",
        spec("1234", "5678"),
        ready("1234"),
        "Running",
        ("False", "ContainersNotReady", unknown("5678")),
    ),
    (
        "one of two unready",
        spec("1234", "5678"),
        {**ready("1234"), **unready("5678")},
        "Running",
        ("False", "ContainersNotReady", waiting("5678")),
    ),
    (
        "one unknown, one unready",
        spec("1234", "5678"),
        unready("5678"),
        "Running",
        ("False", "ContainersNotReady", f"{unknown('1234')}, {waiting('5678')}"),
    ),
    ("succeeded", spec("1234"), unready("1234"), "Succeeded", ("False", "PodCompleted", "")),
    ("failed", spec("1234"), ready("1234"), "Failed", ("False", "PodFailed", "")),
    (
        "sidecar unknown",
        spec("regular", sidecars=["side"]),
        ready("regular"),
        "Running",
        ("False", "ContainersNotReady", unknown("side")),
    ),
    (
        "sidecars ready",
        spec("regular", sidecars=["one", "two"]),
        ready("regular", "one", "two"),
        "Running",
        ("True", "", ""),
    ),
    (
        "one sidecar unready",
        spec("regular", sidecars=["one", "two"]),
        {**ready("regular", "one"), **unready("two")},
        "Running",
        ("False", "ContainersNotReady", waiting("two")),
    ),
]


@pytest.mark.parametrize(
    "pod, statuses, phase, expected", [case[1:] for case in READY], ids=[one[0] for one in READY]
)
def test_containers_ready(pod, statuses, phase, expected):
    assert containers_ready(pod, statuses, phase) == expected


@pytest.mark.parametrize(
    "pod, statuses, phase, expected", [case[1:] for case in READY], ids=[one[0] for one in READY]
)
def test_ready_says_the_same_without_gates(pod, statuses, phase, expected):
    assert pod_ready(pod, statuses, phase, ()) == expected


def gate(status):
    return [{"type": "gate1", "status": status}]


MISSING = 'corresponding condition of pod readiness gate "gate1" does not exist.'
GATED = [
    ("no condition", (), ("False", "ReadinessGatesNotReady", MISSING)),
    (
        "condition False",
        gate("False"),
        (
            "False",
            "ReadinessGatesNotReady",
            'the status of pod readiness gate "gate1" is not "True", but False',
        ),
    ),
    ("condition True", gate("True"), ("True", "", "")),
]


@pytest.mark.parametrize("conditions, expected", [case[1:] for case in GATED], ids=[one[0] for one in GATED])
def test_readiness_gates(conditions, expected):
    assert pod_ready(spec("a", gates=["gate1"]), ready("a"), "Running", conditions) == expected


def test_gates_do_not_matter_while_a_container_is_unready():
    verdict = pod_ready(spec("a", gates=["gate1"]), unready("a"), "Running", ())
    assert verdict.reason == "ContainersNotReady"


STARTED = {"1234": {"started": True}}
NOT_STARTED = {"1234": {"started": False}}
RUNS = {"regular": {"state": {"running": {}}}}
INITIALIZED = [
    (
        "nothing known",
        spec("regular", inits=["1234", "5678"]),
        None,
        "Running",
        "False",
        "UnknownContainerStatuses",
    ),
    ("no init containers", spec("regular"), {}, "Running", "True", ""),
    ("one unknown", spec("regular", inits=["1234"]), {}, "Running", "False", "ContainersNotInitialized"),
    ("both done", spec("regular", inits=["1234", "5678"]), ready("1234", "5678"), "Running", "True", ""),
    (
        "one of two done",
        spec("regular", inits=["1234", "5678"]),
        ready("1234"),
        "Running",
        "False",
        "ContainersNotInitialized",
    ),
    (
        "one of two failed",
        spec("regular", inits=["1234", "5678"]),
        {**ready("1234"), **unready("5678")},
        "Running",
        "False",
        "ContainersNotInitialized",
    ),
    ("succeeded", spec("regular", inits=["1234"]), ready("1234"), "Succeeded", "True", "PodCompleted"),
    (
        "sidecar not started",
        spec("regular", sidecars=["1234"]),
        NOT_STARTED,
        "Pending",
        "False",
        "ContainersNotInitialized",
    ),
    ("sidecar started", spec("regular", sidecars=["1234"]), STARTED, "Running", "True", ""),
    (
        "sidecar restarts while the rest runs",
        spec("regular", sidecars=["1234"]),
        {**NOT_STARTED, **RUNS},
        "Running",
        "True",
        "",
    ),
    (
        "init lost, regular has ended",
        spec("regular", inits=["1234"]),
        {"1234": {"state": {"waiting": {}}}, "regular": {"state": {"terminated": {"exitCode": 0}}}},
        "Running",
        "True",
        "",
    ),
]


@pytest.mark.parametrize(
    "pod, statuses, phase, status, reason",
    [case[1:] for case in INITIALIZED],
    ids=[one[0] for one in INITIALIZED],
)
def test_initialized(pod, statuses, phase, status, reason):
    verdict = initialized(pod, statuses, phase)
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_pod_that_was_initialized_stays_so():
    before = [{"type": "Initialized", "status": "True"}]
    assert initialized(spec("a", inits=["x"]), {}, "Running", before).status == "True"


def test_incomplete_init_containers_are_named():
    verdict = initialized(spec("a", inits=["x", "y"]), unready("x"), "Pending")
    assert verdict.message == "containers with unknown status: [y], containers with incomplete status: [x]"


def test_equal_conditions_are_one_dict():
    first = condition("Ready", "True", "", "", 1, "2026-01-05T09:00:00Z")
    assert first is condition("Ready", "True", "", "", 1, "2026-01-05T09:00:00Z")
    assert "reason" not in first and first["lastProbeTime"] is None
