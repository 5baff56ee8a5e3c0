"""`agnhost test-service-account-issuer-discovery`: verifies a Pod's token by the documents of its issuer.

Models test/images/agnhost/openidmetadata, v1.36. Only the way through the API
server is there; documents elsewhere are out of a lab's reach.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from k8slab.api import tokens
from k8slab.api.meta import Obj
from k8slab.containers.programs._go import flags
from k8slab.containers.requests import Call, Now, Read
from k8slab.containers.shell import Invocation
from k8slab.containers.streams import Steps
from k8slab.containers.tools_system import date_text

_OWN_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def discover_issuer(call: Invocation, argv: list[str]) -> Steps:
    """Read a token, find its issuer's keys, and say whether one of them signed it for the audience."""
    given, _ = flags(argv[2:])
    path = given.get("token-path", "")
    text = yield Read(path)
    if text is None:
        yield from _log(call, f"open {path}: no such file or directory")
        return 1
    yield from _log(call, "OK: Got token")
    yield from _log(call, "validating with in-cluster discovery")
    try:
        yield from _validated(call, text, given.get("audience", ""))
    except ValueError as error:
        yield from _log(call, f"failed to validate with in-cluster discovery: {error}")
        yield from _log(call, "falling back to validating with external discovery")
        yield from _log(call, "there is no way out of the lab")
        return 1
    return 0


def _validated(call: Invocation, text: str, audience: str) -> Steps:
    """Each step of it, in the words of the program. ValueError where one fails."""
    issuer = _issuer_of(text)
    yield from _log(call, f"OK: got issuer {issuer}")
    configuration = yield from _document(f"{issuer}{tokens.CONFIGURATION_PATH}")
    if configuration["issuer"] != issuer:
        found = configuration["issuer"]
        raise ValueError(
            f'oidc: issuer did not match the issuer returned by provider, expected "{issuer}" got "{found}"'
        )
    yield from _log(call, f"OK: Constructed OIDC provider for issuer {issuer}")
    key_set = yield from _document(configuration["jwks_uri"])
    claims = tokens.verified(text, key_set)
    if audience not in claims["aud"]:
        raise ValueError(f'oidc: expected audience "{audience}" got {json.dumps(claims["aud"])}')
    now_us = yield Now(quiet=True, wall=True)
    if claims["exp"] * 1_000_000 <= now_us:
        raise ValueError("oidc: token is expired")
    yield from _log(call, "OK: Validated signature on JWT")
    yield from _log(call, "OK: Got valid claims from token!")
    private = claims["kubernetes.io"]
    shown = f"{private['namespace']}/{private['serviceaccount']['name']} for [{' '.join(claims['aud'])}]"
    yield from _log(call, f"Full, validated claims: \n{shown}")


def _issuer_of(text: str) -> str:
    try:
        return str(tokens.unverified(text)["iss"])
    except (KeyError, ValueError):
        raise ValueError("oidc: malformed jwt") from None


def _document(url: str) -> Steps:
    """A document of the API server's, asked for with the Pod's own token."""
    parts = urlsplit(url)
    own = (yield Read(_OWN_TOKEN)) or ""
    payload = {
        "method": "GET",
        "path": parts.path,
        "host": parts.netloc,
        "headers": {"Authorization": f"Bearer {own}"},
        "body": "",
    }
    answer = yield Call(parts.hostname or "", parts.port or 443, "http", payload)
    if not answer.ok:
        raise ValueError(f'Get "{url}": {answer.error}')
    if answer.payload["status"] != 200:
        raise ValueError(f"{answer.payload['status']}: {answer.payload['body']}")
    found: Obj = json.loads(answer.payload["body"])
    return found


def _log(call: Invocation, text: str) -> Steps:
    now_us = yield Now(quiet=True, wall=True)
    stamp = date_text("%Y/%m/%d %H:%M:%S", now_us)
    yield from call.io.err.write(f"{stamp} {text}\n")
