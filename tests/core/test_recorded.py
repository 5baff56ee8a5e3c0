"""Recorded Events: kept as rows, read as objects."""

from __future__ import annotations

import json

from k8slab import Lab
from k8slab.cluster import dispatch
from k8slab.cluster.api import component_actor
from k8slab.cluster.request import Request
from k8slab.components import Record
from k8slab.store.recorded import RecordedEvent, Repeat, moment


def lab_that_said(times: int, action: str = "") -> Lab:
    """A lab in which one thing has been said about its node some times, a second apart."""
    lab = Lab(nodes=1)
    node = lab.get("node/node-1")
    for _ in range(times):
        said = Record(node, "Normal", "Tested", "for a test", host="node-1", action=action)
        dispatch.execute(lab.world, component_actor("tester"), said, 0)
        lab.run(1)
    return lab


def those_said(lab: Lab) -> list[dict[str, object]]:
    return [one for one in lab.world.list("Event") if one.get("reason") == "Tested"]


def test_what_is_said_again_is_counted() -> None:
    (event,) = those_said(lab_that_said(3))
    assert (event["count"], event["firstTimestamp"] < event["lastTimestamp"]) == (3, True)


def test_an_event_in_the_new_manner_has_a_series_once_it_is_said_again() -> None:
    (once,) = those_said(lab_that_said(1, "Testing"))
    assert "series" not in once
    (thrice,) = those_said(lab_that_said(3, "Testing"))
    assert thrice["series"]["count"] == 3  # type: ignore[index]
    assert thrice["reportingInstance"] == "tester-node-1"


def test_history_gives_the_same_change_each_time() -> None:
    lab = lab_that_said(2)
    places = [at for at, row in enumerate(lab.world.store.history.rows) if isinstance(row, Repeat)]
    (place,) = places
    change = lab.history[place]
    assert change is lab.history[place]
    assert change.old is not None
    assert change.new is not None
    assert (change.old["count"], change.new["count"]) == (1, 2)
    assert change.new["metadata"]["resourceVersion"] == str(change.revision)


def test_what_is_kept_is_found_by_what_it_says() -> None:
    lab = lab_that_said(2)
    for event in lab.world.list("Event"):
        key = (event["metadata"]["namespace"], event["metadata"]["name"])
        kept = lab.world.store.event(key)
        assert isinstance(kept, RecordedEvent)
        assert kept.key == key
        assert lab.world.store.event_that_says(kept.about, kept.voice, kept.message) is kept


def test_a_client_may_change_it_and_what_is_said_is_still_counted() -> None:
    lab = lab_that_said(2)
    (event,) = those_said(lab)
    name = event["metadata"]["name"]  # type: ignore[index]
    path = f"/api/v1/namespaces/default/events/{name}"
    body = json.dumps({"metadata": {"annotations": {"seen": "yes"}}})
    headers = {"content-type": "application/merge-patch+json", "user-agent": "curl/8"}
    lab.request(Request("PATCH", path, headers=headers, body=body))
    said = Record(lab.get("node/node-1"), "Normal", "Tested", "for a test", host="node-1")
    dispatch.execute(lab.world, component_actor("tester"), said, 0)
    (event,) = those_said(lab)
    assert event["count"] == 3
    answer = lab.request(Request("GET", path))
    assert isinstance(answer.body, dict)
    metadata = answer.body["metadata"]
    assert metadata["annotations"] == {"seen": "yes"}
    managers = {one["manager"] for one in metadata["managedFields"]}
    assert "kube-controller-manager" in managers
    assert len(managers) == 2


def test_a_deleted_event_is_said_anew() -> None:
    lab = lab_that_said(2)
    (event,) = those_said(lab)
    lab.request(Request("DELETE", f"/api/v1/namespaces/default/events/{event['metadata']['name']}"))  # type: ignore[index]
    assert those_said(lab) == []
    said = Record(lab.get("node/node-1"), "Normal", "Tested", "for a test", host="node-1")
    dispatch.execute(lab.world, component_actor("tester"), said, 0)
    (event,) = those_said(lab)
    assert event["count"] == 1


def test_events_of_one_instant_have_names_of_their_own() -> None:
    lab = Lab(nodes=1)
    node = lab.get("node/node-1")
    for number in range(1500):
        said = Record(node, "Normal", "Tested", f"{number}", host="node-1")
        dispatch.execute(lab.world, component_actor("tester"), said, 0)
    events = those_said(lab)
    assert [one["message"] for one in events] == [str(number) for number in range(1500)]
    names = {one["metadata"]["name"] for one in events}  # type: ignore[index]
    assert len(names) == 1500
    for name in names:
        found = lab.world.get("Event", ("default", name))
        assert found is not None
        assert found["metadata"]["name"] == name


def test_an_event_stands_aside_for_one_that_a_client_gave_its_name() -> None:
    lab = lab_that_said(1)
    store = lab.world.store
    nanoseconds = moment(lab.world.now_us, store.revision + 2)
    meta = {"name": f"node-1.{nanoseconds:x}", "namespace": "default"}
    about = {"kind": "Node", "name": "node-1", "namespace": "default"}
    body = {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": about}
    answer = lab.request(Request("POST", "/api/v1/namespaces/default/events", body=json.dumps(body)))
    assert answer.code == 201
    said = Record(lab.get("node/node-1"), "Normal", "Tested", "another thing", host="node-1")
    dispatch.execute(lab.world, component_actor("tester"), said, 0)
    mine = lab.world.get("Event", ("default", meta["name"]))
    assert mine is not None
    assert "message" not in mine
    (event,) = [one for one in those_said(lab) if one["message"] == "another thing"]
    assert event["metadata"]["name"] == f"node-1.{nanoseconds + 1:x}"  # type: ignore[index]
