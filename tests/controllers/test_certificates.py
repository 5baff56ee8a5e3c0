"""Certificates: which requests the cluster signs, how long what it signs is valid, and which requests go.

Ports the tables of {signer/signer,cleaner/cleaner,approver/sarapprove}_test.go in
pkg/controller/certificates, v1.36.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from k8slab.api.certificate_requests import is_signed, read
from k8slab.api.certificates import authority, holder, issued
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.components import Delete, Update, collect
from k8slab.controllers import certificate_approver, certificate_cleaner
from k8slab.controllers.certificate_signer import plan
from k8slab.lab import Lab
from tests.controllers.view import MemoryView

KEY = ("", "c")
NOW = START_US // SECOND_US


@cache
def private_key(sort: str = "EC") -> Any:
    return ec.generate_private_key(ec.SECP256R1()) if sort == "EC" else rsa.generate_private_key(65537, 2048)


def request_for(name: str, *groups: str, domains: tuple[str, ...] = (), sort: str = "EC") -> str:
    """What stands in `spec.request` of a request."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    parts += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(parts))
    if domains:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in domains]), False)
    return base64.b64encode(made.sign(private_key(sort), hashes.SHA256()).public_bytes(Encoding.PEM)).decode()


def asked_for(signer: str, encoded: str, *usages: str, conditions: tuple[str, ...] = ("Approved",)) -> Obj:
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "c", "uid": "u"},
        "spec": {"signerName": f"kubernetes.io/{signer}", "request": encoded, "usages": list(usages)},
        "status": {"conditions": [{"type": one, "status": "True"} for one in conditions]},
    }


CLIENT = ("client auth", "digital signature", "key encipherment")
SERVING = ("server auth", "digital signature", "key encipherment")
NODE = ("system:node:n", "system:nodes")
HOST = request_for(*NODE, domains=("example.com",))
JOHN = request_for("john")
SIGNED: dict[str, tuple[Obj, str]] = {
    "a client": (asked_for("kube-apiserver-client", JOHN, *CLIENT), "signed"),
    "a client without key encipherment": (asked_for("kube-apiserver-client", JOHN, *CLIENT[:2]), "signed"),
    "a client that would serve": (
        asked_for("kube-apiserver-client", JOHN, "server auth", *CLIENT),
        "invalid usage for client certificate: server auth",
    ),
    "a client that would be none": (
        asked_for("kube-apiserver-client", JOHN, "digital signature"),
        "missing required usage for client certificate: client auth",
    ),
    "a kubelet": (asked_for("kube-apiserver-client-kubelet", request_for(*NODE), *CLIENT), "signed"),
    "a kubelet with a domain": (
        asked_for("kube-apiserver-client-kubelet", HOST, *CLIENT),
        "DNS subjectAltNames are not allowed",
    ),
    "a kubelet by another name": (
        asked_for("kube-apiserver-client-kubelet", request_for("n", "system:nodes"), *CLIENT),
        "subject common name does not begin with system:node:",
    ),
    "a kubelet of no group": (
        asked_for("kube-apiserver-client-kubelet", request_for("system:node:n"), *CLIENT),
        "subject organization is not system:nodes",
    ),
    "a kubelet with other usages": (
        asked_for("kube-apiserver-client-kubelet", request_for(*NODE), "client auth"),
        "usages did not match [client auth digital signature key encipherment]",
    ),
    "a kubelet that serves": (asked_for("kubelet-serving", HOST, *SERVING), "signed"),
    "a kubelet that serves without key encipherment": (
        asked_for("kubelet-serving", HOST, *SERVING[:2]),
        "signed",
    ),
    "a kubelet that serves nowhere": (
        asked_for("kubelet-serving", request_for(*NODE), *SERVING),
        "DNS or IP subjectAltName is required",
    ),
    "an old one": (asked_for("legacy-unknown", JOHN, "any"), "signed"),
    "a failed one": (asked_for("kubelet-serving", HOST, *SERVING, conditions=("Approved", "Failed")), ""),
    "one not approved": (asked_for("kubelet-serving", HOST, *SERVING, conditions=()), ""),
    "one for another signer": (asked_for("not-recognised", JOHN, *CLIENT), ""),
}


