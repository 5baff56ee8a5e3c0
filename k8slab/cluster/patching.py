"""PATCH in its four forms: JSON, merge, strategic merge, and server-side apply.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go, v1.36.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slab.api.apply import apply
from k8slab.api.decode import STRICT, WARN, repeated_warnings, written
from k8slab.api.errors import ApiError, bad_request, not_found
from k8slab.api.json_text import plain
from k8slab.api.meta import Obj
from k8slab.api.patch import JSON_PATCH, MERGE_PATCH, json_patch, merge_patch, read_patch
from k8slab.api.patched import decode_patched
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.cluster import api, bodies, ownership, subresources
from k8slab.cluster.api import Actor, WriteOptions
from k8slab.cluster.custom_kinds import is_custom, read_custom
from k8slab.cluster.lists import from_storage, to_storage
from k8slab.cluster.negotiation import patch_type
from k8slab.cluster.options import WriteQuery, write_query
from k8slab.cluster.owner_references import without_repeats
from k8slab.cluster.request import Request
from k8slab.cluster.routes import Route
from k8slab.cluster.world import World

_APPLY = "application/apply-patch+yaml"


class Patched(NamedTuple):
    """What a patch led to: the object (or Scale) with its managedFields, and the code of the answer."""

    obj: Obj
    code: int


def patch(world: World, request: Request, route: Route, actor: Actor, warnings: list[str]) -> Patched:
    """Patch one object. What it is then. Raises ApiError in upstream's words."""
    kind_of_patch = patch_type(request, custom=is_custom(route.kind))
    query = write_query(request, "PatchOptions", applies=kind_of_patch == _APPLY)
    options = WriteOptions(query.dry_run, "Update", warnings.append, route.api_version)
    old = world.store.get(route.kind.kind, route.key)
    if kind_of_patch == _APPLY:
        return _apply(world, request, route, actor, options, query, old, warnings)
    if old is None:
        raise not_found(route.kind.plural, route.kind.group, route.name)
    body, faults = read_patch(bodies.raw(request), kind_of_patch, query.validation)
    if route.subresource == "scale":
        type_name = "api.autoscaling.v1.Scale"
        managed = ownership.of_scale(ownership.managed_fields(world, route.kind, old))
        shown = ownership.with_fields(subresources.read_scale(route.kind, old), managed)
    else:
        type_name = type_of_kind(route.api_version, route.kind.kind)
        shown = from_storage(world, route, ownership.with_managed_fields(world, route.kind, old))
    new = _applied(kind_of_patch, type_name, shown, body)
    if type_name:
        new, texts, is_sparse = decode_patched(
            type_name,
            shown,
            body,
            new,
            patch_type=kind_of_patch,
            validation=query.validation,
            patch_errors=faults,
        )
        warnings.extend(texts)
        options = options._replace(is_sparse=is_sparse)
    else:
        new = read_custom(world, route.kind, route.version, new, query.validation, warnings, patched=True)
    cause = world.note_request(request)
    if route.subresource == "scale":
        new = _in_place(route, new)
        done = subresources.write_scale(
            world, actor, route.kind, route.key, new, cause=cause, options=options
        )
        return Patched(done, 200)
    new = to_storage(world, route, _in_place(route, new))
    new = without_repeats(new, warnings.append, patched=True)
    api.check_version(route.kind, new, old)
    stored = api.replace(
        world, actor, route.kind, route.key, old, new, route.subresource, cause=cause, options=options
    )
    if stored is old:
        stored = with_new_managers(world, route, actor, options, cause, old, new)
    return Patched(_with_fields(world, route, actor, options, old, new, stored), 200)


def _with_fields(
    world: World, route: Route, actor: Actor, options: WriteOptions, old: Obj, sent: Obj, stored: Obj
) -> Obj:
    if not options.dry_run and world.store.get(route.kind.kind, route.key) is not None:
        return ownership.with_managed_fields(world, route.kind, stored)
    sent = route.kind.default(sent)
    if options.is_sparse:
        sent = written(route.kind, sent)
    managed = ownership.after_write(world, route.kind, old, sent, actor, route.subresource, options)
    return ownership.with_fields(stored, managed)


def _in_place(route: Route, obj: Obj) -> Obj:
    """The patched object in its namespace. 400 where it has another namespace or name than its path."""
    from k8slab.cluster.rest import check_name, placed

    obj = placed(route, obj, new=False)
    check_name(route, obj)
    return obj


def _applied(kind_of_patch: str, type_name: str, old: Obj, body: Any) -> Obj:
    if kind_of_patch == JSON_PATCH:
        return json_patch(old, body)
    if kind_of_patch == MERGE_PATCH:
        merged: Obj = merge_patch(old, body)
        return merged
    return strategic_merge_patch(type_name, old, body)


def with_new_managers(
    world: World, route: Route, actor: Actor, options: WriteOptions, cause: int, old: Obj, sent: Obj
) -> Obj:
    """Store an object again whose content stays, where the write leaves other managedFields.

    It may bring them, or send what the server then puts back: who sent that owns it.
    Nothing is written where those too stay as they are.
    """
    if options.dry_run:
        return old
    sent = route.kind.default(sent)
    if options.is_sparse:
        sent = written(route.kind, sent)
    present = ownership.managed_fields(world, route.kind, old)
    after = ownership.after_write(world, route.kind, old, sent, actor, route.subresource, options)
    if ownership.but_times(after) == ownership.but_times(present):
        return old
    return api.commit(world, actor, route.kind, route.key, old, route.subresource, cause, options, sent=sent)


