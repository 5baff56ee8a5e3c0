"""Labs whose clock shows what the wall's does, for clients that compare the two."""

from __future__ import annotations

import pytest

from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.lab import Lab
from k8slab.server import live

NOW = "2027-03-04T05:06:07Z"


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.time, "time", lambda: parse_timestamp(NOW) / SECOND_US)


def test_a_lab_begins_when_it_is_told_to_and_is_saved_with_it() -> None:
    lab = Lab(1, start=NOW)
    created = lab.get("nodes/node-1")["metadata"]["creationTimestamp"]
    assert created.startswith("2027-03-04T05:06")
    lab.kubectl("create deployment web --image=nginx")
    lab.settle()
    assert "t=" in lab.why("deployments/web")
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_an_instant_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        Lab(1, start="tomorrow")


def test_a_lab_catches_up_with_the_wall_before_it_is_served(wall: None) -> None:
    lab = Lab(1, start=live.shortly_before_now())
    assert lab.now_us < parse_timestamp(NOW)
    with lab.serve(live=False, catch_up=True):
        assert lab.now_us == parse_timestamp(NOW)
    assert Lab.load(lab.save()).digest() == lab.digest()


def test_a_lab_that_is_beyond_the_wall_cannot_catch_up(wall: None) -> None:
    lab = Lab(1, start="2027-03-04T06:00:00Z")
    with pytest.raises(ValueError, match="has not come yet"):
        lab.serve(live=False, catch_up=True)