@pytest.mark.parametrize(("given", "outcome"), SIGNED.values(), ids=SIGNED)
def test_what_is_signed(given: Obj, outcome: str) -> None:
    actions, _ = MemoryView([given]).sync(plan, KEY)
    if not outcome:
        assert actions == ()
        return
    (written,) = actions
    assert (written.kind, written.subresource) == ("CertificateSigningRequest", "status")
    status = written.obj["status"]
    assert bool(status.get("certificate")) == (outcome == "signed")
    if outcome != "signed":
        condition = status["conditions"][-1]
        failed = (condition["type"], condition["reason"], condition["message"])
        assert failed == ("Failed", "SignerValidationFailure", outcome)


@pytest.mark.parametrize("sort", ["EC", "RSA"])
def test_a_certificate_is_one_that_others_take(sort: str) -> None:
    asked = read(request_for("jane doe", "dev", "a*b", domains=("x.y",), sort=sort))
    assert is_signed(asked)
    assert not is_signed(asked._replace(information=asked.information + b"x"))
    made = x509.load_pem_x509_certificate(issued(asked, CLIENT, None, NOW, 7).encode())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority().encode()))
    assert made.public_key() == private_key(sort).public_key()
    assert made.subject.rfc4514_string() == "CN=jane doe,O=a*b+O=dev"
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["x.y"]
    known = holder(issued(asked, CLIENT, None, NOW, 7))
    assert known is not None
    assert (known.user, {*known.groups}) == ("jane doe", {"dev", "a*b"})


def test_nobody_elses_certificate_counts() -> None:
    key, name = private_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "john")])
    begins, ends = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2050))
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, ends).sign(key, hashes.SHA256())
    assert holder(made.public_bytes(Encoding.PEM).decode()) is None
    assert holder("garbage") is None


DURATIONS = {
    "can request shorter duration than TTL": (3 * 60 * 60, 3 * 60 * 60),
    "can request a day, which ends sooner by what it begins before": (86_400, 86_400 - 300),
    "cannot request longer duration than TTL": (500 * 86_400, 365 * 86_400 - 300),
    "cannot request duration less than 10 mins": (60, 600),
    "can request duration of exactly 10 mins": (600, 600),
    "can choose not to request a duration to get the default": (None, 365 * 86_400 - 300),
}


@pytest.mark.parametrize(("seconds", "lasts"), DURATIONS.values(), ids=DURATIONS)
def test_how_long_a_certificate_is_valid(seconds: int | None, lasts: int) -> None:
    known = holder(issued(read(JOHN), CLIENT, seconds, NOW, 1))
    assert known is not None
    assert (known.begins_seconds, known.ends_seconds) == (NOW - 300, NOW + lasts)


def condition(kind: str, hours_ago: float) -> Obj:
    updated = timestamp(START_US - int(hours_ago * 3600) * SECOND_US)
    return {"type": kind, "status": "True", "lastUpdateTime": updated}


def certificate(valid_seconds: int) -> str:
    begun = NOW if valid_seconds > 0 else NOW - 3600
    return base64.b64encode(issued(read(JOHN), CLIENT, 600, begun, 1).encode()).decode()


VALID, EXPIRED = certificate(1), certificate(-1)
GARBAGE = base64.b64encode(b"garbage").decode()
CLEANED: dict[str, tuple[float, str, list[Obj], bool]] = {
    "approved not passed deadline": (0.02, VALID, [condition("Approved", 0.8)], False),
    "approved passed deadline not issued": (0.02, "", [condition("Approved", 0.8)], False),
    "approved passed deadline": (0.02, VALID, [condition("Approved", 2)], True),
    "denied not passed deadline": (0.02, "", [condition("Denied", 0.8)], False),
    "denied passed deadline": (0.02, "", [condition("Denied", 2)], True),
    "failed not passed deadline": (0.02, "", [condition("Approved", 2), condition("Failed", 0.8)], False),
    "failed passed deadline": (0.02, "", [condition("Approved", 2), condition("Failed", 2)], True),
    "pending not passed deadline": (5, "", [], False),
    "pending passed deadline": (25, "", [], True),
    "approved unissued past deadline": (0.02, "", [condition("Approved", 25)], True),
    "approved unissued not past deadline": (0.02, "", [condition("Approved", 5)], False),
    "approved not passed deadline expired": (0.02, EXPIRED, [condition("Approved", 0.8)], True),
    "approved passed deadline unparseable": (0.02, GARBAGE, [condition("Approved", 2)], True),
}


