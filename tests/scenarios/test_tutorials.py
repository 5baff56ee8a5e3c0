"""What the tutorials on workloads promise to show stands in their outputs, and is true."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@cache
def shown(name: str) -> str:
    """All that a tutorial's cells print, pictures left out."""
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "".join("".join(text) for text in texts)


@cache
def source(name: str) -> str:
    return (NOTEBOOKS / f"{name}.py").read_text(encoding="utf-8")


WORKLOADS = ("01-statefulset", "02-stateless", "03-daemonset", "04-job", "05-cronjob")


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_tutorial_applies_manifests_shows_the_panel_and_asks_the_reader(name: str) -> None:
    assert "%kubectl apply -f manifests/" in source(name)
    assert "lab.panel()" in source(name)
    assert "**Predict:**" in source(name)


def pi_digits(places: int) -> str:
    """Pi by Machin's formula in integers: 16 arctan(1/5) - 4 arctan(1/239)."""
    unit = 10 ** (places + 10)

    def arctan_of_inverse(x: int) -> int:
        power = total = unit // x
        divisor, sign = 3, -1
        while power:
            power //= x * x
            total += sign * (power // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    digits = str((16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) // 10**10)
    return f"{digits[0]}.{digits[1:]}"


def test_pi_is_right_to_2000_places() -> None:
    longest = max(re.findall(r"3\.\d+", shown("04-job")), key=len)
    # perl's bpi(2000) gives 2,000 digits, of which the last is rounded.
    assert len(longest) == 2001
    assert longest[:-1] == pi_digits(2000)[:2000]


SHOWN = {
    "filebeat gathers": ("03-daemonset", r'"message":.*curl'),
    "an agent on the new node": ("03-daemonset", r"filebeat-\w+ +1/1 +Running +0 +\w+ +[\d.]+ +node-4 "),
    "indexes": ("04-job", r"Completed Indexes: +0-"),
    "a work queue's end": ("04-job", r"the queue is empty"),
    "a Job that failed": ("04-job", r"BackoffLimitExceeded"),
    "the date and a hello": ("05-cronjob", r"UTC 20\d\d\nHello from the Kubernetes cluster"),
    "a Service deleted": ("02-stateless", r'service "web" deleted'),
    "looking back": ("06-panel", r"Stage: 3 nodes, 1 pod, t=10s"),
    "a callback that acts": ("06-panel", r"is to leave node-1: power on again"),
    "a condition that came": ("06-panel", r"True [\d.]+ s: ready"),
    "a fork that comes out otherwise": (
        "06-panel",
        r"(?s)left alone.* 1/1 +Terminating .*tainted.*-2 +1/1 +Running",
    ),
    "a lab kept as text": ("06-panel", r"\d+ inputs in \d+ characters\nTrue "),
    "StatefulSets deleted": ("01-statefulset", r'statefulset.apps "nginx-statefulset" deleted'),
}


@pytest.mark.parametrize(("name", "pattern"), SHOWN.values(), ids=SHOWN)
def test_what_is_promised_is_shown(name: str, pattern: str) -> None:
    assert re.search(pattern, shown(name))


def test_one_pod_more_after_each_run() -> None:
    counts = [
        len(re.findall(r"^(?:pod/)?hello-\d+-\w+ ", text, re.MULTILINE)) for text in tables("05-cronjob")
    ]
    assert counts[:2] == [1, 2]


def tables(name: str) -> list[str]:
    """The outputs of a tutorial's cells that list Pods."""
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    texts = ["".join("".join(one.get("text", "")) for one in cell.get("outputs", ())) for cell in cells]
    return [text for text in texts if re.search(r"^(?:pod/)?hello-\d+-\w{5} ", text, re.MULTILINE)]
