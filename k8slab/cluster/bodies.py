"""Request bodies: the bytes that a client sent as the object that it meant, refused in Go's words.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,update,rest}.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.decode import decode, decode_text
from k8slab.api.errors import ApiError, bad_request
from k8slab.api.json_text import JsonError, decode_json, plain
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.cluster.negotiation import YAML, input_type
from k8slab.cluster.request import Request

MAX_BODY_BYTES = 3 * 1024 * 1024


def raw(request: Request) -> bytes:
    """The body's bytes. 413 where it is too large."""
    body = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if len(body) > MAX_BODY_BYTES:
        text = f"Request entity too large: limit is {MAX_BODY_BYTES}"
        raise ApiError(413, "RequestEntityTooLarge", text)
    return body


def parse(request: Request) -> Any:
    """The body as JSON data; None for an empty one. 400 where it can't be read, 413 where it is too large."""
    if request.body is not None and not isinstance(request.body, bytes | str):
        input_type(request)
        return request.body
    data = raw(request)
    if not data:
        return None
    if input_type(request) == YAML:
        from k8slab.api import yaml

        try:
            return plain(yaml.load_body(data.decode("utf-8", "replace"))[0])
        except yaml.YamlError as error:
            raise bad_request(str(error)) from None
    try:
        return plain(decode_json(data))
    except JsonError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None


def decoded(
    request: Request, kind: Kind, api_version: str, validation: str, warnings: list[str]
) -> tuple[Obj, bool]:
    """The body as an object of a kind, in the version of the request; strict errors become warnings.

    With it comes whether it has empty collections, which storage would drop.

    400 in upstream's words for what is no such object, 415 for a body in another format.
    """
    media_type = input_type(request)
    if isinstance(request.body, dict):
        # A caller in the same process hands its object over as it is.
        done = decode(kind, request.body, api_version=api_version, validation=validation)
    else:
        done = decode_text(
            kind, raw(request), api_version=api_version, validation=validation, is_yaml=media_type == YAML
        )
    warnings.extend(done.warnings)
    return done.obj, done.is_sparse
