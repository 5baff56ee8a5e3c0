"""`kubectl get --watch` in process: nobody presses ^C, so it must see what is to come and then end."""

from __future__ import annotations

import pytest

from k8slab.lab import Lab

HELLO = "create cronjob hello --image=busybox:1.37 --schedule='* * * * *' -- echo hello"
WEB = "create deployment web --image=nginx:1.27"


def lines(lab: Lab, command: str) -> list[list[str]]:
    """The words of each line, without the ages, which count what the delays make of them."""
    return [line.split()[:3] for line in lab.kubectl(command).stdout.splitlines()]


def test_a_cron_jobs_next_run_is_waited_for() -> None:
    lab = Lab(1)
    lab.kubectl(HELLO)
    shown = lines(lab, "get jobs --watch")
    job = "hello-29460061"
    assert shown[0] == ["NAME", "STATUS", "COMPLETIONS"]
    assert shown[1] == [job, "Running", "0/1"]
    assert shown[-1] == [job, "Complete", "1/1"]
    assert {name for name, *_ in shown[1:]} == {job}, "the run after it comes when nothing more happens here"


@pytest.mark.parametrize(
    "prepare, watch, passed",
    [
        pytest.param("", "get pods --watch", 60, id="nothing comes"),
        pytest.param(HELLO, "get configmaps --watch", 60, id="something comes that isn't watched"),
        pytest.param("", "get pods --watch --request-timeout=7s", 7, id="a time is given"),
    ],
)
def test_a_watch_that_sees_nothing_ends(prepare: str, watch: str, passed: int) -> None:
    lab = Lab(1)
    lab.settle()
    if prepare:
        lab.kubectl(prepare)
    before = lab.now
    lab.kubectl(watch)
    assert passed <= lab.now - before < passed + 30


def test_a_watch_ends_when_what_it_saw_is_over() -> None:
    lab = Lab(1)
    lab.kubectl(WEB)
    shown = lines(lab, "get deployments --watch")
    assert shown[-1][:2] == ["web", "1/1"]
    assert lab.now < 60
