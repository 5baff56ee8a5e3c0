"""The API verbs that write: one path for every caller.

The controllers' actions, `lab.apply`, the in-process kubectl and the HTTP
server all come through here, so they get the same defaulting, admission,
validation, storage and errors. A refused request leaves nothing behind.

Models staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go and
registry/rest/{create,update}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab import chance, clock
from k8slab.api import decode
from k8slab.api.errors import OBJECT_MODIFIED, ApiError, Cause, already_exists, conflict, invalid, not_found
from k8slab.api.kind import Kind, Rules
from k8slab.api.kinds import certificatesigningrequest as request_kind
from k8slab.api.kinds import namespace as namespace_kind
from k8slab.api.kinds import pod as pod_kind
from k8slab.api.meta import Key, Obj
from k8slab.api.patch import merge_patch
from k8slab.api.validation import certificatesigningrequest as csr_rules
from k8slab.api.validation import namespace as namespace_rules
from k8slab.api.validation import pod as pod_rules
from k8slab.api.validation._field import quote
from k8slab.cluster import admin_access, admission, likenesses, node_access, successors
from k8slab.cluster.allocation import allocate_on_create, allocate_on_update
from k8slab.cluster.kinds import kind_of
from k8slab.cluster.queue import notify
from k8slab.cluster.request import NO_EXTRA
from k8slab.cluster.world import Trail, World
from k8slab.store.view import Change


class Actor(NamedTuple):
    """Who asks: the user, its groups, what else is known of it, and the field manager of its writes."""

    user: str
    groups: tuple[str, ...]
    manager: str
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = NO_EXTRA


ADMIN = Actor("kubernetes-admin", ("system:masters", "system:authenticated"), "kubectl")
"""Whoever holds the lab's handle may do everything."""


@lru_cache(maxsize=256)
def component_actor(component: str, manager: str = "") -> Actor:
    """The identity that a component's actions carry."""
    return Actor(
        f"system:serviceaccount:kube-system:{component}",
        ("system:serviceaccounts", "system:authenticated"),
        manager or "kube-controller-manager",
    )


class WriteOptions(NamedTuple):
    """What every writing verb may be told.

    `warn` is called with each warning's text; a sparse object has lists or maps
    with nothing in them, which are judged and then not stored.
    """

    dry_run: bool = False
    operation: str = "Update"
    warn: Callable[[str], None] | None = None
    api_version: str = ""
    is_sparse: bool = False


PLAIN = WriteOptions()


def create(
    world: World,
    actor: Actor,
    kind_name: str,
    obj: Obj,
    *,
    cause: int = 0,
    options: WriteOptions = PLAIN,
) -> Obj:
    """Create an object: default, admit, prepare, validate, store. The stored object.

    Raises ApiError: 409 AlreadyExists, 422 Invalid, 403 Forbidden (admission),
    404 NotFound (namespace).
    """
    kind = kind_of(world, kind_name)
    if kind_name == "Pod" and options is PLAIN:
        alike = likenesses.find(world, actor, obj) or successors.find(world, actor, obj)
        if alike is not None:
            return _create_alike(world, actor, kind, alike, cause)
    written = obj
    sent = obj = kind.default(obj)
    if options.is_sparse:
        sent = decode.written(kind, sent)
    obj = admission.mutate(admission_request(world, actor, kind, "CREATE", obj, None, options))
    obj = _fill_system_fields(world, kind, obj)
    if kind.kind == "Pod" and options.warn is not None:
        for text in pod_kind.app_armor_warnings(obj):
            options.warn(text)
    obj = kind.prepare_create(obj)
    obj = allocate_on_create(world, kind, obj, dry_run=options.dry_run)
    causes = [*admin_access.validate_created(world, kind_name, obj), *_rules_of(kind, options).create(obj)]
    name = obj["metadata"].get("name", "")
    if causes:
        raise invalid(kind.kind, kind.group, name, causes)
    _warn(kind, obj, None, options)
    key = (obj["metadata"].get("namespace", ""), name)
    request = admission_request(world, actor, kind, "CREATE", obj, None, options)
    charges = admission.validate(request)
    _warn_of_admission(request, options)
    obj = _checked_by_storage(decode.stored(kind, obj) if options.is_sparse else obj, dry_run=options.dry_run)
    if world.store.get(kind_name, key) is not None:
        raise _taken(world, kind, key, obj)
    if options.dry_run:
        return obj
    admission.charge(world, charges, cause)
    if kind_name == "Pod" and options is PLAIN:
        likenesses.keep(world, actor, written, sent, obj)
    return commit(world, actor, kind, key, obj, "", cause, options, sent=sent)


