"""What `create`'s generators share: their flags, the request, and how they end.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/create.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import SAVE_CONFIG, VALIDATE, field_validation
from k8slab.kubectl.printing import (
    DRY_RUN,
    FIELD_MANAGER,
    OUTPUT_FLAGS,
    check_output,
    dry_run,
    noted_struct,
    print_done,
    write_query,
)
from k8slab.kubectl.session import Session, path_of

GENERATOR_FLAGS = (*OUTPUT_FLAGS, DRY_RUN, FIELD_MANAGER, SAVE_CONFIG, VALIDATE)

Build = Callable[[Session, str], Obj]


def one_name(session: Session) -> str:
    """The one name that the command line gives. KubectlError for none or several."""
    count = len(session.arguments) if session.dash < 0 else session.dash
    if count != 1:
        raise usage_fail(session.command, f"exactly one NAME is required, got {count}")
    name = session.arguments[0]
    if not name:
        raise fail("name must be specified")
    check_output(session)
    return name


def metadata_of(session: Session, name: str, **fields: Obj) -> Obj:
    """The metadata of a new object; its namespace only where `-n` gives it."""
    metadata: Obj = {"name": name, **{field: value for field, value in fields.items() if value}}
    if session.asked_namespace:
        metadata["namespace"] = session.asked_namespace
    return metadata


def create_object(session: Session, obj: Obj, what: str = "") -> Obj:
    """Send a new object, unless the command only tries here. What came back.

    `what` is how a failure begins: `failed to create deployment: …`.
    """
    kind = kinds()[obj["kind"]]
    # The generators of Services take the flag and make nothing of it.
    if session.flags.get("save-config") and kind.kind != "Service":
        obj = noted_struct(obj)
    if dry_run(session) == "client":
        return obj
    namespace = (obj["metadata"].get("namespace") or session.namespace) if kind.namespaced else ""
    query = {**write_query(session, "kubectl-create"), "fieldValidation": field_validation(session)}
    try:
        stored: Obj = session.request("POST", path_of(kind, namespace), query=query, body=obj).body
    except ApiError as error:
        if not what:
            raise
        raise fail(f"{what} {error.message}") from error
    return stored


def generator(
    name: str,
    build: Build,
    *flags: Flag,
    failure: str = "",
    required: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    summary: str,
) -> Verb:
    """A subcommand of `create` that builds one object from its flags."""

    def run(session: Session) -> None:
        dry_run(session)
        obj = build(session, one_name(session))
        if not obj["metadata"].get("namespace") and not kinds()[obj["kind"]].namespaced:
            obj = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "namespace"}}
        print_done(session, create_object(session, obj, failure), "created")

    return Verb(name, run, (*GENERATOR_FLAGS, *flags), aliases=aliases, summary=summary, required=required)
