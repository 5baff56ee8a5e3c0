"""`agnhost crd-conversion-webhook`: takes a host and port apart for one version, joins them for another.

Models test/images/agnhost/crd-conversion-webhook, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

from k8slab.api.meta import Obj
from k8slab.containers.program import Context, Server
from k8slab.containers.programs._go import flags
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Request

_V1, _V2 = "stable.example.com/v1", "stable.example.com/v2"


class _FailureError(ValueError):
    """What the converter says of an object that it can't convert."""


def conversion_webhook(argv: Sequence[str]) -> Server:
    """The server that a command line starts."""
    given, _ = flags(argv[2:])
    port = int(given.get("port") or 443)

    def handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
        path = call.payload["path"].partition("?")[0]
        if path == "/readyz":
            return response(200, "ok")
        if path != "/crdconvert":
            return response(404, "404 page not found\n")
        review = json.loads(call.payload["body"])
        answer = {**review, "request": {"uid": "", "desiredAPIVersion": "", "objects": None}}
        answer["response"] = {"uid": review["request"]["uid"], **_response(review["request"])}
        return response(200, json.dumps(answer), {"Content-Type": "application/json"})
        yield

    return Server("http", lambda context: (port,), handle)


def _response(asked: Obj) -> Obj:
    wanted = asked["desiredAPIVersion"]
    try:
        found = [{**_converted(obj, wanted), "apiVersion": wanted} for obj in asked["objects"]]
    except _FailureError as error:
        result = {"metadata": {}, "status": "Failure", "message": str(error)}
        return {"convertedObjects": None, "result": result}
    return {"convertedObjects": found, "result": {"metadata": {}, "status": "Success"}}


def _converted(obj: Obj, wanted: str) -> Obj:
    given = obj["apiVersion"]
    if given == wanted:
        raise _FailureError(f"conversion from a version to itself should not call the webhook: {wanted}")
    if given not in (_V1, _V2):
        raise _FailureError(f'unexpected conversion version "{given}"')
    if wanted not in (_V1, _V2):
        raise _FailureError(f'unexpected conversion version "{wanted}"')
    return _taken_apart(obj) if wanted == _V2 else _put_together(obj)


def _taken_apart(obj: Obj) -> Obj:
    if "hostPort" not in obj:
        return obj
    parts = str(obj["hostPort"]).split(":")
    if len(parts) != 2:
        raise _FailureError(f"invalid hostPort value `{obj['hostPort']}`")
    kept = {name: value for name, value in obj.items() if name != "hostPort"}
    return {**kept, "host": parts[0], "port": parts[1]}


def _put_together(obj: Obj) -> Obj:
    if "host" not in obj and "port" not in obj:
        return obj
    kept = {name: value for name, value in obj.items() if name not in ("host", "port")}
    return {**kept, "hostPort": f"{obj.get('host', '')}:{obj.get('port', '')}"}
