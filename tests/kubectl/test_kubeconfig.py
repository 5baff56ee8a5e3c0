"""The kubeconfig belongs to the lab, and says where a command works and as whom."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from k8slab.lab import Lab

SHOP = "config set-context --current --namespace=shop"


@pytest.fixture
def lab() -> Lab:
    return Lab(1)


def test_a_context_s_namespace_is_where_commands_work(lab: Lab) -> None:
    lab.kubectl("create namespace shop")
    lab.kubectl(SHOP)
    lab.kubectl("create configmap prices --from-literal=tea=2")
    assert lab.view.get("ConfigMap", ("shop", "prices")) is not None
    assert lab.namespace == "shop"
    assert lab.kubectl("get configmap prices -n default").code == 1


def test_a_fork_has_its_own_and_going_back_brings_back_the_one_of_then(lab: Lab) -> None:
    before_us = lab.now_us
    lab.run(10)
    fork = lab.fork()
    fork.kubectl(SHOP)
    assert (lab.namespace, fork.namespace) == ("default", "shop")
    fork.run(10)
    fork.rewind(to=(before_us - fork.start_us) / 1e6)
    assert fork.namespace == "default"


def test_a_saved_lab_has_its_context(lab: Lab) -> None:
    lab.kubectl(SHOP)
    assert Lab.load(lab.save()).namespace == "shop"


def test_a_token_says_who_asks(lab: Lab) -> None:
    lab.kubectl("create serviceaccount robot")
    token = lab.kubectl("create token robot").stdout.strip()
    name = "system:serviceaccount:default:robot"
    assert name in lab.kubectl(f"auth whoami --token={token}").stdout
    assert f'User "{name}" cannot list resource' in lab.kubectl(f"get pods --token={token}").stderr
    lab.kubectl(f"config set-credentials robot --token={token}")
    lab.kubectl("config set-context robot --cluster=k8slab --user=robot")
    assert name in lab.kubectl("auth whoami --context=robot").stdout
    assert "Unauthorized" in lab.kubectl("get pods --token=nobody").stderr


def test_what_somebody_is_said_to_be_is_seen_by_the_server(lab: Lab) -> None:
    result = lab.kubectl("auth whoami --as=ann --as-group=dev --as-uid=7 --as-user-extra=team=red")
    rows = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert (rows["Username"], rows["UID"], rows["Extra:"]) == ("ann", "7", "team   [red]")


ELSEWHERE = {
    "another address": "get pods --server=https://1.2.3.4:6443",
    "another cluster": "get pods --context=far",
}


@pytest.mark.parametrize("command", ELSEWHERE.values(), ids=ELSEWHERE)
def test_nothing_answers_elsewhere(lab: Lab, command: str) -> None:
    lab.kubectl("config set-cluster far --server=https://1.2.3.4:6443")
    lab.kubectl("config set-context far --cluster=far --user=k8slab")
    assert lab.kubectl(command).stderr == (
        "The connection to the server 1.2.3.4:6443 was refused - did you specify the right host or port?\n"
    )


UNUSABLE = {
    "a certificate that isn't there": (
        "--client-certificate=x.crt --client-key=x.key",
        "unable to read client-cert",
    ),
    "a certificate without a key": (
        "--client-certificate=x.crt",
        "client-key-data or client-key must be specified for other to use the clientCert",
    ),
    "a plug-in": ("--exec-command=aws --exec-api-version=v1", "no credential plug-in is started"),
}


@pytest.mark.parametrize(("flags", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_credentials_that_a_lab_cannot_judge_are_refused(lab: Lab, flags: str, reason: str) -> None:
    lab.kubectl(f"config set-credentials other {flags}")
    assert reason in lab.kubectl("get pods --user=other").stderr


def test_warnings_can_be_errors(lab: Lab) -> None:
    assert lab.kubectl("run first --image=nginx --warnings-as-errors").code == 0
    lab.kubectl("label namespace default pod-security.kubernetes.io/warn=restricted")
    result = lab.kubectl("run web --image=nginx --warnings-as-errors")
    assert result.code == 1
    assert result.stderr.startswith("Warning: would violate PodSecurity")
    assert result.stderr.endswith("error: 1 warning received\n")


def pem_of(key: Any) -> str:
    encoding = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return str(key.private_bytes(*encoding).decode())


KEYS: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
}


@pytest.mark.parametrize("sort", KEYS)
def test_a_user_comes_to_be_by_a_request_for_a_certificate(lab: Lab, tmp_path: Path, sort: str) -> None:
    """As tutorials on users have it: a key, a request, its approval, a role, and a context."""
    key = KEYS[sort]()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "john"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "dev"),
        ]
    )
    asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    spec = {
        "request": base64.b64encode(asked.public_bytes(Encoding.PEM)).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "expirationSeconds": 86_400,
        "usages": ["client auth"],
    }
    request = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    lab.apply({**request, "metadata": {"name": "john"}, "spec": spec})
    lab.kubectl("certificate approve john")
    lab.run(1)
    issued = base64.b64decode(lab.kubectl("get csr john -o jsonpath={.status.certificate}").stdout)
    crt, own, other = (tmp_path / one for one in ("john.crt", "john.key", "other.key"))
    crt.write_bytes(issued)
    own.write_text(pem_of(key))
    other.write_text(pem_of(KEYS[sort]()))
    files = f"--client-key={own} --client-certificate={crt} --embed-certs=true"
    lab.kubectl(f"config set-credentials john {files}")
    lab.kubectl("config set-context john --cluster=k8slab --user=john")
    assert "john" in lab.kubectl("auth whoami --context=john").stdout
    assert lab.kubectl("get pods --context=john").stderr == (
        'Error from server (Forbidden): pods is forbidden: User "john" cannot list resource "pods" '
        'in API group "" in the namespace "default"\n'
    )
    lab.kubectl("create rolebinding devs --clusterrole=view --group=dev")
    assert lab.kubectl("get pods --context=john").code == 0
    wrong = lab.kubectl(f"get pods --client-certificate={crt} --client-key={other}")
    assert wrong.stderr == "error: tls: private key does not match public key\n"
    lab.run("2d")
    assert "Unauthorized" in lab.kubectl("get pods --context=john").stderr
