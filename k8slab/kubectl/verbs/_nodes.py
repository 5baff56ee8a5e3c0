"""What cordon, uncordon and drain share.

Models staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go and pkg/drain/cordon.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.kubectl.command import fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import DRY_RUN, dry_run, print_named
from k8slab.kubectl.resources import Info, kind_named, select
from k8slab.kubectl.session import Session, path_of

CORDON_FLAGS = (Flag("selector", "l"), DRY_RUN)
_STRATEGIC = "application/strategic-merge-patch+json"


def selected_nodes(session: Session, usage: str) -> list[Info]:
    """The nodes that arguments or selector name. KubectlError where one isn't there, or none is named."""
    if not session.arguments and "selector" not in session.given:
        raise usage_fail(session.command, f"USAGE: {usage} [flags]")
    if session.arguments and session.flags["selector"]:
        raise usage_fail(session.command, "error: cannot specify both a node name and a --selector option")
    dry_run(session)
    words = [one for word in session.arguments for one in _node_words(word)]
    found = select(session, arguments=words or ["nodes"])
    session.stop_if_failed()
    for info in found:
        if info.kind.kind != "Node":
            resource = f"{info.kind.group}/{info.kind.version}, Resource={info.kind.plural}"
            raise fail(f'expected resource of type node, got "{resource}"')
    return found


def _node_words(word: str) -> list[str]:
    return [word] if "/" in word else [f"nodes/{word}"]


def set_unschedulable(session: Session, info: Info, value: bool) -> None:
    """Cordon or uncordon one node, and say so."""
    word = "cordoned" if value else "uncordoned"
    present = bool(((info.obj or {}).get("spec") or {}).get("unschedulable"))
    if present == value:
        print_named(session, info.kind, info.name, f"already {word}")
        return
    if dry_run(session) != "client":
        query = {"dryRun": "All"} if dry_run(session) else {}
        body = {"spec": {"unschedulable": True if value else None}}
        path = path_of(kind_named("node"), "", info.name)
        try:
            session.request("PATCH", path, query=query, body=body, content_type=_STRATEGIC)
        except ApiError as error:
            verb = word.removesuffix("ed")
            session.warn(f'error: unable to {verb} node "{info.name}": {error.message}\n')
            return
    print_named(session, info.kind, info.name, word)


def cordon_or_uncordon(session: Session, value: bool) -> None:
    """`cordon` and `uncordon`."""
    for info in selected_nodes(session, f"{session.command} NODE"):
        set_unschedulable(session, info, value)
