"""Definitions of custom kinds: whose names are free, and when they are established."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.api.meta import Obj, condition_of
from k8slab.lab import Lab

FREE = ("NamesAccepted", "True", "NoConflicts", "no conflicts found")
READY = ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted")
WAITING = ("Established", "False", "NotAccepted", "not all names are accepted")


def definition(plural: str, kind: str, **names: Any) -> Obj:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object"}},
    }
    spec = {
        "group": "lab.example",
        "scope": "Namespaced",
        "names": {"plural": plural, "kind": kind, **names},
        "versions": [version],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.lab.example"},
        "spec": spec,
    }


def told(lab: Lab, plural: str) -> list[tuple[str, ...]]:
    stored = lab.world.get("CustomResourceDefinition", ("", f"{plural}.lab.example"))
    assert stored is not None
    found = (condition_of(stored, name) or {} for name in ("NamesAccepted", "Established"))
    return [tuple(one.get(field, "") for field in ("type", "status", "reason", "message")) for one in found]


def accepted(lab: Lab, plural: str) -> Obj:
    stored = lab.world.get("CustomResourceDefinition", ("", f"{plural}.lab.example"))
    assert stored is not None
    names: Obj = stored["status"]["acceptedNames"]
    return names


@pytest.fixture
def lab() -> Lab:
    made = Lab(1)
    made.apply(definition("foos", "Foo", shortNames=["fo", "f"], categories=["all"]))
    made.settle()
    return made


def test_a_definition_whose_names_are_free_is_established(lab: Lab) -> None:
    assert told(lab, "foos") == [FREE, READY]
    assert accepted(lab, "foos") == {
        "plural": "foos",
        "singular": "foo",
        "shortNames": ["fo", "f"],
        "kind": "Foo",
        "listKind": "FooList",
        "categories": ["all"],
    }


CONFLICTS = [
    pytest.param(
        definition("bars", "Bar", shortNames=["fo", "f", "ba"]),
        "ShortNamesConflict",
        '["fo" is already in use, "f" is already in use]',
        id="short names",
    ),
    pytest.param(
        definition("bars", "Bar", singular="foo"),
        "SingularConflict",
        '"foo" is already in use',
        id="singular",
    ),
    pytest.param(
        definition("bars", "Foo", singular="bar", listKind="BarList"),
        "KindConflict",
        '"Foo" is already in use',
        id="kind",
    ),
    pytest.param(
        definition("bars", "Foo", singular="foo"),
        "ListKindConflict",
        '"FooList" is already in use',
        id="the last of several",
    ),
]


@pytest.mark.parametrize(("rival", "reason", "message"), CONFLICTS)
def test_a_name_that_another_definition_has_is_refused(
    lab: Lab, rival: Obj, reason: str, message: str
) -> None:
    lab.apply(rival)
    lab.settle()
    assert told(lab, "bars") == [("NamesAccepted", "False", reason, message), WAITING]


def test_a_name_that_is_given_up_is_free_for_others(lab: Lab) -> None:
    lab.apply(definition("bars", "Bar", shortNames=["fo"]))
    lab.settle()
    lab.apply(definition("foos", "Foo", shortNames=["f"], categories=["all"]))
    lab.settle()
    assert accepted(lab, "foos")["shortNames"] == ["f"]
    assert told(lab, "bars") == [FREE, READY]


def test_the_names_of_what_is_deleted_are_free(lab: Lab) -> None:
    lab.apply(definition("bars", "Bar", shortNames=["fo"]))
    lab.settle()
    lab.kubectl("delete crd foos.lab.example")
    lab.settle()
    assert told(lab, "bars") == [FREE, READY]


def test_kubectl_waits_for_a_definition() -> None:
    lab = Lab(1)
    lab.apply(definition("foos", "Foo"))
    result = lab.kubectl("wait --for=condition=Established crd/foos.lab.example --timeout=10s")
    assert "condition met" in str(result)