@pytest.mark.parametrize(("age", "issue", "conditions", "goes"), CLEANED.values(), ids=CLEANED)
def test_which_requests_go(age: float, issue: str, conditions: list[Obj], goes: bool) -> None:
    given = asked_for("kube-apiserver-client", JOHN, *CLIENT)
    given["metadata"]["creationTimestamp"] = timestamp(START_US - int(age * 3600) * SECOND_US)
    given["status"] = {"conditions": conditions, "certificate": issue}
    end_us = certificate_cleaner.end_of(given)
    assert (end_us is not None and end_us < START_US) == goes
    actions, _ = MemoryView([given]).sync(certificate_cleaner.plan, KEY)
    assert actions == ((Delete("CertificateSigningRequest", KEY),) if goes else ())


def test_an_approved_request_is_issued_and_goes_in_time() -> None:
    lab = Lab(1)
    given = asked_for("kube-apiserver-client", JOHN, "client auth")
    lab.apply({**given, "metadata": {"name": "john"}, "status": {}})
    lab.kubectl("certificate approve john")
    lab.run(2)
    assert "Approved,Issued" in lab.kubectl("get csr john").stdout
    lab.run("2h")
    assert "NotFound" in lab.kubectl("get csr john").stderr


def test_nobody_becomes_a_master_by_a_request() -> None:
    lab = Lab(1)
    for signer, said in (
        ("kube-apiserver-client", "signer with system:masters group is not allowed"),
        ("kubelet-serving", "created"),
    ):
        given = {**asked_for(signer, request_for("john", "system:masters"), *CLIENT), "status": {}}
        result = lab.kubectl("create -f -", stdin=json.dumps({**given, "metadata": {"name": signer}}))
        assert said in str(result)


APPROVERS = {
    "for the signer": (["kubernetes.io/kube-apiserver-client"], True),
    "for all of the domain's": (["kubernetes.io/*"], True),
    "for another": (["kubernetes.io/kubelet-serving"], False),
}