def _taken(world: World, kind: Kind, key: Key, obj: Obj) -> ApiError:
    """409 for a name that is taken (registry/generic/registry/store.go)."""
    error = already_exists(
        kind.plural, kind.group, key[1], generated=bool(obj["metadata"].get("generateName"))
    )
    present = world.store.get(kind.kind, key)
    if present is not None and "deletionTimestamp" in present["metadata"]:
        error.message = f"object is being deleted: {error.message}"
    return error


def _create_alike(world: World, actor: Actor, kind: Kind, alike: likenesses.Likeness, cause: int) -> Obj:
    """Create a Pod like another one: with a name, a uid and a time of its own."""
    name = _generated_name(world, kind, alike.stored["metadata"])
    metadata = {
        **alike.stored["metadata"],
        "name": name,
        "creationTimestamp": clock.timestamp(world.now_us),
        "uid": chance.uid(world.seed, world.store.revision, kind.kind, name),
    }
    key = (metadata.get("namespace", ""), name)
    if world.store.get(kind.kind, key) is not None:
        raise already_exists(kind.plural, kind.group, name)
    obj = {**alike.stored, "metadata": metadata}
    return commit(world, actor, kind, key, obj, "", cause, sent=alike.sent)


def update(
    world: World,
    actor: Actor,
    kind_name: str,
    obj: Obj,
    subresource: str = "",
    *,
    cause: int = 0,
    options: WriteOptions = PLAIN,
) -> Obj:
    """Replace an object, or its status. The stored object.

    Raises ApiError: 404 NotFound (unless the kind is created on update), 409
    Conflict where uid or resourceVersion are not the stored ones, 422 Invalid.
    """
    kind = kind_of(world, kind_name)
    metadata = obj["metadata"]
    name = metadata.get("name", "")
    key = (metadata.get("namespace", "") if kind.namespaced else "", name)
    old = world.store.get(kind_name, key)
    if old is None:
        if kind.create_on_update and not subresource:
            return create(world, actor, kind_name, obj, cause=cause, options=options)
        raise not_found(kind.plural, kind.group, name)
    check_preconditions(kind, obj, old, dry_run=options.dry_run)
    return replace(world, actor, kind, key, old, obj, subresource, cause=cause, options=options)


