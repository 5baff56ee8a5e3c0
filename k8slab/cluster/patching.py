"""PATCH in its four forms: JSON, merge, strategic merge, and server-side apply.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go, v1.36.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slab.api.decode import decode
from k8slab.api.errors import ApiError, bad_request, not_found
from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch, merge_patch
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.cluster import api, bodies, ownership, subresources
from k8slab.cluster.api import Actor, WriteOptions
from k8slab.cluster.request import Request
from k8slab.cluster.world import World

if TYPE_CHECKING:
    from k8slab.cluster.rest import Route

_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/apply-patch+cbor",
)


def patch(
    world: World,
    request: Request,
    route: Route,
    actor: Actor,
    options: WriteOptions,
    cause: int,
    warnings: list[str],
) -> tuple[Obj, int]:
    """Patch one object. The stored object (or Scale), and the code of the answer."""
    content_type = (request.headers.get("Content-Type") or "").split(";")[0].strip()
    if content_type not in _TYPES:
        supported = ", ".join(_TYPES)
        raise ApiError(
            415,
            "UnsupportedMediaType",
            f"the body of the request was in an unknown format - accepted media types include: {supported}",
        )
    if content_type.startswith("application/apply-patch"):
        return _apply(world, request, route, actor, options, cause, warnings)
    body = bodies.parse(request)
    old = world.store.get(route.kind.kind, route.key)
    if old is None:
        raise not_found(route.kind.plural, route.kind.group, route.name)
    if route.subresource == "scale":
        scale = subresources.read_scale(route.kind, old)
        new = _patched(route, content_type, scale, body)
        done = subresources.write_scale(
            world, actor, route.kind, route.key, new, cause=cause, options=options
        )
        return done, 200
    from k8slab.cluster.rest import from_storage, to_storage

    shown = from_storage(route, ownership.with_managed_fields(world, route.kind, old))
    new = _patched(route, content_type, shown, body)
    if new is shown or new == shown:
        return old, 200
    validation = request.query.get("fieldValidation") or "Warn"
    new, texts = decode(route.kind, new, api_version=route.api_version, validation=validation)
    warnings.extend(texts)
    new = to_storage(route, new)
    version = new["metadata"].get("resourceVersion")
    if version != old["metadata"]["resourceVersion"] or new["metadata"].get("uid") != old["metadata"]["uid"]:
        api.check_preconditions(route.kind, new, old)
    stored = api.replace(
        world, actor, route.kind, route.key, old, new, route.subresource, cause=cause, options=options
    )
    return stored, 200


def _patched(route: Route, content_type: str, old: Obj, body: Any) -> Obj:
    if content_type == "application/json-patch+json":
        return json_patch(old, body)
    if not isinstance(body, dict):
        raise bad_request("json: cannot unmarshal into Go value of type map[string]interface {}")
    if content_type == "application/merge-patch+json":
        return merge_patch(old, body)
    return strategic_merge_patch(type_of_kind(route.api_version, route.kind.kind), old, body)


def _apply(
    world: World,
    request: Request,
    route: Route,
    actor: Actor,
    options: WriteOptions,
    cause: int,
    warnings: list[str],
) -> tuple[Obj, int]:
    """Server-side apply: create what is not there, merge by field ownership what is."""
    from k8slab.api.apply import apply

    manager = request.query.get("fieldManager", "")
    if not manager:
        raise ApiError(
            422,
            "Invalid",
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        )
    config = bodies.parse(request._replace(headers={**request.headers, "Content-Type": "yaml"}))
    old = world.store.get(route.kind.kind, route.key)
    live = None if old is None else ownership.with_managed_fields(world, route.kind, old)
    merged = apply(
        route.kind,
        live,
        config,
        manager=manager,
        force=request.query.get("force") in ("true", "1"),
        now_us=world.now_us,
        subresource=route.subresource,
        api_version=route.api_version,
    )
    managed = merged["metadata"].get("managedFields") or []
    merged = {
        **merged,
        "metadata": {name: value for name, value in merged["metadata"].items() if name != "managedFields"},
    }
    applied = options._replace(operation="Apply")
    if old is None:
        metadata = {**merged["metadata"], "name": route.name}
        if route.kind.namespaced:
            metadata["namespace"] = route.namespace
        merged = {**merged, "metadata": metadata}
        stored = api.create(world, actor, route.kind.kind, merged, cause=cause, options=applied)
        code = 201
    else:
        stored = api.replace(
            world, actor, route.kind, route.key, old, merged, route.subresource, cause=cause, options=applied
        )
        code = 200
    slot = (route.kind.kind, route.key)
    trail = world.trails.get(slot)
    if trail is not None and not options.dry_run:
        world.trails[slot] = trail._replace(before=None, managed=managed)
    return stored, code
