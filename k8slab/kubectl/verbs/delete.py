"""`kubectl delete`: by name, file, selector or `--all`; waits until the objects are gone.

Models staging/src/k8s.io/kubectl/pkg/cmd/delete/delete.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, server_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import (
    ALL_NAMESPACES,
    FILE_FLAGS,
    SELECTOR_FLAGS,
    Info,
    full_name,
    grouped,
    kinds_of,
    named,
    select,
)
from k8slab.kubectl.session import Session, path_of

_FOREVER_US = 7 * 24 * 3600 * 1_000_000
_CASCADES = {"background": "Background", "true": "Background", "orphan": "Orphan", "false": "Orphan"}
_CASCADES["foreground"] = "Foreground"
_FORCE_WARNING = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been "
    "terminated. The resource may continue to run on the cluster indefinitely.\n"
)


def _run(session: Session) -> None:
    _check(session)
    options = _options(session)
    deleted: list[Info] = []
    targets = _targets(session)
    for info in targets:
        if _delete(session, info, options):
            deleted.append(info)
    if not targets and not session.code and _names_nothing(session):
        session.write("No resources found\n")
    if session.flags["wait"] and not session.flags["dry-run"] and deleted:
        _wait(session, deleted)


def _check(session: Session) -> None:
    flags = session.flags
    if flags["all"] and flags["selector"]:
        raise KubectlError("error: cannot set --all and --selector at the same time\n")
    if flags["all"] and any(name for _, name in named(session.arguments)):
        raise KubectlError("error: name cannot be provided when a selector is specified\n")
    if flags["now"] and flags["grace-period"] >= 0:
        raise KubectlError("error: --now and --grace-period cannot be specified together\n")
    if flags["force"] and flags["grace-period"] > 0:
        raise KubectlError("error: --force and --grace-period greater than 0 cannot be specified together\n")
    if flags["cascade"] not in _CASCADES:
        raise KubectlError(
            f"error: invalid cascade value ({flags['cascade']}). "
            'Must be "background", "foreground", or "orphan"\n'
        )
    if flags["force"]:
        session.warn(_FORCE_WARNING)


def _names_nothing(session: Session) -> bool:
    return not session.flags["filename"] and not any(name for _, name in named(session.arguments))


def _targets(session: Session) -> list[Info]:
    """What to delete. Named objects aren't read first: the delete itself says if one isn't there."""
    pairs = named(session.arguments)
    if session.flags["filename"] or session.flags["selector"] or session.flags["all"]:
        return select(session)
    if not pairs:
        raise KubectlError(
            "error: You must provide one or more resources by argument or filename.\n"
            "Example resource specifications include:\n"
            "   '-f rsrc.yaml'\n"
            "   '--filename=rsrc.json'\n"
            "   '<resource> <name>'\n"
            "   '<resource>'\n"
        )
    found = []
    for resource, name in pairs:
        for kind in kinds_of(session, resource):
            if not name:
                raise KubectlError("error: resource(s) were provided, but no name was specified\n")
            found.append(Info(kind, session.namespace if kind.namespaced else "", name))
    return found


def _options(session: Session) -> Obj:
    grace = session.flags["grace-period"]
    if session.flags["now"]:
        grace = 1
    elif session.flags["force"] and grace < 0:
        grace = 0
    if grace == 0 and not session.flags["force"]:
        # kubectl then waits for the object with a period of one second.
        grace = 1
    body: Obj = {"propagationPolicy": _CASCADES[session.flags["cascade"]]}
    if grace >= 0:
        body["gracePeriodSeconds"] = grace
    return body


def _delete(session: Session, info: Info, options: Obj) -> bool:
    dry_run = session.flags["dry-run"]
    path = path_of(info.kind, info.namespace, info.name)
    try:
        if dry_run != "client":
            query = {"dryRun": "All"} if dry_run == "server" else {}
            session.request("DELETE", path, query=query, body=options)
    except ApiError as error:
        if error.code == 404 and session.flags["ignore-not-found"]:
            return False
        prefix = f'error when deleting "{info.source}": ' if info.source else ""
        session.warn(server_text(error, prefix))
        session.code = 1
        return False
    _print(session, info)
    return True


def _print(session: Session, info: Info) -> None:
    if session.flags["output"] == "name":
        session.write(f"{full_name(info.kind, info.name)}\n")
        return
    word = "force deleted" if session.flags["force"] and session.flags["grace-period"] <= 0 else "deleted"
    where = f" from {info.namespace} namespace" if info.namespace else ""
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(session.flags["dry-run"], "")
    session.write(f'{grouped(info.kind)} "{info.name}" {word}{where}{suffix}\n')


def _wait(session: Session, deleted: list[Info]) -> None:
    """Let lab time pass until everything that was deleted is gone."""
    timeout_us = session.flags["timeout"] or _FOREVER_US

    def gone(info: Info) -> bool:
        try:
            session.get(info.kind, info.namespace, info.name)
        except ApiError as error:
            return error.code == 404
        return False

    for info in deleted:
        if not session.client.run_until(lambda info=info: gone(info), timeout_us):  # type: ignore[misc]
            raise KubectlError(
                f"error: timed out waiting for the condition on {info.kind.plural}/{info.name}\n"
            )


VERB = Verb(
    "delete",
    _run,
    (
        *FILE_FLAGS,
        *SELECTOR_FLAGS,
        ALL_NAMESPACES,
        Flag("field-selector"),
        Flag("cascade", default="background", bare="background"),
        Flag("force", type="bool"),
        Flag("grace-period", type="int", default=-1),
        Flag("ignore-not-found", type="bool"),
        Flag("now", type="bool"),
        Flag("wait", type="bool", default=True),
        Flag("timeout", type="duration"),
        Flag("output", "o"),
        Flag("dry-run", default="", bare="client"),
        Flag("raw"),
        Flag("interactive", "i", type="bool"),
    ),
    summary="Delete resources by file names, stdin, resources and names, or by resources and label selector.",
)