# Server-side apply.


def _configuration(request: Request) -> tuple[Obj, tuple[str, ...]]:
    """The object in the body of an apply, and the keys that it repeats. 400 for what is no object."""
    from k8slab.api import yaml

    if isinstance(request.body, dict):
        return request.body, ()
    try:
        body, repeated = yaml.load_body(bodies.raw(request).decode("utf-8", "replace"))
    except yaml.YamlError as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    if not isinstance(body, dict):
        raise bad_request(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: "
            "json: cannot unmarshal into Go value of type map[string]interface {}"
        )
    config: Obj = plain(body)
    return config, repeated


def _apply(
    world: World,
    request: Request,
    route: Route,
    actor: Actor,
    options: WriteOptions,
    query: WriteQuery,
    old: Obj | None,
    warnings: list[str],
) -> Patched:
    """Create what is not there, merge by field ownership what is."""
    if old is None and route.subresource:
        raise not_found(route.kind.plural, route.kind.group, route.name)
    config, repeated = _configuration(request)
    if old is not None and route.subresource == "scale":
        return _apply_scale(world, request, route, actor, options, query, old, config)
    live = None
    if old is not None:
        live = from_storage(world, route, ownership.with_managed_fields(world, route.kind, old))
    metadata = config.get("metadata")
    if live is None and isinstance(metadata, dict) and metadata.get("uid"):
        _refuse_uid(route, config)
    merged = apply(
        route.kind,
        live,
        config,
        manager=query.manager,
        force=bool(query.force),
        now_us=world.now_us,
        subresource=route.subresource,
        api_version=route.api_version,
    )
    if repeated and query.validation == STRICT:
        raise bad_request(f"error strict decoding YAML: {', '.join(repeated)}")
    if query.validation == WARN:
        warnings.extend(repeated_warnings(repeated))
    managed = merged["metadata"].get("managedFields") or []
    sent = _in_place(route, _without_managed(to_storage(world, route, merged)))
    options = options._replace(operation="Apply")
    cause = world.note_request(request)
    if old is None:
        from k8slab.cluster.rest import placed

        sent = placed(route, sent)
        stored = api.create(world, actor, route.kind.kind, sent, cause=cause, options=options)
        return _remembered(world, route, options, stored, managed, 201)
    api.check_version(route.kind, sent, old)
    stored = api.replace(
        world, actor, route.kind, route.key, old, sent, route.subresource, cause=cause, options=options
    )
    if stored is old:
        present = (live or {})["metadata"].get("managedFields") or []
        if ownership.but_times(present) == ownership.but_times(managed):
            return Patched(ownership.with_fields(old, present), 200)
        if options.dry_run:
            return Patched(ownership.with_fields(old, managed), 200)
        stored = api.commit(world, actor, route.kind, route.key, old, route.subresource, cause, options)
    return _remembered(world, route, options, stored, managed, 200)


def _apply_scale(
    world: World,
    request: Request,
    route: Route,
    actor: Actor,
    options: WriteOptions,
    query: WriteQuery,
    old: Obj,
    config: Obj,
) -> Patched:
    """Apply a Scale: who applied the replicas owns them in the object too."""
    before = ownership.managed_fields(world, route.kind, old)
    live = ownership.with_fields(subresources.read_scale(route.kind, old), ownership.of_scale(before))
    merged = apply(
        subresources.SCALE,
        live,
        config,
        manager=query.manager,
        force=bool(query.force),
        now_us=world.now_us,
        subresource="scale",
        api_version="autoscaling/v1",
    )
    managed = ownership.from_scale(before, merged["metadata"].get("managedFields") or [], route.api_version)
    sent = _in_place(route, _without_managed(merged))
    options = options._replace(operation="Apply")
    cause = world.note_request(request)
    done = subresources.write_scale(world, actor, route.kind, route.key, sent, cause=cause, options=options)
    stored = world.store.get(route.kind.kind, route.key)
    if stored is not None and not options.dry_run:
        _remembered(world, route, options, stored, managed, 200)
    return Patched(done, 200)


def _refuse_uid(route: Route, config: Obj) -> None:
    from k8slab.api.errors import conflict

    uid = config["metadata"]["uid"]
    why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    raise conflict(route.kind.plural, route.kind.group, route.name, why)


def _without_managed(obj: Obj) -> Obj:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": metadata}


def _remembered(
    world: World, route: Route, options: WriteOptions, stored: Obj, managed: list[Obj], code: int
) -> Patched:
    """Note on the object's trail what the apply made of its managedFields."""
    slot = (route.kind.kind, route.key)
    trail = world.trail(slot)
    if trail is not None and not options.dry_run:
        world.trails[slot] = trail._replace(managed=managed)
    return Patched(ownership.with_fields(stored, managed), code)


__all__ = ["ApiError", "Patched", "patch", "with_new_managers"]