def patch_merge(
    world: World,
    actor: Actor,
    kind_name: str,
    key: Key,
    patch: Obj,
    subresource: str = "",
    uid: str = "",
    *,
    cause: int = 0,
    options: WriteOptions = PLAIN,
) -> Obj:
    """Merge-patch an object or its status (RFC 7386). The stored object."""
    kind = kind_of(world, kind_name)
    old = world.store.get(kind_name, key)
    if old is None:
        raise not_found(kind.plural, kind.group, key[1])
    if uid and old["metadata"]["uid"] != uid:
        raise conflict(kind.plural, kind.group, key[1], uid_mismatch(kind, key, uid, old))
    new: Obj = merge_patch(old, patch)
    if new is old:
        return old
    if new["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
        check_version(kind, new, old)
    return replace(world, actor, kind, key, old, new, subresource, cause=cause, options=options)


def replace(
    world: World,
    actor: Actor,
    kind: Kind,
    key: Key,
    old: Obj,
    new: Obj,
    subresource: str = "",
    *,
    cause: int = 0,
    options: WriteOptions = PLAIN,
) -> Obj:
    """Put `new` in the place of the stored `old`, whose preconditions hold. The stored object.

    An update that changes nothing is judged like any other, and writes nothing. One that
    takes away the last finalizer of an object that is being deleted removes it.
    """
    request = None
    if actor.user == ADMIN.user or not _has_defaults(kind, new, old, subresource):
        new = kind.default(new)
    sent = new
    if (
        subresource != "status"
        or admission.judges_status(world, kind.kind)
        or node_access.NODES in actor.groups
    ):
        request = admission_request(world, actor, kind, "UPDATE", new, old, options, subresource)
        new = admission.mutate(request)
    if subresource != "status":
        new = allocate_on_update(world, kind, new, old, dry_run=options.dry_run)
    if new["metadata"] is not old["metadata"]:
        new = _keep_system_fields(new, old)
    bare = decode.stored(kind, new) if options.is_sparse else new
    new = _prepared(world, kind, new, old, subresource)
    causes = _update_causes(kind, new, old, subresource, options)
    if subresource == "status":
        causes = [*admin_access.validate_status(world, kind.kind, new, old), *causes]
    if causes:
        raise invalid(kind.kind, kind.group, key[1], causes)
    if subresource != "status":
        _warn(kind, new, old, options)
    charges: list[tuple[Key, Obj]] = []
    if request is not None:
        request = request._replace(new=new)
        charges = admission.validate(request)
        _warn_of_admission(request, options)
    if options.is_sparse:
        new, sent = _prepared(world, kind, bare, old, subresource), decode.written(kind, sent)
    if new == old:
        return old
    if options.dry_run:
        return new
    if charges:
        admission.charge(world, charges, cause)
    if "deletionTimestamp" in old["metadata"] and _finishes_deletion(kind, new, old):
        # Nothing is written any more: watchers see it go as it was before.
        remove(world, kind, key, cause)
        return new
    return commit(world, actor, kind, key, new, subresource, cause, options, sent=sent)


def _has_defaults(kind: Kind, new: Obj, old: Obj, subresource: str) -> bool:
    """Whether all that may have defaults is the stored object's own: a component leaves alone the rest.

    It writes a status, or a Pod's metadata alone. (Other kinds may take labels over from their templates.)
    """
    if new.get("spec") is not old.get("spec"):
        return False
    return subresource == "status" or (kind.kind == "Pod" and new.get("status") is old.get("status"))


def _prepared(world: World, kind: Kind, new: Obj, old: Obj, subresource: str) -> Obj:
    """What of the update the subresource lets through."""
    if subresource == "status":
        new = kind.prepare_status(new, old)
    else:
        special = _SUBRESOURCES.get((kind.kind, subresource))
        new = special.prepare(new, old) if special is not None else kind.prepare_update(new, old)
    if kind.kind == "CertificateSigningRequest" and subresource:
        new = request_kind.with_times(new, old, clock.timestamp(world.now_us))
    return new


def _update_causes(kind: Kind, new: Obj, old: Obj, subresource: str, options: WriteOptions) -> list[Cause]:
    """What is wrong with the update, by the rules of the subresource."""
    rules = _rules_of(kind, options)
    if subresource == "status":
        return rules.status(new, old)
    special = _SUBRESOURCES.get((kind.kind, subresource))
    return special.rule(new, old) if special is not None else rules.update(new, old)


class _Subresource(NamedTuple):
    """A subresource with a strategy of its own: what it lets through, and what it refuses."""

    prepare: Callable[[Obj, Obj], Obj]
    rule: Callable[[Obj, Obj], list[Cause]]


_SUBRESOURCES = {
    ("CertificateSigningRequest", "approval"): _Subresource(
        request_kind.prepare_approval, csr_rules.SUBRESOURCES["approval"]
    ),
    ("Namespace", "finalize"): _Subresource(
        namespace_kind.finalize, namespace_rules.SUBRESOURCES["finalize"]
    ),
    ("Pod", "ephemeralcontainers"): _Subresource(
        pod_kind.prepare_ephemeral_containers, pod_rules.SUBRESOURCES["ephemeralcontainers"]
    ),
    ("Pod", "resize"): _Subresource(pod_kind.prepare_resize, pod_rules.SUBRESOURCES["resize"]),
}


def _rules_of(kind: Kind, options: WriteOptions) -> Rules:
    """What a kind refuses; Events and custom objects are judged by the version in which they come."""
    if kind.kind == "Event" and options.api_version == "events.k8s.io/v1":
        from k8slab.api.validation.event import NEW_API_RULES

        return NEW_API_RULES
    for other in kind.other_versions:
        if other.rules is not None and f"{other.group}/{other.version}" == options.api_version:
            return other.rules
    return kind.rules


def commit(
    world: World,
    actor: Actor,
    kind: Kind,
    key: Key,
    new: Obj,
    subresource: str,
    cause: int,
    options: WriteOptions = PLAIN,
    *,
    sent: Obj | None = None,
) -> Obj:
    """Store an object that has passed everything, remember who wrote it, and tell the watchers.

    `sent` is the object as its writer meant it, decoded and defaulted, before
    admission: what the writer owns is told from it.
    """
    slot = (kind.kind, key)
    before = world.trails.get(slot) or world.trail(slot)
    change = world.store.write(kind.kind, key, new, world.now_us, cause)
    stored = change.new
    assert stored is not None, "a commit stores an object"
    world.trails[slot] = Trail(
        before,
        actor.manager,
        options.operation,
        subresource,
        options.api_version or kind.api_version,
        world.now_us,
        stored,
        None,
        None if sent is new else sent,
    )
    notify(world, change)
    return stored


def remove(world: World, kind: Kind, key: Key, cause: int) -> Obj:
    """Take an object out of the store and tell the watchers. The object as it was."""
    slot = (kind.kind, key)
    trail = world.trail(slot)
    change = world.store.write(kind.kind, key, None, world.now_us, cause)
    world.bury(slot, trail)
    notify(world, change)
    assert change.old is not None, "only a stored object is removed"
    return change.old


def put_internal(world: World, kind: str, key: Key, obj: Obj | None, cause: int) -> Obj | None:
    """Write or remove an object of an internal kind, which no API client can see."""
    if obj is None and world.store.get(kind, key) is None:
        return None
    change: Change = world.store.write(kind, key, obj, world.now_us, cause)
    notify(world, change)
    return change.new


def admission_request(
    world: World,
    actor: Actor,
    kind: Kind,
    operation: str,
    new: Obj | None,
    old: Obj | None,
    options: WriteOptions,
    subresource: str = "",
    *,
    key: Key | None = None,
    parent: Kind | None = None,
) -> admission.Request:
    """The request as admission plug-ins see it.

    `key` and `parent` say what `new` is created in, where it is a body like a binding.
    """
    if key is None:
        metadata = (new or old or {})["metadata"]
        key = (metadata.get("namespace", "") if kind.namespaced else "", metadata.get("name", ""))
    return admission.Request(
        view=world,
        operation=operation,
        kind=kind,
        namespace=key[0],
        name=key[1],
        subresource=subresource,
        new=new,
        old=old,
        user=actor.user,
        groups=actor.groups,
        uid=actor.uid,
        extra=actor.extra,
        now_us=world.now_us,
        dry_run=options.dry_run,
        parent=parent,
        warn=options.warn,
    )


_STATUS_ONLY = ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields")


def _fill_system_fields(world: World, kind: Kind, obj: Obj) -> Obj:
    """Name, uid and creation time, as `rest.FillObjectMetaSystemFields` and `BeforeCreate` set them."""
    metadata = dict(obj["metadata"])
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = _generated_name(world, kind, metadata)
    for name in _STATUS_ONLY:
        metadata.pop(name, None)
    metadata["creationTimestamp"] = clock.timestamp(world.now_us)
    metadata["uid"] = chance.uid(world.seed, world.store.revision, kind.kind, metadata.get("name"))
    return {**obj, "metadata": metadata}


def _checked_by_storage(obj: Obj, *, dry_run: bool) -> Obj:
    """The new object as storage takes it: 500 where it says that it has a version already."""
    version = obj["metadata"].get("resourceVersion")
    if not version or dry_run:
        return obj
    if version.isascii() and version.isdigit() and int(version):
        raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
    return {
        **obj,
        "metadata": {name: one for name, one in obj["metadata"].items() if name != "resourceVersion"},
    }


def _generated_name(world: World, kind: Kind, metadata: Obj) -> str:
    """A free name from `generateName`: at most 58 of its letters and five of chance."""
    if kind.kind == "IPAddress":
        whole: str = metadata["generateName"]
        return whole  # Its strategy adds nothing (networking/ipaddress/strategy.go: noopNameGenerator).
    base: str = metadata["generateName"][:58]
    namespace = metadata.get("namespace", "")
    for attempt in range(8):
        name = base + chance.suffix(world.seed, kind.kind, namespace, base, world.store.revision, attempt)
        if world.store.get(kind.kind, (namespace, name)) is None:
            return name
    return name


def _keep_system_fields(new: Obj, old: Obj) -> Obj:
    """Carry over what an update can't change (`rest.BeforeUpdate`)."""
    after, before = new["metadata"], old["metadata"]
    metadata = dict(after)
    metadata.pop("managedFields", None)
    metadata.pop("selfLink", None)
    if not metadata.get("uid"):
        metadata["uid"] = before["uid"]
    metadata["creationTimestamp"] = before["creationTimestamp"]
    for name in ("generation", "resourceVersion"):
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)
    if "deletionTimestamp" in before:
        metadata["deletionTimestamp"] = before["deletionTimestamp"]
    if "deletionGracePeriodSeconds" in before and "deletionGracePeriodSeconds" not in metadata:
        metadata["deletionGracePeriodSeconds"] = before["deletionGracePeriodSeconds"]
    return {**new, "metadata": metadata}


