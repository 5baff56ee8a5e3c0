"""A Pod's phase: upstream's tables (pkg/kubelet/kubelet_pods_test.go, TestPodPhase…, v1.36).

A letter a container: r running, R running and started, s succeeded, f failed, w waiting,
z waiting after an exit with 0, n waiting after another exit, - unknown.
"""

from __future__ import annotations

import pytest

from k8slab.kubelet.status import phase_of

STATES = {
    "r": {"state": {"running": {}}},
    "R": {"state": {"running": {}}, "started": True},
    "s": {"state": {"terminated": {"exitCode": 0}}},
    "f": {"state": {"terminated": {"exitCode": -1}}},
    "w": {"state": {"waiting": {}}},
    "z": {"state": {"waiting": {}}, "lastState": {"terminated": {"exitCode": 0}}},
    "n": {"state": {"waiting": {}}, "lastState": {"terminated": {"exitCode": -1}}},
}
TERMINAL, INITIALIZED = {"terminal": True}, {"initialized": True}


def two(policy, **fields):
    return {"containers": [{"name": "A"}, {"name": "B"}], "restartPolicy": policy, **fields}


def with_init(policy):
    return two(policy, initContainers=[{"name": "X"}])


def with_sidecar(policy):
    return two(policy, initContainers=[{"name": "X", "restartPolicy": "Always"}])


def with_both(policy):
    inits = [{"name": "X"}, {"name": "Y", "restartPolicy": "Always"}]
    return {"initContainers": inits, "containers": [{"name": "A"}], "restartPolicy": policy}


def own(*policies, pod="Always", kind="containers"):
    names = "AB" if kind == "containers" else "X"
    listed = [
        {"name": name, **({"restartPolicy": policy} if policy else {})}
        for name, policy in zip(names, policies)
    ]
    spec = {"containers": [], "restartPolicy": pod}
    spec[kind] = listed
    return spec


