"""ClusterRoles that are made of others.

Ports cases of pkg/controller/clusterroleaggregation/clusterroleaggregation_controller_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.controllers.cluster_role_aggregation import CONTROLLER, plan
from k8slab.store.view import Change
from tests.controllers.view import MemoryView

KEY = ("", "all")


def role(name, *rules, labels=None, selectors=()):
    found = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": labels or {}},
        "rules": list(rules),
    }
    if selectors:
        found["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": one} for one in selectors]}
    return found


def rule(verb):
    return {"verbs": [verb], "apiGroups": [""], "resources": ["pods"]}


FOO = {"foo": "bar"}
BOTH = [FOO, {"food": "barn"}]
CASES = {
    "all is there": (
        [role("all", rule("get"), selectors=[FOO]), role("a", rule("get"), labels=FOO)],
        None,
    ),
    "one more": (
        [role("all", selectors=[FOO]), role("a", rule("get"), labels=FOO)],
        [rule("get")],
    ),
    "by name, whatever the order": (
        [role("all", selectors=[FOO]), role("b", rule("b"), labels=FOO), role("a", rule("a"), labels=FOO)],
        [rule("a"), rule("b")],
    ),
    "the same rule once": (
        [role("all", selectors=[FOO]), role("b", rule("x"), labels=FOO), role("a", rule("x"), labels=FOO)],
        [rule("x")],
    ),
    "two selectors in their order": (
        [
            role("all", selectors=BOTH),
            role("a", rule("second"), labels=BOTH[1]),
            role("b", rule("first"), labels=FOO),
        ],
        [rule("first"), rule("second")],
    ),
    "not itself": ([role("all", rule("get"), labels=FOO, selectors=[FOO])], []),
    "none fits": ([role("all", selectors=[FOO]), role("a", rule("get"))], None),
    "no aggregation": ([role("all", rule("get")), role("a", rule("x"), labels=FOO)], None),
}


@pytest.mark.parametrize(("roles", "rules"), CASES.values(), ids=CASES)
def test_rules(roles, rules):
    actions, _ = MemoryView(roles).sync(plan, KEY)
    assert [one.obj["rules"] for one in actions] == ([] if rules is None else [rules])


def test_every_change_concerns_all_that_are_made_of_others():
    (watch,) = CONTROLLER.watches
    view = MemoryView([role("all", selectors=[FOO]), role("plain")])
    assert watch.keys(Change(1, 0, "ClusterRole", ("", "plain"), None, role("plain"), 0), view) == [KEY]
