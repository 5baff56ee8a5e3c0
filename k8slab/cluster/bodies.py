"""Request bodies: JSON, YAML, and the options that come in body or query."""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.errors import ApiError, bad_request
from k8slab.api.meta import Obj
from k8slab.cluster.deletion import DeleteOptions
from k8slab.cluster.request import Request

MAX_BODY_BYTES = 3 * 1024 * 1024


def parse(request: Request) -> Any:
    """The body as JSON data; None for an empty one. 400 where it can't be read, 413 where it is too large."""
    body = request.body
    if body is None or body in (b"", ""):
        return None
    if not isinstance(body, bytes | str):
        return body
    if len(body) > MAX_BODY_BYTES:
        raise ApiError(
            413,
            "RequestEntityTooLarge",
            f"Request entity too large: limit is {MAX_BODY_BYTES}",
        )
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if "yaml" in request.headers.get("Content-Type", ""):
        from k8slab.api.yaml import load_all

        documents = load_all(text)
        return documents[0] if documents else None
    try:
        return json.loads(text)
    except ValueError as error:
        raise bad_request(f"error decoding: {error}") from error


def delete_options(body: Obj, request: Request, dry_run: bool = False) -> DeleteOptions:
    """The options of a delete, from its body or, where that is empty, its query."""
    query = request.query
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    preconditions = body.get("preconditions") or {}
    propagation = body.get("propagationPolicy") or query.get("propagationPolicy") or ""
    orphan = body.get(
        "orphanDependents", {"true": True, "false": False}.get(query.get("orphanDependents", ""))
    )
    if not propagation and orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    return DeleteOptions(
        propagation=propagation,
        grace_seconds=None if grace is None else int(grace),
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
        dry_run=dry_run or "All" in (body.get("dryRun") or ()) or query.get("dryRun") == "All",
    )
