"""What cordon, uncordon and drain share."""

from __future__ import annotations

from k8slab.kubectl.command import KubectlError
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import Info, kind_named, select
from k8slab.kubectl.session import Session, path_of

CORDON_FLAGS = (Flag("selector", "l"), Flag("dry-run", default="", bare="client"))


def selected_nodes(session: Session) -> list[Info]:
    """The nodes that arguments or selector name."""
    command = session.command
    if not session.arguments and not session.flags["selector"]:
        raise KubectlError(
            f"error: USAGE: {command} NODE [flags]\nSee 'kubectl {command} -h' for help and examples\n"
        )
    if session.arguments and session.flags["selector"]:
        raise KubectlError("error: error: cannot specify both a node name and a --selector option\n")
    words = [name.removeprefix("node/").removeprefix("nodes/") for name in session.arguments]
    return select(session, arguments=["node", *words])


def set_unschedulable(session: Session, info: Info, value: bool) -> None:
    """Cordon or uncordon one node, and say so."""
    word = "cordoned" if value else "uncordoned"
    present = bool(((info.obj or {}).get("spec") or {}).get("unschedulable"))
    dry_run = session.flags["dry-run"]
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    if present == value:
        session.write(f"node/{info.name} already {word}{suffix}\n")
        return
    if dry_run != "client":
        query = {"dryRun": "All"} if dry_run else {}
        body = {"spec": {"unschedulable": True if value else None}}
        path = path_of(kind_named("node"), "", info.name)
        session.request(
            "PATCH", path, query=query, body=body, content_type="application/strategic-merge-patch+json"
        )
    session.write(f"node/{info.name} {word}{suffix}\n")


def cordon_or_uncordon(session: Session, value: bool) -> None:
    """`cordon` and `uncordon`."""
    for info in selected_nodes(session):
        set_unschedulable(session, info, value)
