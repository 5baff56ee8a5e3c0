"""What a Pod can ask the API server itself: its versions, and who issues tokens by which keys.

All else is refused as a connection to nobody is: programs in a lab are no
clients of its API. Every ServiceAccount may read these documents (`system:discovery`,
`system:service-account-issuer-discovery`), others may not.

Models pkg/routes/openidmetadata.go and staging/src/k8s.io/apiserver/pkg/endpoints/{discovery/legacy,
handlers/negotiation/negotiate}.go, v1.36.
"""

from __future__ import annotations

import json

from k8slab.api import tokens
from k8slab.api.meta import Obj
from k8slab.containers.overlay import Overlay
from k8slab.containers.requests import Answer, Call

_SERVICE = ("default", "kubernetes")
_OWN_ADDRESS = ("172.18.0.1", 6443)
_VERSIONS_PATH = "/api"
VERSIONS: Obj = {
    "kind": "APIVersions",
    "versions": ["v1"],
    "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "10.96.0.1:443"}],
}
_READERS = ("curl", "Wget", "Mozilla/5.0")
"""Clients that are given lines and indents, by the beginnings of their names."""


def answer(box: Overlay, address: str, request: Call) -> Answer | None:
    """The API server's answer; None where nobody answers, or it is asked for what Pods can't have."""
    service = box.get("Service", _SERVICE)
    places = [_OWN_ADDRESS]
    if service is not None:
        places.append((service["spec"].get("clusterIP", ""), 443))
    if (address, request.port) not in places or not isinstance(request.payload, dict):
        return None
    path = request.payload.get("path", "")
    answered = (_VERSIONS_PATH, tokens.CONFIGURATION_PATH, tokens.KEYS_PATH)
    if request.payload.get("method") != "GET" or path not in answered:
        return None
    refused = _refused(box, request.payload, path)
    if refused is not None:
        return refused
    if path == _VERSIONS_PATH:
        agent = (request.payload.get("headers") or {}).get("User-Agent", "")
        return _said(200, VERSIONS, indent=2 if agent.startswith(_READERS) else None)
    if path == tokens.KEYS_PATH:
        return _said(200, tokens.keys(box.chance), tokens.KEYS_MEDIA_TYPE)
    return _said(200, tokens.configuration())


def _refused(box: Overlay, payload: Obj, path: str) -> Answer | None:
    """401 for a token that is none, 403 for nobody's request."""
    scheme, _, token = (payload.get("headers") or {}).get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        known = tokens.claims_of(box.chance, token.strip()) is not None
        return None if known else _said(401, _status(401, "Unauthorized", "Unauthorized"))
    text = f'forbidden: User "system:anonymous" cannot get path "{path}"'
    return _said(403, _status(403, "Forbidden", text))


def _status(code: int, reason: str, message: str) -> Obj:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _said(status: int, body: Obj, media_type: str = "application/json", indent: int | None = None) -> Answer:
    text = json.dumps(body, indent=indent)
    payload = {"status": status, "headers": {"Content-Type": media_type}, "body": text}
    return Answer(True, payload)
