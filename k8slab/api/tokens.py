"""Tokens of ServiceAccounts: claims that anybody can read, sealed so that only the cluster can make them.

They have the form of upstream's, a JWT. The seal is an HMAC of a key that
follows from the lab's seed, not a signature that others could verify: for a
lab of many Pods, each with its own token, signatures would cost more than all
the rest.

Models pkg/serviceaccount/{claims,jwt}.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US

ISSUER = "https://kubernetes.default.svc.cluster.local"
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
    body = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{body}.{_seal(chance, body)}"


def _reference(obj: Obj) -> Obj:
    return {"name": obj["metadata"]["name"], "uid": obj["metadata"]["uid"]}


def _identifier(private: Obj, now_us: int) -> str:
    """A token's own name, in the form of a UUID."""
    text = json.dumps([private, now_us], sort_keys=True)
    digits = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _encoded(value: Obj) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _seal(chance: Chance, body: str) -> str:
    key = repr([chance("service-account-key", number) for number in range(4)]).encode()
    digest = hmac.digest(key, body.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def claims_of(chance: Chance, text: str) -> Obj | None:
    """The claims of a token; None for one that was not made here."""
    body, _, seal = text.rpartition(".")
    if body.count(".") != 1 or not hmac.compare_digest(_seal(chance, body).encode(), seal.encode()):
        return None
    encoded = body.partition(".")[2]
    claims: Any = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return claims if isinstance(claims, dict) else None
