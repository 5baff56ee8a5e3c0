"""The roles that every cluster has: that they are there, what they allow, and that they cost nothing unasked.

Ports facts of plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy_test.go, v1.36.
"""

from __future__ import annotations

from typing import Any

import pytest

from k8slab import Lab
from k8slab.api.default_roles import KINDS, first_objects
from k8slab.api.meta import Obj
from k8slab.controllers.cluster_role_aggregation import aggregated_rules

GROUP = "rbac.authorization.k8s.io"
ROBOT = "system:serviceaccount:default:robot"


@pytest.fixture
def lab() -> Lab:
    made = Lab(nodes=1)
    made.kubectl("create serviceaccount robot")
    return made


def roles(lab: Lab) -> dict[str, Obj]:
    return {one["metadata"]["name"]: one for one in lab.world.list("ClusterRole")}


@pytest.mark.parametrize(
    ("kind", "count", "some"),
    [
        ("ClusterRole", 69, ["admin", "system:controller:job-controller", "system:node", "view"]),
        ("ClusterRoleBinding", 50, ["cluster-admin", "system:controller:job-controller", "system:node"]),
        ("Role", 7, ["extension-apiserver-authentication-reader", "system:controller:token-cleaner"]),
        ("RoleBinding", 7, ["system::leader-locking-kube-scheduler", "system:controller:bootstrap-signer"]),
    ],
)
def test_they_are_listed(lab: Lab, kind: str, count: int, some: list[str]) -> None:
    found = lab.kubectl(f"get {kind.lower()} -A -o name").stdout.split()
    names = [name.partition("/")[2] for name in found]
    assert len(found) == count
    assert set(some) <= set(names)
    assert (
        lab.kubectl(
            f"get {kind.lower()} -A -o name -l kubernetes.io/bootstrapping=rbac-defaults"
        ).stdout.split()
        == found
    )


def test_all_carry_upstreams_marks_and_stand_in_order() -> None:
    for kind in KINDS:
        metadata = [one["metadata"] for one in first_objects(kind)]
        assert {
            one["annotations"][f"{GROUP.replace('k8s', 'kubernetes')}/autoupdate"] for one in metadata
        } == {"true"}
        places = [(one.get("namespace", ""), one["name"]) for one in metadata]
        assert places == sorted(set(places))


def test_every_binding_names_a_role_that_is_there() -> None:
    names = {
        kind: {one["metadata"]["name"] for one in first_objects(kind)} for kind in ("ClusterRole", "Role")
    }
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for binding in first_objects(kind):
            assert binding["roleRef"]["name"] in names[binding["roleRef"]["kind"]]


@pytest.mark.parametrize("name", ["admin", "edit", "view"])
def test_aggregated_rules_are_what_the_controller_would_make_them(lab: Lab, name: str) -> None:
    role = roles(lab)[name]
    assert role["rules"] == aggregated_rules(lab.world, role)


def test_a_role_made_by_hand_joins_view_and_what_is_made_of_it(lab: Lab) -> None:
    lab.kubectl("create clusterrole robots --verb=get --resource=deployments.apps/gears")
    lab.kubectl(f"label clusterrole robots {GROUP}/aggregate-to-view=true")
    lab.settle()
    added = {"apiGroups": ["apps"], "resources": ["deployments/gears"], "verbs": ["get"]}
    for name in ("view", "edit", "admin"):
        assert [rule for rule in roles(lab)[name]["rules"] if rule["resources"] == ["deployments/gears"]] == [
            added
        ]
    lab.kubectl("delete clusterrole robots")
    lab.settle()
    assert added not in roles(lab)["admin"]["rules"]


ALLOWED = {
    "view": {"get pods": "yes", "get secrets": "no", "create pods": "no", "create rolebindings": "no"},
    "edit": {"get pods": "yes", "get secrets": "yes", "create pods": "yes", "create rolebindings": "no"},
    "admin": {"get secrets": "yes", "create rolebindings": "yes", "create resourcequotas": "no"},
    "cluster-admin": {"create resourcequotas": "yes", "fly --subresource=x pods": "yes"},
}


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_binding_gives_what_the_role_allows_in_its_namespace(lab: Lab, role: str) -> None:
    lab.kubectl(f"create rolebinding b --clusterrole={role} --serviceaccount=default:robot")
    answers = {
        asked: lab.kubectl(f"auth can-i {asked} --as={ROBOT}").stdout.split("\n")[0]
        for asked in ALLOWED[role]
    }
    assert answers == ALLOWED[role]
    assert lab.kubectl(f"auth can-i get pods -n kube-system --as={ROBOT}").stdout == "no\n"


@pytest.mark.parametrize(
    ("user", "asked", "answer"),
    [
        ("system:kube-scheduler", "create pods --subresource=binding", "yes"),
        ("system:kube-scheduler", "create pods", "no"),
        ("system:kube-proxy", "list endpointslices.discovery.k8s.io", "yes"),
        ("system:serviceaccount:kube-system:job-controller", "create pods", "yes"),
        ("system:serviceaccount:kube-system:job-controller", "create services", "no"),
        ("system:serviceaccount:kube-system:token-cleaner", "delete secrets -n kube-system", "yes"),
        ("system:serviceaccount:kube-system:token-cleaner", "delete secrets", "no"),
    ],
)
def test_components_may_what_they_need(lab: Lab, user: str, asked: str, answer: str) -> None:
    assert lab.kubectl(f"auth can-i {asked} --as={user}").stdout.split("\n")[0] == answer


def test_what_is_deleted_or_narrowed_no_longer_counts(lab: Lab) -> None:
    asked = f"auth can-i get /openid/v1/jwks --as={ROBOT}"
    assert lab.kubectl(asked).stdout == "yes\n"
    lab.kubectl("delete clusterrolebinding system:service-account-issuer-discovery")
    assert lab.kubectl(asked).stdout == "no\n"
    lab.kubectl("create rolebinding b --clusterrole=view --serviceaccount=default:robot")
    first = '[{"op": "remove", "path": "/rules/0"}]'
    lab.kubectl(f"patch clusterrole system:aggregate-to-view --type=json -p '{first}'")
    lab.settle()
    assert lab.kubectl(f"auth can-i get pods --as={ROBOT}").stdout == "no\n"


def test_an_administrator_who_wrote_none_of_it_is_told_who_did(lab: Lab) -> None:
    shown = lab.kubectl(
        "get clusterrole system:node --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}"
    )
    assert shown.stdout == "kube-apiserver"


def test_looking_at_them_changes_nothing(lab: Lab) -> None:
    before: Any = (lab.world.store.revision, lab.digest(), lab.world.store.size())
    fork = lab.fork()
    looked = len(roles(lab))
    assert (lab.world.store.revision, lab.digest()) == before[:2]
    assert lab.world.store.size() == before[2] + looked
    assert roles(fork) == roles(lab)
    assert [one["metadata"]["name"] for one in fork.world.store.every() if one["kind"] == "Role"] == [
        one["metadata"]["name"] for one in lab.world.store.every() if one["kind"] == "Role"
    ]


def test_a_fork_keeps_its_own(lab: Lab) -> None:
    fork = lab.fork()
    fork.kubectl("delete clusterrole view")
    assert "view" in roles(lab)
    assert "view" not in roles(fork)
    again = fork.fork()
    assert "view" not in roles(again)
