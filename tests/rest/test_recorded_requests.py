"""Requests that a real v1.36.2 API server and the lab were both sent, and what the server answered.

They were chosen from some 90,000, which a generator made by spoiling objects of every kind field by field:
those in which the lab was wrong once, a few of a sort, and some in which it never was. Most are dry runs.
Bodies are told by what they change in the body of their group, answers by what they add to the body: `set`
and `drop` name places by JSON pointers.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from k8slab.cluster.world import World
from k8slab.reference.bench import bench, send
from k8slab.reference.facts import differences

Obj = dict[str, Any]
_GROUPS = json.loads((Path(__file__).parents[1] / "reference" / "requests.json").read_text("utf-8"))


def _changed(base: Any, to_set: Obj, to_drop: list[str]) -> Any:
    """The base with other values at some places."""
    result = copy.deepcopy(base)
    for pointer in [*to_set, *to_drop]:
        *names, last = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]] or [""]
        if not pointer:
            result = to_set[pointer]
            continue
        at = result
        for name in names:
            at = at[int(name)] if isinstance(at, list) else at[name]
        if pointer not in to_set:
            del at[last]
        elif isinstance(at, list):
            at[int(last)] = to_set[pointer]
        else:
            at[last] = to_set[pointer]
    return result


def _body(group: Obj, case: Obj) -> Any:
    if "set" in case or "drop" in case:
        return _changed(group["base"], case.get("set", {}), case.get("drop", []))
    return case.get("body")


def _with_version(world: World, body: Any, given: Obj) -> Any:
    """The body with the resourceVersion that the object given before has, where it asks for that."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(metadata, dict) or metadata.get("resourceVersion") != "$live":
        return body
    place = f"{given['path']}/{given['body']['metadata']['name']}"
    stored = send(world, {"method": "GET", "path": place, "contentType": None}).body
    return _changed(body, {"/metadata/resourceVersion": stored["metadata"]["resourceVersion"]}, [])


def _expected(case: Obj, body: Any) -> Obj:
    if case["code"] >= 400:
        return {"reason": case["reason"], "message": case["message"]}
    if "answer" in case:
        return case["answer"]  # type: ignore[no-any-return]
    return _changed(body, case["answerSet"], case["answerDrop"])  # type: ignore[no-any-return]


def _answered(case: Obj, body: Any) -> Any:
    if case["code"] >= 400:
        return {"reason": body.get("reason", ""), "message": body.get("message", "")}
    metadata = body.get("metadata")
    if case["method"] == "PATCH" or not isinstance(metadata, dict):
        return body
    return {**body, "metadata": {name: one for name, one in metadata.items() if name != "managedFields"}}


def _faults(world: World, group: Obj, case: Obj) -> list[str]:
    body = _body(group, case)
    given = group.get("given") or [{}]
    request = {"contentType": "application/json", **case, "body": _with_version(world, body, given[-1])}
    response = send(world, request)
    if response.code != case["code"]:
        return [f"expected {case['code']}, got {response.code}: {response.body}"]
    found = list(differences(_expected(case, request["body"]), _answered(case, response.body)))
    if list(response.warnings) != case.get("warnings", []):
        found.append(f"warnings: expected {case.get('warnings', [])}, got {list(response.warnings)}")
    return found


@pytest.mark.parametrize("group", [pytest.param(one, id=one["id"]) for one in _GROUPS])
def test_the_lab_answers_as_a_real_server_did(group: Obj) -> None:
    world = bench("lab", with_nodes=False)
    for given in group.get("given", ()):
        assert send(world, given).code < 400, given
    faults = {case["id"]: _faults(world.copy(), group, case) for case in group["cases"]}
    assert not {name: found for name, found in faults.items() if found}
