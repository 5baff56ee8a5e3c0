"""The CEL rules of custom resources: what they refuse, and what they let through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8slab import Lab

Obj = dict[str, Any]
SPEC: Obj = {
    "type": "object",
    "properties": {
        "least": {"type": "integer"},
        "most": {"type": "integer", "x-kubernetes-validations": [{"rule": "self < 100"}]},
        "name": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "name is immutable"}],
        },
        "share": {"type": "number", "x-kubernetes-validations": [{"rule": "self <= 1.0"}]},
        "ports": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
                "x-kubernetes-validations": [
                    {"rule": "!has(oldSelf.port) || self.port >= oldSelf.port", "message": "ports only rise"}
                ],
            },
        },
    },
    "x-kubernetes-validations": [
        {
            "rule": "!has(self.least) || !has(self.most) || self.least <= self.most",
            "messageExpression": "'least %d is more than most'.format([self.least])",
            "reason": "FieldValueForbidden",
            "fieldPath": ".least",
        }
    ],
}
DEFINITION: Obj = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ranges.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "ranges", "singular": "range", "kind": "Range"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
        ],
    },
}


@pytest.fixture
def lab() -> Lab:
    lab = Lab(nodes=1)
    lab.apply(DEFINITION)
    lab.run("5s")
    return lab


def put(lab: Lab, spec: Obj) -> str:
    """Apply an object with this spec; what is said against it."""
    body = {"apiVersion": "example.com/v1", "kind": "Range", "metadata": {"name": "x"}, "spec": spec}
    return lab.kubectl("apply -f -", stdin=json.dumps(body)).stderr.removeprefix('The Range "x" is invalid: ')


CREATIONS: dict[str, tuple[Obj, str]] = {
    "all is well": ({"least": 1, "most": 2, "name": "a", "share": 1}, ""),
    "a rule of a field": ({"most": 200}, "spec.most: Invalid value: 200: failed rule: self < 100\n"),
    "a message that is made, at a path, for a reason": (
        {"least": 5, "most": 2},
        "spec.least: Forbidden: least 5 is more than most\n",
    ),
    "a whole number is a double where the schema says so": ({"share": 1}, ""),
    "what is of another type: no rule is asked": (
        {"most": "200", "share": 1.5},
        """
* spec.most: Invalid value: "string": spec.most in body must be of type integer: "string"
* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
correct the existing errors to complete validation
""",
    ),
    "a number beyond": ({"share": 1.5}, "spec.share: Invalid value: 1.5: failed rule: self <= 1.0\n"),
    "a rule about a change is not asked of what is new": (
        {"name": "a", "ports": [{"name": "p", "port": 1}]},
        "",
    ),
}


@pytest.mark.parametrize("case", CREATIONS)
def test_creations(lab: Lab, case: str) -> None:
    spec, said = CREATIONS[case]
    assert put(lab, spec) == said


CHANGES: dict[str, tuple[Obj, Obj, str]] = {
    "the same again": ({"name": "a"}, {"name": "a"}, ""),
    "what may not change": (
        {"name": "a"},
        {"name": "b"},
        'spec.name: Invalid value: "b": name is immutable\n',
    ),
    "what was not there may come": ({}, {"name": "b"}, ""),
    "an item is known by its key": (
        {"ports": [{"name": "p", "port": 5}, {"name": "q", "port": 9}]},
        {"ports": [{"name": "q", "port": 10}, {"name": "p", "port": 4}]},
        "spec.ports[1]: Invalid value: ports only rise\n",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_changes(lab: Lab, case: str) -> None:
    before, after, said = CHANGES[case]
    assert put(lab, before) == ""
    assert put(lab, after) == said