@pytest.mark.parametrize(("names", "may"), APPROVERS.values(), ids=APPROVERS)
def test_who_may_approve(names: list[str], may: bool) -> None:
    """Cases of plugin/pkg/admission/certificates/approval/admission_test.go."""
    lab = Lab(1)
    given = asked_for("kube-apiserver-client", JOHN, "client auth")
    group, verbs = ["certificates.k8s.io"], ["get", "list", "update"]
    resources = ["certificatesigningrequests", "certificatesigningrequests/approval"]
    rules = [
        {"apiGroups": group, "resources": resources, "verbs": verbs},
        {"apiGroups": group, "resources": ["signers"], "resourceNames": names, "verbs": ["approve"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    role = {"kind": "ClusterRole", "metadata": {"name": "approver"}, "rules": rules}
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "approver"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "approver"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": "eve"}],
    }
    lab.apply([{"apiVersion": f"{rbac}/v1", **one} for one in (role, binding)])
    lab.apply({**given, "metadata": {"name": "john"}, "status": {}})
    result = lab.kubectl("certificate approve john --as=eve")
    refused = 'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"'
    assert ("approved" in result.stdout, refused in result.stderr) == (may, not may)


# Approving kubelets' requests (approver/sarapprove_test.go).

KUBELET = "kube-apiserver-client-kubelet"
RECOGNISED: dict[str, tuple[Obj, str, tuple[str, ...]]] = {
    "a node's own": (
        asked_for(KUBELET, request_for(*NODE), *CLIENT),
        NODE[0],
        ("selfnodeclient", "nodeclient"),
    ),
    "without key encipherment": (
        asked_for(KUBELET, request_for(*NODE), *CLIENT[:2]),
        NODE[0],
        ("selfnodeclient", "nodeclient"),
    ),
    "of another": (asked_for(KUBELET, request_for(*NODE), *CLIENT), "joe", ("nodeclient",)),
    "for another node": (
        asked_for(KUBELET, request_for("system:node:bar", NODE[1]), *CLIENT),
        NODE[0],
        ("nodeclient",),
    ),
    "no node's name": (asked_for(KUBELET, request_for("mike", NODE[1]), *CLIENT), NODE[0], ()),
    "no group": (asked_for(KUBELET, request_for(NODE[0]), *CLIENT), NODE[0], ()),
    "another group": (asked_for(KUBELET, request_for(NODE[0], "system:master"), *CLIENT), NODE[0], ()),
    "for serving, too": (asked_for(KUBELET, request_for(*NODE), *CLIENT, "server auth"), NODE[0], ()),
    "another signer": (asked_for("not-correct", request_for(*NODE), *CLIENT), NODE[0], ()),
    "a serving certificate": (asked_for("kubelet-serving", request_for(*NODE), *CLIENT), NODE[0], ()),
}


def unanswered(given: Obj, username: str) -> Obj:
    return {**given, "spec": {**given["spec"], "username": username}, "status": {}}


@pytest.mark.parametrize(("given", "username", "asked"), RECOGNISED.values(), ids=RECOGNISED)
def test_as_what_requests_are_recognised(given: Obj, username: str, asked: tuple[str, ...]) -> None:
    spec = {**given["spec"], "username": username}
    found = certificate_approver.recognised(spec, read(spec["request"]))
    assert tuple(one.subresource for one in found) == asked


@pytest.mark.parametrize(
    ("username", "allowed", "approval", "error"),
    [
        (NODE[0], (True,), "self kubelet client certificate", ""),
        (NODE[0], (False, True), "kubelet client certificate", ""),
        (NODE[0], (False, False), "", "[selfnodeclient nodeclient]"),
        ("joe", (True,), "kubelet client certificate", ""),
        ("joe", (False,), "", "[nodeclient]"),
    ],
)
def test_who_has_a_request_approved_unseen(
    username: str, allowed: tuple[bool, ...], approval: str, error: str
) -> None:
    given = unanswered(asked_for(KUBELET, request_for(*NODE), *CLIENT), username)
    view = MemoryView([given])
    answers = {place: {"status": {"allowed": yes}} for place, yes in enumerate(allowed)}
    actions, done = collect(certificate_approver.plan(view, KEY, START_US, None), answers)
    assert len(actions) == len(allowed) + bool(approval)
    if approval:
        written = actions[-1]
        assert isinstance(written, Update)
        assert written.subresource == "approval"
        (condition,) = written.obj["status"]["conditions"]
        told = f"Auto approving {approval} after SubjectAccessReview."
        assert (condition["type"], condition["reason"], condition["message"]) == (
            "Approved",
            "AutoApproved",
            told,
        )
    refused = f'recognized csr "c" as {error} but subject access review was not approved'
    assert done.error == (refused if error else "")


@pytest.mark.parametrize("answer", ["Approved", "Denied"])
def test_what_is_answered_is_left_alone(answer: str) -> None:
    given = asked_for(KUBELET, request_for(*NODE), *CLIENT, conditions=(answer,))
    assert MemoryView([given]).sync(certificate_approver.plan, KEY)[0] == ()


def test_an_administrator_needs_no_second_look_at_a_kubelets_request() -> None:
    lab = Lab(1)
    given = asked_for(KUBELET, request_for(*NODE), *CLIENT)
    lab.apply({**given, "metadata": {"name": "n"}, "status": {}})
    lab.run(2)
    assert "Approved,Issued" in lab.kubectl("get csr n").stdout


def test_a_stranger_waits_until_somebody_allows_it() -> None:
    lab = Lab(1)
    role = "system:certificates.k8s.io:certificatesigningrequests:nodeclient"
    lab.kubectl("create clusterrole asker --verb=create,get --resource=certificatesigningrequests")
    lab.kubectl("create clusterrolebinding asker --clusterrole=asker --user=joe")
    given = asked_for(KUBELET, request_for(*NODE), *CLIENT)
    asked = json.dumps({**given, "metadata": {"name": "n"}, "status": {}})
    assert "created" in lab.kubectl("create -f - --as joe", stdin=asked).stdout
    lab.run(10)
    assert "Pending" in lab.kubectl("get csr n").stdout
    lab.kubectl(f"create clusterrolebinding joe --clusterrole={role} --user=joe")
    lab.run(60)
    assert "Approved,Issued" in lab.kubectl("get csr n").stdout