_REGISTRY_PREFIXES = {
    "customresourcedefinitions": "apiextensions.k8s.io/customresourcedefinitions",
    "apiservices": "apiregistration.k8s.io/apiservices",
    "endpoints": "services/endpoints",
    "ingresses": "ingress",
    "nodes": "minions",
    "replicationcontrollers": "controllers",
    "services": "services/specs",
}


def uid_mismatch(kind: Kind, key: Key, uid: str, old: Obj, *, dry_run: bool = False) -> str:
    """What storage says of an object that is not the one that was meant: it names etcd's key.

    A dry run doesn't get as far as etcd, which puts its own root before the key.
    """
    text = _mismatch(kind, key, "UID", uid, old["metadata"]["uid"])
    return text.replace("Key: /registry/", "Key: /", 1) if dry_run else text


def version_mismatch(kind: Kind, key: Key, version: str, old: Obj) -> str:
    """The same of an object that has another version than was meant."""
    return _mismatch(kind, key, "ResourceVersion", version, old["metadata"]["resourceVersion"])


def _mismatch(kind: Kind, key: Key, what: str, wanted: str, present: str) -> str:
    prefix = _REGISTRY_PREFIXES.get(kind.plural, kind.plural)
    path = "/".join(part for part in ("/registry", prefix, *key) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {path}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {present}"
    )


