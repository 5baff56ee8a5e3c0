"""The identity, storage and claims of a StatefulSet's Pods, function by function.

Ports the cases of pkg/controller/statefulset/stateful_set_utils_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.controllers._statefulset_claims import (
    has_stale_owner,
    has_unexpected_controller,
    new_claims,
    owners_are_right,
    right_owners,
)
from k8slab.controllers._statefulset_pods import (
    identity_matches,
    in_range,
    is_member,
    new_pod,
    parent_and_ordinal,
    storage_matches,
    uses_current_revision,
    with_identity,
    with_storage,
)


def stateful_set(**spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "foo", "namespace": "ns", "uid": "set"},
        "spec": {
            "replicas": 3,
            "serviceName": "governing",
            "selector": {"matchLabels": {"foo": "bar"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "template": {"metadata": {"labels": {"foo": "bar"}}, "spec": {"containers": []}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"volumeMode": "Block"}}],
            **spec,
        },
    }


def member(ordinal=0, **spec):
    pod = new_pod(stateful_set(), stateful_set()["spec"]["template"], "foo-1", ordinal)
    metadata = {**pod["metadata"], "uid": f"pod-{ordinal}"}
    return {**pod, "metadata": metadata, "spec": {**pod["spec"], **spec}}


def relabelled(pod, **metadata):
    return {**pod, "metadata": {**pod["metadata"], **metadata}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("foo-0", ("foo", 0)),
        ("foo-bar-12", ("foo-bar", 12)),
        ("foo", ("", -1)),
        ("foo-", ("", -1)),
        ("foo-x", ("", -1)),
        ("foo-007", ("foo", 7)),
        ("foo-2147483647", ("foo", 2147483647)),
        ("foo-2147483648", ("foo", -1)),
        ("-3", ("", 3)),
        ("foo--3", ("foo-", 3)),
    ],
)
def test_names_tell_parent_and_ordinal(name, expected):
    assert parent_and_ordinal(name) == expected


@pytest.mark.parametrize(
    ("ordinals", "replicas", "inside", "outside"),
    [(None, 3, [0, 1, 2], [-1, 3]), ({"start": 2}, 3, [2, 3, 4], [0, 1, 5]), ({"start": 5}, 0, [], [4, 5])],
)
def test_the_range_of_ordinals(ordinals, replicas, inside, outside):
    one = stateful_set(replicas=replicas, ordinals=ordinals)
    assert all(in_range(one, ordinal) for ordinal in inside)
    assert not any(in_range(one, ordinal) for ordinal in outside)


@pytest.mark.parametrize(
    ("pod", "matches"),
    [
        pytest.param(member(), True, id="fresh"),
        pytest.param(relabelled(member(), labels={}), False, id="no-name-label"),
        pytest.param(relabelled(member(), name="foo"), False, id="no-ordinal"),
        pytest.param(relabelled(member(), name="bar-0"), False, id="another-parent"),
        pytest.param(relabelled(member(), namespace="other"), False, id="another-namespace"),
        pytest.param(relabelled(member(), name="foo-00"), False, id="another-spelling"),
    ],
)
def test_identity(pod, matches):
    assert identity_matches(stateful_set(), pod) is matches


def test_identity_is_given_back():
    pod = relabelled(member(1), labels={"foo": "bar"})
    assert identity_matches(stateful_set(), with_identity(stateful_set(), pod))


VOLUME = {"name": "data", "persistentVolumeClaim": {"claimName": "data-foo-0"}}


@pytest.mark.parametrize(
    ("volumes", "matches"),
    [
        pytest.param([VOLUME], True, id="fresh"),
        pytest.param([{"name": "x", "emptyDir": {}}, VOLUME], True, id="with-others"),
        pytest.param([], False, id="missing"),
        pytest.param([{"name": "data", "emptyDir": {}}], False, id="another-source"),
        pytest.param(
            [{"name": "data", "persistentVolumeClaim": {"claimName": "data-foo-1"}}],
            False,
            id="another-claim",
        ),
    ],
)
def test_storage(volumes, matches):
    assert storage_matches(stateful_set(), member(volumes=volumes)) is matches


def test_storage_is_given_back_and_stands_first():
    pod = with_storage(
        stateful_set(), member(volumes=[{"name": "data", "emptyDir": {}}, {"name": "x", "emptyDir": {}}])
    )
    assert pod["spec"]["volumes"] == [VOLUME, {"name": "x", "emptyDir": {}}]


def test_without_claim_templates_the_volumes_are_the_templates_own():
    one = stateful_set(volumeClaimTemplates=[])
    pod = member(volumes=[])
    assert with_storage(one, pod) is pod
    assert storage_matches(one, pod)


@pytest.mark.parametrize(("name", "expected"), [("foo-0", True), ("bar-0", False), ("foo-bar-0", False)])
def test_membership(name, expected):
    assert is_member(stateful_set(), {"metadata": {"name": name}}) is expected


def test_a_new_pod_without_a_service_has_no_subdomain():
    one = stateful_set(serviceName="")
    pod = new_pod(one, one["spec"]["template"], "foo-1", 0)
    assert "subdomain" not in pod["spec"]
    assert pod["spec"]["hostname"] == "foo-0"


@pytest.mark.parametrize(
    ("template_labels", "match_labels", "expected"),
    [
        (None, {"foo": "bar"}, {"foo": "bar"}),
        ({"tier": "fast"}, {"foo": "bar"}, {"tier": "fast", "foo": "bar"}),
        ({"foo": "own"}, {"foo": "bar"}, {"foo": "bar"}),
        (None, None, None),
    ],
)
def test_labels_of_claims(template_labels, match_labels, expected):
    metadata = {"name": "data", "annotations": {"a": "b"}}
    if template_labels:
        metadata["labels"] = template_labels
    one = stateful_set(
        volumeClaimTemplates=[{"metadata": metadata, "spec": {}}], selector={"matchLabels": match_labels}
    )
    (claim,) = new_claims(one, member(2))
    assert claim["metadata"].get("labels") == expected
    assert claim["metadata"]["name"] == "data-foo-2"
    assert claim["metadata"]["annotations"] == {"a": "b"}


@pytest.mark.parametrize(
    ("strategy", "current_replicas", "ordinal", "expected"),
    [
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, 0, 1, True),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, 9, 2, False),
        ({"type": "RollingUpdate"}, 2, 1, True),
        ({"type": "RollingUpdate"}, 2, 2, False),
        ({"type": "OnDelete"}, 2, 0, False),
        ({"type": "OnDelete", "rollingUpdate": {"partition": 1}}, 0, 0, True),
    ],
)
def test_which_revision_a_missing_pod_comes_back_at(strategy, current_replicas, ordinal, expected):
    one = {**stateful_set(updateStrategy=strategy), "status": {"currentReplicas": current_replicas}}
    assert uses_current_revision(one, ordinal) is expected


# Owners of claims.


def reference(kind="StatefulSet", name="foo", uid="set", controller=True, api_version="apps/v1"):
    one = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
    return {**one, "controller": True} if controller else one


BY_SET = reference()
BY_POD = reference("Pod", "foo-0", "pod-0", api_version="v1")
BY_OLD_SET = reference(uid="set-before")
BY_OLD_POD = reference("Pod", "foo-0", "pod-before", api_version="v1")
BY_OTHER = reference("Deployment", "x", "x")
BYSTANDER = reference("ConfigMap", "x", "x", controller=False, api_version="v1")


def policy(scaled, deleted, **spec):
    return stateful_set(
        persistentVolumeClaimRetentionPolicy={"whenScaled": scaled, "whenDeleted": deleted}, **spec
    )


def claim(*references):
    return {"metadata": {"name": "data-foo-0", "namespace": "ns", "ownerReferences": list(references)}}


R, D = "Retain", "Delete"


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ((), False),
        ((BY_SET,), False),
        ((BY_POD,), False),
        ((BY_SET, BY_POD), False),
        ((BY_OLD_SET,), True),
        ((BY_OLD_POD,), True),
        ((BY_OTHER,), True),
        ((BYSTANDER,), False),
        ((BY_SET, BY_OTHER), True),
    ],
)
def test_unexpected_controllers(references, expected):
    assert has_unexpected_controller(claim(*references), policy(D, D), member()) is expected
    assert has_unexpected_controller(claim(*references), policy(R, R), member()) is False


@pytest.mark.parametrize(
    ("references", "of_set", "of_pod"),
    [((), False, False), ((BY_OLD_SET,), True, False), ((BY_SET, BY_OLD_POD), False, True)],
)
def test_stale_owners(references, of_set, of_pod):
    assert has_stale_owner(claim(*references), stateful_set()) is of_set
    assert has_stale_owner(claim(*references), member()) is of_pod


@pytest.mark.parametrize(
    ("scaled", "deleted", "ordinal", "references", "right"),
    [
        pytest.param(R, R, 0, (), True, id="retain-retain-none"),
        pytest.param(R, R, 0, (BY_SET,), False, id="retain-retain-set"),
        pytest.param(R, R, 0, (BY_POD,), False, id="retain-retain-pod"),
        pytest.param(R, R, 0, (BY_OTHER,), True, id="retain-retain-other"),
        pytest.param(R, D, 0, (), False, id="retain-delete-none"),
        pytest.param(R, D, 0, (BY_SET,), True, id="retain-delete-set"),
        pytest.param(R, D, 0, (BY_SET, BY_POD), False, id="retain-delete-both"),
        pytest.param(D, R, 0, (), True, id="delete-retain-kept-none"),
        pytest.param(D, R, 0, (BY_POD,), False, id="delete-retain-kept-pod"),
        pytest.param(D, R, 0, (BY_SET,), False, id="delete-retain-kept-set"),
        pytest.param(D, D, 0, (BY_SET,), True, id="delete-delete-kept-set"),
        pytest.param(D, D, 0, (BY_POD,), False, id="delete-delete-kept-pod"),
        pytest.param(D, D, 0, (BY_SET, BY_POD), False, id="delete-delete-kept-both"),
        pytest.param(D, D, 0, (BY_OLD_SET,), True, id="stale-is-left-alone"),
        pytest.param(D, D, 0, (BY_OTHER,), True, id="another-controller-is-left-alone"),
        pytest.param(D, D, 0, (BY_SET, BY_OTHER), False, id="ours-beside-another-must-go"),
        pytest.param(R, D, 0, (reference(controller=False),), False, id="set-is-owner-but-not-controller"),
    ],
)
def test_whether_owners_are_right(scaled, deleted, ordinal, references, right):
    assert owners_are_right(claim(*references), policy(scaled, deleted), member(ordinal)) is right


@pytest.mark.parametrize(
    ("scaled", "deleted", "right"),
    [(R, R, []), (R, D, ["StatefulSet"]), (D, R, ["Pod"]), (D, D, ["Pod"])],
)
def test_owners_of_a_condemned_pods_claim(scaled, deleted, right):
    one = policy(scaled, deleted, replicas=0)
    assert [owner["kind"] for owner in right_owners(claim(), one, member())] == right


@pytest.mark.parametrize("before", [(), (BY_SET,), (BY_POD,), (BY_SET, BY_POD), (BYSTANDER,)])
@pytest.mark.parametrize("scaled", [R, D])
@pytest.mark.parametrize("deleted", [R, D])
@pytest.mark.parametrize("replicas", [0, 3])
def test_right_owners_are_right(before, scaled, deleted, replicas):
    one = policy(scaled, deleted, replicas=replicas)
    after = right_owners(claim(*before), one, member())
    assert owners_are_right(claim(*after), one, member())
    assert (BYSTANDER in after) is (BYSTANDER in before)


def test_ours_are_taken_off_beside_another_controller():
    assert right_owners(claim(BY_SET, BY_OTHER), policy(D, D), member()) == [BY_OTHER]