CASES = [
    ("always: waiting", two("Always"), "--", {}, "Pending"),
    ("always: all running", two("Always"), "rr", {}, "Running"),
    ("always: all stopped", two("Always"), "ss", {}, "Running"),
    ("always: all succeeded, terminal", two("Always"), "ss", TERMINAL, "Succeeded"),
    ("always: one failed, terminal", two("Always"), "sf", TERMINAL, "Failed"),
    ("always: one running, one stopped", two("Always"), "rs", {}, "Running"),
    ("always: one running, one unknown", two("Always"), "r-", {}, "Pending"),
    ("always: one running, one waiting", two("Always"), "rw", {}, "Pending"),
    ("always: one in a crash loop", two("Always"), "rz", {}, "Running"),
    ("always, init: running", with_init("Always"), "r--", {}, "Pending"),
    ("always, init: failed", with_init("Always"), "f--", {}, "Pending"),
    ("always, init: waiting after 0", with_init("Always"), "z--", {}, "Pending"),
    ("always, init: waiting after a failure", with_init("Always"), "n--", {}, "Pending"),
    ("always, init: waiting", with_init("Always"), "w--", {}, "Pending"),
    ("always, init: succeeded", with_init("Always"), "srr", {}, "Running"),
    ("always, sidecar: running", with_sidecar("Always"), "r--", {}, "Pending"),
    ("always, sidecar: stopped", with_sidecar("Always"), "s--", {}, "Pending"),
    ("always, sidecar: waiting after 0", with_sidecar("Always"), "z--", {}, "Pending"),
    ("always, sidecar: waiting after a failure", with_sidecar("Always"), "n--", {}, "Pending"),
    ("always, sidecar: waiting", with_sidecar("Always"), "w--", {}, "Pending"),
    ("always, sidecar: started, one of two runs", with_sidecar("Always"), "Rr-", INITIALIZED, "Pending"),
    ("always, sidecar: started, all run", with_sidecar("Always"), "Rrr", INITIALIZED, "Running"),
    ("always, sidecar: running, all run", with_sidecar("Always"), "rrr", INITIALIZED, "Running"),
    ("always, sidecar: stopped, all run", with_sidecar("Always"), "srr", INITIALIZED, "Running"),
    ("always, sidecar: crash loop, all run", with_sidecar("Always"), "zrr", INITIALIZED, "Running"),
    (
        "always, sidecar: failed, all succeeded, terminal",
        with_sidecar("Always"),
        "fss",
        {**TERMINAL, **INITIALIZED},
        "Succeeded",
    ),
    (
        "always, sidecar: succeeded, all succeeded, terminal",
        with_sidecar("Always"),
        "sss",
        {**TERMINAL, **INITIALIZED},
        "Succeeded",
    ),
    ("always, sidecar: initialized again", with_sidecar("Always"), "rrr", {}, "Pending"),
    ("has run: all running", with_both("Always"), "rrr", {}, "Pending"),
    ("has run: regular stopped", with_both("Always"), "rrs", {}, "Pending"),
    ("has run: sandbox made anew", with_both("Always"), "srs", {}, "Pending"),
    ("has run: initialized, regular stopped", with_both("Always"), "srs", INITIALIZED, "Running"),
    ("has run: initialized, regular running", with_both("Always"), "srr", INITIALIZED, "Running"),
    ("never: all running", two("Never"), "rr", {}, "Running"),
    ("never: all succeeded", two("Never"), "ss", {}, "Succeeded"),
    ("never: all failed", two("Never"), "ff", {}, "Failed"),
    ("never: one running, one succeeded", two("Never"), "rs", {}, "Running"),
    ("never: one running, one unknown", two("Never"), "r-", {}, "Pending"),
    ("never: one running, one waiting", two("Never"), "rw", {}, "Pending"),
    ("never, init: running", with_init("Never"), "r--", {}, "Pending"),
    ("never, init: failed", with_init("Never"), "f--", {}, "Failed"),
    ("never, init: waiting after 0", with_init("Never"), "z--", {}, "Pending"),
    ("never, init: waiting after a failure", with_init("Never"), "n--", {}, "Failed"),
    ("never, init: waiting", with_init("Never"), "w--", {}, "Pending"),
    ("never, init: succeeded", with_init("Never"), "srr", {}, "Running"),
    ("never, sidecar: running", with_sidecar("Never"), "r--", {}, "Pending"),
    ("never, sidecar: waiting after a failure", with_sidecar("Never"), "n--", {}, "Pending"),
    ("never, sidecar: started, one of two runs", with_sidecar("Never"), "Rr-", INITIALIZED, "Pending"),
    ("never, sidecar: started, all succeeded", with_sidecar("Never"), "Rss", INITIALIZED, "Running"),
    ("never, sidecar: running again, all succeeded", with_sidecar("Never"), "rss", INITIALIZED, "Running"),
    ("never, sidecar: all succeeded", with_sidecar("Never"), "sss", INITIALIZED, "Succeeded"),
    ("never, sidecar: failed, all succeeded", with_sidecar("Never"), "fss", INITIALIZED, "Succeeded"),
    ("never, sidecar: crash loop, all succeeded", with_sidecar("Never"), "zss", INITIALIZED, "Succeeded"),
    ("never, sidecar: failing loop, all succeeded", with_sidecar("Never"), "nss", INITIALIZED, "Succeeded"),
    ("on failure: all running", two("OnFailure"), "rr", {}, "Running"),
    ("on failure: all succeeded", two("OnFailure"), "ss", {}, "Succeeded"),
    ("on failure: all failed", two("OnFailure"), "ff", {}, "Running"),
    ("on failure: one running, one succeeded", two("OnFailure"), "rs", {}, "Running"),
    ("on failure: one running, one unknown", two("OnFailure"), "r-", {}, "Pending"),
    ("on failure: one running, one waiting", two("OnFailure"), "rw", {}, "Pending"),
    ("on failure: one in a crash loop", two("OnFailure"), "rz", {}, "Running"),
    ("own policy Never, failed", own("Never"), "f", INITIALIZED, "Failed"),
    ("own policy OnFailure, failed", own("OnFailure"), "f", INITIALIZED, "Running"),
    ("own policy Always, failed", own("Always"), "f", INITIALIZED, "Running"),
    ("own policy Always beside a failure", own("Always", "", pod="Never"), "sf", INITIALIZED, "Running"),
    ("own policies, none restarts", own("Never", "OnFailure"), "fs", INITIALIZED, "Failed"),
    ("own policies, all succeeded", own("Never", "OnFailure"), "ss", INITIALIZED, "Succeeded"),
    ("init's own policy Never, failed", own("Never", kind="initContainers"), "f", {}, "Failed"),
    ("init's own policy OnFailure, failed", own("OnFailure", kind="initContainers"), "f", {}, "Pending"),
    ("init's own policy Always, failed", own("Always", kind="initContainers"), "f", {}, "Pending"),
]


@pytest.mark.parametrize(
    "spec, letters, flags, expected", [case[1:] for case in CASES], ids=[one[0] for one in CASES]
)
def test_phase(spec, letters, flags, expected):
    names = [one["name"] for one in (*spec.get("initContainers", ()), *spec["containers"])]
    statuses = {name: STATES[letter] for name, letter in zip(names, letters) if letter != "-"}
    flags = {"terminal": False, "initialized": False, **flags}
    assert phase_of(spec, statuses, **flags) == expected
