"""Deleting one object: what `delete`, `replace --force` and `run --rm` share.

Models staging/src/k8s.io/kubectl/pkg/cmd/delete/delete.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail, with_source
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import dry_run, suffix
from k8slab.kubectl.resources import Info, full_name, grouped
from k8slab.kubectl.session import Session, path_of

CASCADE = Flag("cascade", default="background", bare="background")
FORCE_WARNING = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been "
    "terminated. The resource may continue to run on the cluster indefinitely.\n"
)
_POLICIES = {
    "background": "Background",
    "true": "Background",
    "orphan": "Orphan",
    "false": "Orphan",
    "foreground": "Foreground",
}


def deletion_options(session: Session, grace_seconds: int) -> Obj:
    """The options that go with each delete. KubectlError for an unknown `--cascade`.

    A negative grace period is left to the object.
    """
    cascade = session.flags["cascade"]
    if cascade not in _POLICIES:
        raise fail(f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')
    options: Obj = {"propagationPolicy": _POLICIES[cascade]}
    if grace_seconds >= 0:
        options["gracePeriodSeconds"] = grace_seconds
    if dry_run(session) == "server":
        options["dryRun"] = ["All"]
    return options


def delete_one(
    session: Session,
    info: Info,
    options: Obj,
    *,
    ignore_not_found: bool,
    word: str = "deleted",
    quiet: bool = False,
) -> Obj | None:
    """Delete an object and (unless quiet) say so: what came back, None where it wasn't there."""
    answer: Obj = {}
    try:
        if dry_run(session) != "client":
            path = path_of(info.kind, info.namespace, info.name)
            answer = session.request("DELETE", path, body=options).body
    except ApiError as error:
        if error.code == 404 and ignore_not_found:
            return None
        raise with_source("deleting", info.source, error) from error
    if quiet:
        return answer
    if session.flags.get("output") == "name":
        session.write(f"{full_name(info.kind, info.name)}\n")
    else:
        where = f" from {info.namespace} namespace" if info.namespace else ""
        session.write(f'{grouped(info.kind)} "{info.name}" {word}{where}{suffix(session)}\n')
    return answer


def is_gone(session: Session, info: Info, uid: str = "") -> bool:
    """Whether the object isn't there any more, or another has its name."""
    try:
        obj = session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code == 404:
            return True
        raise
    return bool(uid) and obj["metadata"]["uid"] != uid
