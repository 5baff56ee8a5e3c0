"""Revisions: names, hashes, order, collisions, history.

Ports the cases of pkg/controller/history/controller_history_test.go, v1.36.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab.api.errors import ApiError
from k8slab.api.meta import controller_of
from k8slab.api.selectors import from_labels
from k8slab.components import Create, Delete, Patch
from k8slab.controllers._controller_history import (
    HASH_LABEL,
    adopt_orphan_revisions,
    create_revision,
    data_of,
    hash_of,
    list_revisions,
    new_revision,
    next_number,
    renumber_revision,
    revision_name,
    safe_encode,
    sort_revisions,
    template_of,
    truncate_history,
)
from tests.controllers.view import MemoryView

OWNER = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db", "namespace": "ns", "uid": "set"},
    "spec": {},
}


def template(image="app:1"):
    return {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [{"name": "main", "image": image}]},
    }


def outcome(view, plan):
    result = []

    def run():
        result.append((yield from plan))
        return None

    view.run(run())
    return result[0] if result else None


def revision(image="app:1", number=1, collisions=0):
    return new_revision(OWNER, template(image), number, collisions)


@pytest.mark.parametrize(
    ("text", "expected"), [("0123456789", "456789bcdf"), ("", ""), ("4294967295", "86f8fbc6f9")]
)
def test_safe_letters(text, expected):
    assert safe_encode(text) == expected


@given(st.text(alphabet="0123456789", max_size=20))
def test_safe_letters_have_no_vowels(text):
    assert not set(safe_encode(text)) & set("aeiou013")


@pytest.mark.parametrize(
    ("prefix", "length"), [("db", 2), ("x" * 223, 223), ("x" * 224, 223), ("x" * 253, 223)]
)
def test_names_fit(prefix, length):
    assert revision_name(prefix, "abc") == f"{prefix[:length]}-abc"


def test_the_same_data_has_the_same_hash_whatever_the_order_of_its_keys():
    one, other = {"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}
    assert hash_of(one, 0) == hash_of(other, 0)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_collisions_change_the_hash(left, right):
    data = data_of(template())
    assert (hash_of(data, left) == hash_of(data, right)) is (left == right)


def test_a_template_survives_its_revision():
    assert template_of(revision()) == template()


def test_a_revision_is_owned_and_labelled():
    one = revision()
    assert one["metadata"]["labels"][HASH_LABEL] == one["metadata"]["name"].removeprefix("db-")
    assert controller_of(one)["uid"] == "set"
    assert one["revision"] == 1


def numbered(name, number, created="2026-01-05T09:00:00Z"):
    return {"metadata": {"name": name, "creationTimestamp": created}, "revision": number}


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        pytest.param([numbered("c", 3), numbered("a", 1), numbered("b", 2)], "abc", id="by-number"),
        pytest.param(
            [numbered("b", 1, "2026-01-05T09:00:02Z"), numbered("a", 1, "2026-01-05T09:00:01Z")],
            "ab",
            id="equal-ones-by-age",
        ),
        pytest.param([numbered("b", 1), numbered("a", 1)], "ab", id="as-old-ones-by-name"),
        pytest.param([], "", id="none"),
    ],
)
def test_order(revisions, expected):
    assert "".join(one["metadata"]["name"] for one in sort_revisions(revisions)) == expected


def test_numbers_go_up():
    assert next_number([]) == 1
    assert next_number([numbered("a", 1), numbered("b", 7)]) == 8


def test_lists_what_is_owned_or_nobodys_and_fits():
    mine, orphan, foreign, unfit = (revision(f"app:{n}", n) for n in (1, 2, 3, 4))
    orphan = {**orphan, "metadata": {**orphan["metadata"], "ownerReferences": []}}
    other = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "x", "uid": "x", "controller": True}
    foreign = {**foreign, "metadata": {**foreign["metadata"], "ownerReferences": [other]}}
    unfit = {**unfit, "metadata": {**unfit["metadata"], "labels": {}}}
    view = MemoryView([mine, orphan, foreign, unfit])
    found = list_revisions(view, OWNER, from_labels({"app": "db"}))
    assert [one["revision"] for one in found] == [1, 2]


def test_creates_under_the_hash_of_the_data():
    view = MemoryView()
    created, collisions = outcome(view, create_revision(view, OWNER, revision(), 0))
    assert (created["metadata"]["name"], collisions) == (revision()["metadata"]["name"], 0)


def test_the_same_data_under_the_same_name_is_the_same_revision():
    view = MemoryView([revision()])
    found, collisions = outcome(view, create_revision(view, OWNER, revision(), 0))
    assert (found["metadata"]["name"], collisions) == (revision()["metadata"]["name"], 0)
    assert len(view.list("ControllerRevision")) == 1


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_other_data_under_the_same_name_is_a_collision(taken):
    view = MemoryView()
    for number in range(taken):
        squatter = revision("other", 1)
        name = revision(collisions=number)["metadata"]["name"]
        view.add({**squatter, "metadata": {**squatter["metadata"], "name": name}})
    created, collisions = outcome(view, create_revision(view, OWNER, revision(), 0))
    assert collisions == taken
    assert created["metadata"]["name"] == revision(collisions=taken)["metadata"]["name"]


def test_another_refusal_is_passed_on():
    view = MemoryView()
    view.refuse[("create", "ControllerRevision")] = ApiError(403, "Forbidden", "no")

    def run():
        yield from create_revision(view, OWNER, revision(), 0)
        return None

    assert view.run(run()).error == "no"


def test_renumbering_writes_only_what_differs():
    view = MemoryView([revision()])
    stored = view.list("ControllerRevision")[0]
    assert outcome(view, renumber_revision(stored, 1)) is stored
    assert outcome(view, renumber_revision(stored, 5))["revision"] == 5
    assert [type(one) for one in view.actions] == [Patch]


def test_adopts_orphans_only():
    orphan = {**revision(), "metadata": {**revision()["metadata"], "ownerReferences": []}}
    view = MemoryView([orphan, revision("app:2", 2)])
    outcome(view, adopt_orphan_revisions(OWNER, view.list("ControllerRevision")))
    assert len(view.actions) == 1
    assert all(controller_of(one)["uid"] == "set" for one in view.list("ControllerRevision"))


@pytest.mark.parametrize(
    ("live", "limit", "deleted"),
    [
        ([], 10, []),
        ([], 3, ["a"]),
        ([], 0, ["a", "b", "c", "d"]),
        (["a", "b"], 1, ["c"]),
        (["d"], 0, ["a", "b", "c"]),
        (["a", "b", "c", "d"], 0, []),
        ([], -1, []),
    ],
)
def test_history_is_cut_from_its_old_end(live, limit, deleted):
    revisions = [
        {**numbered(name, number), "metadata": {"name": name, "namespace": "ns"}}
        for number, name in enumerate("abcd", 1)
    ]
    actions = list(truncate_history(revisions, live, limit))
    assert actions == [Delete("ControllerRevision", ("ns", name)) for name in deleted]


def test_a_new_revision_is_created_with_its_data():
    view = MemoryView()
    outcome(view, create_revision(view, OWNER, revision(), 0))
    (action,) = view.actions
    assert isinstance(action, Create)
    assert action.obj["data"] == {"spec": {"template": {**template(), "$patch": "replace"}}}


def test_data_is_the_same_text_whatever_the_order_of_its_keys():
    one = {"spec": {"b": 1, "a": [{"y": 1, "x": 2}]}, "metadata": {}}
    other = {"metadata": {}, "spec": {"a": [{"x": 2, "y": 1}], "b": 1}}
    assert json.dumps(data_of(one)) == json.dumps(data_of(other))
    assert list(data_of(one)["spec"]["template"]) == ["$patch", "metadata", "spec"]
