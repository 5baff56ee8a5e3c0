"""Tokens of ServiceAccounts: claims that anybody can read, signed so that only the cluster can make them.

They are upstream's, JWTs signed with a key on a curve (ES256), which follows
from the lab's seed. Whoever trusts the issuer can verify them by its documents.

Models pkg/serviceaccount/{claims,jwt,legacy,openidmetadata}.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from k8slab.api import elliptic
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US

ISSUER = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER, LEGACY_CLAIM = "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/"
CONFIGURATION_PATH, KEYS_PATH = "/.well-known/openid-configuration", "/openid/v1/jwks"
KEYS_MEDIA_TYPE = "application/jwk-set+json"
_EXTERNAL_ADDRESS = "172.18.0.1:6443"
ACCOUNT = "system:serviceaccount:"
YEAR_SECONDS = 365 * 24 * 60 * 60
KUBELET_SECONDS = 3607
"""The lifetime by which the API server knows a kubelet's own request, and gives a year instead."""

Chance = Callable[..., float]


def token(
    chance: Chance,
    account: Obj,
    *,
    audiences: Sequence[str] = (),
    seconds: int,
    now_us: int,
    pod: Obj | None = None,
    node: Obj | None = None,
    secret: Obj | None = None,
) -> str:
    """A token for a ServiceAccount, bound to what is given beside it."""
    now_seconds = now_us // SECOND_US
    metadata = account["metadata"]
    private: Obj = {"namespace": metadata["namespace"]}
    for name, obj in (("node", node), ("pod", pod), ("secret", secret)):
        if obj is not None:
            private[name] = _reference(obj)
    private["serviceaccount"] = _reference(account)
    lifetime = seconds
    if pod is not None and not audiences and seconds == KUBELET_SECONDS:
        lifetime = YEAR_SECONDS
        private["warnafter"] = now_seconds + seconds
    claims: Obj = {
        "aud": list(audiences) or [ISSUER],
        "exp": now_seconds + lifetime,
        "iat": now_seconds,
        "iss": ISSUER,
        "jti": _identifier(private, now_us),
        "kubernetes.io": private,
        "nbf": now_seconds,
        "sub": f"{ACCOUNT}{metadata['namespace']}:{metadata['name']}",
    }
    return _signed(chance, claims)


def legacy_token(chance: Chance, account: Obj, secret: Obj) -> str:
    """The token without an end that a Secret holds (`LegacyClaims`)."""
    metadata = account["metadata"]
    claims: Obj = {
        "iss": LEGACY_ISSUER,
        f"{LEGACY_CLAIM}namespace": metadata["namespace"],
        f"{LEGACY_CLAIM}secret.name": secret["metadata"]["name"],
        f"{LEGACY_CLAIM}service-account.name": metadata["name"],
        f"{LEGACY_CLAIM}service-account.uid": metadata["uid"],
        "sub": f"{ACCOUNT}{metadata['namespace']}:{metadata['name']}",
    }
    return _signed(chance, claims)


def _signed(chance: Chance, claims: Obj) -> str:
    key = _secret(chance)
    head = {"alg": "ES256", "kid": _key_name(elliptic.public_key(key))}
    body = f"{_encoded(head)}.{_encoded(claims)}"
    return f"{body}.{_text(elliptic.signed(key, body.encode()))}"


def _reference(obj: Obj) -> Obj:
    return {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}


def _identifier(private: Obj, now_us: int) -> str:
    """A token's own name, in the form of a UUID."""
    text = json.dumps([private, now_us], sort_keys=True)
    digits = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _encoded(value: Obj) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _secret(chance: Chance) -> int:
    drawn = repr([chance("service-account-key", number) for number in range(4)]).encode()
    return int.from_bytes(hashlib.sha512(drawn).digest()) % (elliptic.ORDER - 1) + 1


_HEAD_OF_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""What stands before a point of the curve where a public key is written in DER (PKIX)."""


@cache
def _key_name(key: elliptic.Point) -> str:
    """The name of a key: a digest of it (`keyIDFromPublicKey`)."""
    written = _HEAD_OF_KEY + key[0].to_bytes(32) + key[1].to_bytes(32)
    return _text(hashlib.sha256(written).digest())


def claims_of(chance: Chance, text: str) -> Obj | None:
    """The claims of a token; None for one that was not made here."""
    body, _, signature = text.rpartition(".")
    if body.count(".") != 1 or signature != _text(elliptic.signed(_secret(chance), body.encode())):
        return None
    claims: Any = json.loads(_bytes(body.partition(".")[2]))
    return claims if isinstance(claims, dict) else None


# What the issuer says of itself.


def configuration() -> Obj:
    """The document by which relying parties find the issuer's keys."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"https://{_EXTERNAL_ADDRESS}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


def keys(chance: Chance) -> Obj:
    """The issuer's public keys as a JSON Web Key Set."""
    key = elliptic.public_key(_secret(chance))
    coordinates = {name: _text(value.to_bytes(32)) for name, value in zip("xy", key, strict=True)}
    use = {"use": "sig", "kty": "EC", "kid": _key_name(key), "crv": "P-256", "alg": "ES256"}
    return {"keys": [{**use, **coordinates}]}


def unverified(text: str) -> Obj:
    """The claims that a token makes, whoever made it. ValueError where it is no token."""
    claims: Any = json.loads(_bytes(text.strip().split(".")[1] if text.count(".") == 2 else "-"))
    if not isinstance(claims, dict):
        raise ValueError("no claims")
    return claims


def verified(text: str, key_set: Obj) -> Obj:
    """The claims of a token that a key of a set signed. ValueError for any other."""
    body, _, signature = text.strip().rpartition(".")
    try:
        head, claims = (json.loads(_bytes(part)) for part in body.split("."))
    except ValueError:
        raise ValueError("oidc: malformed jwt") from None
    for key in key_set["keys"]:
        point = (int.from_bytes(_bytes(key["x"])), int.from_bytes(_bytes(key["y"])))
        if key["kid"] == head.get("kid") and elliptic.is_signed(point, body.encode(), _bytes(signature)):
            found: Obj = claims
            return found
    raise ValueError("failed to verify signature: failed to verify id token signature")
