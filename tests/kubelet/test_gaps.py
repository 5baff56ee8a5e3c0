"""Rarer moments of a Pod's life: a limit below what is used, a command while the postStart hook runs."""

from __future__ import annotations

import pytest

from k8slab import Lab

LIMITED = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: app
    image: nginx
    resources: {limits: {memory: 200Mi}, requests: {memory: 32Mi}}
  - name: side
    image: nginx
    resources: {limits: {memory: 64Mi}, requests: {memory: 32Mi}}
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(nodes=1)
    lab.apply(LIMITED)
    lab.settle()
    lab.set_load("pod/web", memory="150Mi")
    return lab


def resize(lab: Lab, limit: str) -> None:
    containers = f'[{{"name": "app", "resources": {{"limits": {{"memory": "{limit}"}}}}}}]'
    patch = f'{{"spec": {{"containers": {containers}}}}}'
    assert lab.kubectl(f"patch pod web --subresource resize -p '{patch}'").code == 0


def in_progress(lab: Lab) -> dict:
    found = [
        one for one in lab.get("pod/web")["status"]["conditions"] if one["type"] == "PodResizeInProgress"
    ]
    return found[0] if found else {}


MIB = 1024 * 1024
LIMITS = {
    "of the container": (
        "140Mi",
        f'attempting to set container "app" memory limit ({140 * MIB}) below current usage ({162 * MIB})',
    ),
    "of the whole Pod, too": (
        "90Mi",
        f"[attempting to set pod memory limit ({154 * MIB}) below current usage ({162 * MIB}), "
        f'attempting to set container "app" memory limit ({90 * MIB}) below current usage ({162 * MIB})]',
    ),
    "exactly what is used": (
        "150Mi",
        f'attempting to set container "app" memory limit ({150 * MIB}) below current usage ({162 * MIB})',
    ),
    "enough": ("151Mi", ""),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_memory_limit_below_what_is_used_is_not_set(lab: Lab, case: str) -> None:
    limit, error = LIMITS[case]
    lab = lab.fork()
    resize(lab, limit)
    lab.run("25s")
    status = lab.get("pod/web")["status"]
    assert status["containerStatuses"][0]["restartCount"] == 0, "nothing is killed for a limit not in force"
    in_force = status["containerStatuses"][0]["resources"]["limits"]["memory"]
    if not error:
        assert (in_progress(lab), in_force) == ({}, limit)
        return
    condition = in_progress(lab)
    assert in_force == "200Mi"
    assert (condition["status"], condition["reason"]) == ("True", "Error")
    assert condition["message"] == f"cannot decrease memory limits: {error}"
    events = lab.kubectl("events").stdout
    assert events.count("ResizeError") == 1, "one reason is told once"
    assert "Pod resize error: " in events
    lab.set_load("pod/web", memory="20Mi")
    lab.run("25s")
    assert in_progress(lab) == {}
    assert lab.get("pod/web")["status"]["containerStatuses"][0]["resources"]["limits"]["memory"] == limit
    assert "ResizeCompleted" in lab.kubectl("events").stdout
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_a_resize_that_fails_can_be_taken_back(lab: Lab) -> None:
    lab = lab.fork()
    resize(lab, "90Mi")
    lab.run("15s")
    assert in_progress(lab)["reason"] == "Error"
    resize(lab, "200Mi")
    lab.run("15s")
    assert in_progress(lab) == {}


HOOKED = """
apiVersion: v1
kind: Pod
metadata: {name: slow}
spec:
  containers:
  - name: app
    image: nginx
    lifecycle: {postStart: {exec: {command: [sh, -c, "echo begun > /tmp/hook; sleep 60"]}}}
  - name: next
    image: nginx
"""


def test_a_container_is_entered_while_its_post_start_hook_runs() -> None:
    lab = Lab(nodes=1)
    lab.apply(HOOKED)
    lab.run("20s")
    waiting = lab.get("pod/slow")["status"]["containerStatuses"][0]["state"]
    assert waiting == {"waiting": {"reason": "ContainerCreating"}}, "nobody is told yet that it runs"
    assert lab.kubectl("exec slow -c app -- sh -c 'cat /tmp/hook; touch /tmp/mine'").stdout == "begun\n"
    not_yet = lab.kubectl("exec slow -c next -- ls /")
    assert (not_yet.code, 'container not found ("next")' in not_yet.stderr) == (1, True)
    lab.run("1m")
    assert lab.kubectl("exec slow -c app -- ls /tmp").stdout.split() == ["hook", "mine"], "it is the same run"
    assert lab.kubectl("exec slow -c next -- true").code == 0
    assert Lab.load(lab.save()).digest() == lab.digest()
