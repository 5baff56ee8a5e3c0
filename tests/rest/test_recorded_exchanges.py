"""Requests in a row, and what a real v1.36.2 API server answered to each: objects whole, and media types.

They were recorded from a v1.36.2 control plane in which no controller ran, and chosen from some hundred
sequences that a generator made: those in which the lab was wrong once, and a few others. In answers a
uid or a resourceVersion is told by the place at which it first occurred; `{{rv:2}}` in a request stands for
the resourceVersion of the answer to the third one.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from k8slab.cluster import api, assembly
from k8slab.cluster.request import Response
from k8slab.cluster.world import World
from k8slab.reference.bench import send
from k8slab.reference.facts import differences

Obj = dict[str, Any]
_CASES = json.loads((Path(__file__).parents[1] / "reference" / "exchanges.json").read_text("utf-8"))
_ASKED = re.compile(r"\{\{(\w+):(\d+)\}\}")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z")
_AGE = re.compile(r"\d+[smhd](\d+[smhd])?")
_VARYING = (
    (re.compile(r"\b10\.\d+\.\d+\.\d+"), "<ip>"),
    (re.compile(r"(latest|resource version|resourceVersion|current): ?\d+"), r"\1: <n>"),
    (re.compile(r"(in record \(|in object meta: |precondition \()\d+"), r"\1<n>"),
)


class _Names:
    """The uids and versions of one sequence, by the order in which they occurred."""

    def __init__(self) -> None:
        self.uids: dict[str, str] = {}
        self.versions: dict[str, str] = {}

    def told(self, value: Any, *, of_list: bool = False) -> Any:
        """An answer with each uid, version and time replaced by what the record calls it."""
        if isinstance(value, list):
            return [self.told(one) for one in value]
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict):
            return value
        is_list = isinstance(value.get("items"), list) or isinstance(value.get("rows"), list)
        found: Obj = {}
        for name, one in value.items():
            if name == "resourceVersion" and isinstance(one, str) and one.isdigit():
                version = "<lrv>" if of_list else self.versions.setdefault(one, f"<rv{len(self.versions)}>")
                found[name] = version
            elif name == "continue" and one:
                found[name] = _token(one)
            elif name == "cells":
                found[name] = ["<age>" if _AGE.fullmatch(str(cell)) else self.told(cell) for cell in one]
            else:
                found[name] = self.told(one, of_list=is_list and name == "metadata")
        return found

    def text(self, value: str) -> str:
        value = _UID.sub(lambda seen: self.uids.setdefault(seen[0], f"<uid{len(self.uids)}>"), value)
        value = _TIME.sub("<time>", value)
        for pattern, word in _VARYING:
            value = pattern.sub(word, value)
        return value


def _token(text: str) -> Any:
    """What a token says that is not the lab's own: where to go on."""
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return text
    version = "<lrv>" if said["rv"] > 0 else said["rv"]
    return {"v": said["v"], "rv": version, "start": said["start"].removeprefix("/")}


def _recorded(value: Any) -> Any:
    """A recorded answer in the same words, where two runs of a server differ."""
    if isinstance(value, list):
        return [_recorded(one) for one in value]
    if isinstance(value, str):
        for pattern, word in _VARYING:
            value = pattern.sub(word, value)
        return _TIME.sub("<time>", value)
    if not isinstance(value, dict):
        return value
    if "start" in value and "rv" in value:
        return {**value, "start": value["start"].removeprefix("/")}
    return {name: _recorded(one) for name, one in value.items()}


def _filled(value: Any, answers: list[Response]) -> Any:
    """A request with what earlier answers said."""
    if isinstance(value, dict):
        return {name: _filled(one, answers) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, answers) for one in value]
    if not isinstance(value, str):
        return value
    whole = _ASKED.fullmatch(value)
    if whole is not None and whole[1] == "obj":
        return answers[int(whole[2])].body
    return _ASKED.sub(lambda asked: _said(answers[int(asked[2])], asked[1]), value)


def _said(answer: Response, what: str) -> str:
    metadata = answer.body.get("metadata", {})
    version = metadata.get("resourceVersion", "1")
    said = {"rv": version, "uid": metadata.get("uid"), "continue": metadata.get("continue")}
    return str(int(version) + 100_000_000) if what == "rvplus" else str(said[what])


def _without_bookmarked_versions(body: Any) -> Any:
    """Up to where a bookmark says that nothing was missed depends on what else goes on in a cluster."""
    if not isinstance(body, list):
        return body
    marked = [one for one in body if isinstance(one, dict) and one.get("type") == "BOOKMARK"]
    others = [one for one in body if one not in marked]
    return [*others, *(json.loads(re.sub(r"<l?rv\d*>", "<rv>", json.dumps(one))) for one in marked)]


def _faults(exchange: Obj, response: Response, names: _Names) -> list[str]:
    if response.code != exchange["code"]:
        return [f"expected {exchange['code']}, got {response.code}: {response.body}"]
    told = names.told(response.body)
    if "answer" not in exchange and "text" not in exchange:
        return []
    if "text" in exchange:
        found = list(differences(_recorded(exchange["text"]), told))
    else:
        expected = _without_bookmarked_versions(_recorded(exchange["answer"]))
        found = list(differences(expected, _without_bookmarked_versions(told)))
    if list(response.warnings) != exchange.get("warnings", []):
        found.append(f"warnings: expected {exchange.get('warnings', [])}, got {list(response.warnings)}")
    if response.content_type != exchange.get("type", "application/json"):
        found.append(f"type: expected {exchange.get('type')}, got {response.content_type}")
    return found


def _world() -> World:
    """A control plane without controllers, with a namespace in which Pods could be."""
    world = World(())
    assembly.bootstrap(world)
    for kind, place in (("Namespace", ""), ("ServiceAccount", "lab")):
        body: Obj = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "default" if place else "lab"}}
        if place:
            body["metadata"]["namespace"] = place
        api.create(world, api.ADMIN, kind, body)
    return world


@pytest.mark.parametrize("case", [pytest.param(one, id=one["id"]) for one in _CASES])
def test_the_lab_answers_as_a_real_server_did_in_a_row(case: Obj) -> None:
    world = _world()
    names, answers = _Names(), list[Response]()
    faults: dict[str, list[str]] = {}
    for number, exchange in enumerate(case["exchanges"]):
        world.now_us += 1000
        answers.append(send(world, {"contentType": None, **_filled(exchange, answers)}))
        found = _faults(exchange, answers[-1], names)
        if found:
            faults[f"{number + 1}: {exchange['method']} {exchange['path']}"] = found
    assert not faults