def check_preconditions(kind: Kind, new: Obj, old: Obj, *, dry_run: bool = False) -> None:
    """Raise 409 where the uid or resourceVersion that a replacement carries is not the stored one."""
    metadata = new["metadata"]
    if metadata is old["metadata"]:
        return
    uid = metadata.get("uid")
    if uid and uid != old["metadata"]["uid"]:
        key = (metadata.get("namespace", ""), metadata["name"])
        why = uid_mismatch(kind, key, uid, old, dry_run=dry_run)
        raise conflict(kind.plural, kind.group, metadata["name"], why)
    check_version(kind, new, old)


def check_version(kind: Kind, new: Obj, old: Obj) -> None:
    """Raise 409 where the resourceVersion that a write carries is not the stored one.

    Some kinds want one always (422); one that is no number is 500, as upstream has it.
    """
    metadata = new["metadata"]
    name = metadata.get("name", "")
    version = metadata.get("resourceVersion")
    if version and version == old["metadata"]["resourceVersion"]:
        return
    if version and not (version.isascii() and version.isdigit()):
        raise ApiError(500, "", f"strconv.ParseUint: parsing {quote(version)}: invalid syntax")
    if not version or not int(version):
        if not kind.unconditional_update:
            fault = Cause(
                "FieldValueInvalid",
                "Invalid value: 0: must be specified for an update",
                "metadata.resourceVersion",
            )
            raise invalid(kind.plural, kind.group, name, [fault])
    elif version != old["metadata"]["resourceVersion"]:
        raise conflict(kind.plural, kind.group, name, OBJECT_MODIFIED)


def _finishes_deletion(kind: Kind, new: Obj, old: Obj) -> bool:
    """Whether this update of an object that is being deleted takes away the last thing it waited for."""
    if new["metadata"].get("finalizers"):
        return False
    if kind.kind == "Namespace" and (new.get("spec") or {}).get("finalizers"):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")


def _warn(kind: Kind, new: Obj, old: Obj | None, options: WriteOptions) -> None:
    if options.warn is not None:
        for text in kind.rules.warnings(new, old):
            options.warn(text)


def _warn_of_admission(request: admission.Request, options: WriteOptions) -> None:
    if options.warn is not None:
        for text in admission.warnings(request):
            options.warn(text)
