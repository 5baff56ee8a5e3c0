"""Tokens of ServiceAccounts as others verify them: signatures, their issuer's documents, a Pod that looks."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.api import elliptic, tokens
from k8slab.api.meta import Obj
from k8slab.cluster.request import Request, Response
from k8slab.lab import Lab

ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default/token"


def get(lab: Lab, path: str, **headers: str) -> Response:
    return lab.request(Request("GET", path, headers=headers))


def data(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def as_key(point: elliptic.Point) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()


def check(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    parts = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    key.verify(utils.encode_dss_signature(*parts), message, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    ("message", "signature"),
    [
        (
            b"sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            b"test",
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
        ),
    ],
)
def test_signatures_are_those_of_rfc_6979(message: bytes, signature: str) -> None:
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    assert elliptic.signed(secret, message).hex().upper() == signature


@settings(max_examples=25, deadline=None)
@given(st.integers(1, elliptic.ORDER - 1), st.binary(max_size=64))
def test_a_library_of_cryptography_takes_the_signatures(secret: int, message: bytes) -> None:
    point, signature = elliptic.public_key(secret), elliptic.signed(secret, message)
    check(as_key(point), message, signature)
    assert elliptic.is_signed(point, message, signature)
    assert not elliptic.is_signed(point, message + b"!", signature)
    assert not elliptic.is_signed(point, message, signature[::-1])


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=64))
def test_the_signatures_of_such_a_library_are_taken(message: bytes) -> None:
    private = ec.derive_private_key(12345, ec.SECP256R1())
    first, second = utils.decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
    assert elliptic.is_signed(elliptic.public_key(12345), message, first.to_bytes(32) + second.to_bytes(32))


def test_a_token_is_verified_by_what_its_issuer_says_of_itself() -> None:
    lab = Lab(1)
    spec = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
    headers = {"Content-Type": "application/json"}
    token = lab.request(Request("POST", ACCOUNT, headers=headers, body=spec)).body["status"]["token"]
    body, _, signature = token.rpartition(".")
    head, claims = (json.loads(data(part)) for part in body.split("."))
    configuration = get(lab, "/.well-known/openid-configuration").body
    assert configuration["issuer"] == claims["iss"]
    assert configuration["id_token_signing_alg_values_supported"] == [head["alg"]] == ["ES256"]
    answer = get(lab, configuration["jwks_uri"].partition("6443")[2])
    assert answer.content_type == "application/jwk-set+json"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    (key,) = answer.body["keys"]
    assert key["kid"] == head["kid"]
    public = as_key((int.from_bytes(data(key["x"])), int.from_bytes(data(key["y"]))))
    check(public, body.encode(), data(signature))
    with pytest.raises(InvalidSignature):
        check(public, body.encode()[1:], data(signature))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert data(key["kid"]) == digest.finalize()


@pytest.mark.parametrize(
    ("path", "accept", "code"),
    [
        ("/openid/v1/jwks", "application/json", 406),
        ("/openid/v1/jwks", "application/json, */*", 200),
        ("/openid/v1/jwks", "application/jwk-set+json", 200),
        ("/.well-known/openid-configuration", "text/plain", 406),
        ("/.well-known/openid-configuration", "application/json", 200),
    ],
)
def test_the_documents_have_one_form(path: str, accept: str, code: int) -> None:
    answer = get(Lab(1), path, Accept=accept)
    assert answer.code == code
    if code == 406:
        assert answer.body["message"].startswith("406: Not Acceptable\n\nAvailable representations: ")


def test_every_lab_has_a_key_of_its_seed() -> None:
    def keys(seed: int) -> Obj:
        return tokens.keys(Lab(1, seed=seed).world.chance)

    assert keys(1) == keys(1)
    assert keys(1) != keys(2)


def test_accounts_may_read_the_documents_and_strangers_may_not() -> None:
    lab = Lab(1)
    path = "/openid/v1/jwks"
    account = Request("GET", path, user="system:serviceaccount:default:default", groups=())
    assert lab.request(account).code == 200
    assert lab.request(account._replace(user="stranger")).code == 403


def pod(*arguments: str, audience: str = "lab") -> Obj:
    source = {"serviceAccountToken": {"path": "sa", "audience": audience, "expirationSeconds": 600}}
    container = {
        "name": "c",
        "image": "registry.k8s.io/e2e-test-images/agnhost:2.59",
        "args": ["test-service-account-issuer-discovery", *arguments],
        "volumeMounts": [{"name": "t", "mountPath": "/tokens"}],
    }
    volumes = [{"name": "t", "projected": {"sources": [source]}}]
    spec = {"containers": [container], "volumes": volumes, "restartPolicy": "Never"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


@pytest.mark.parametrize(
    ("arguments", "phase", "said"),
    [
        pytest.param(
            ("--token-path", "/tokens/sa", "--audience", "lab"),
            "Succeeded",
            "OK: Validated signature on JWT",
            id="its own",
        ),
        pytest.param(
            ("--token-path", "/tokens/sa", "--audience", "other"),
            "Failed",
            'oidc: expected audience "other" got ["lab"]',
            id="for somebody else",
        ),
        pytest.param(("--token-path", "/tokens/none"), "Failed", "no such file or directory", id="none"),
    ],
)
def test_a_pod_verifies_its_own_token(arguments: tuple[str, ...], phase: str, said: str) -> None:
    lab = Lab(1)
    lab.apply(pod(*arguments))
    lab.settle()
    assert lab.get("pods/p")["status"]["phase"] == phase
    assert said in lab.kubectl("logs p").stdout
