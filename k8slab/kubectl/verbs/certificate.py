"""`kubectl certificate`: approve or deny requests for certificates.

Models staging/src/k8s.io/kubectl/pkg/cmd/certificates/certificates.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.clock import timestamp
from k8slab.kubectl.command import Verb, fail, help_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import OUTPUT_FLAGS, check_output, print_done
from k8slab.kubectl.resources import FILE_FLAGS, Info, kind_named, select
from k8slab.kubectl.session import Session, path_of

_KIND, _PLURAL = "CertificateSigningRequest", "certificatesigningrequests"
_OPPOSITE = {"Approved": "Denied", "Denied": "Approved"}


def _deciding(condition: str, verb: str, done: str) -> Callable[[Session], None]:
    """A command that gives requests a condition."""

    def run(session: Session) -> None:
        check_output(session)
        if not session.arguments and not session.flags["filename"]:
            raise fail("one or more CSRs must be specified as <name> or -f <filename>")
        chosen = [one if "/" in one else f"{_PLURAL}/{one}" for one in session.arguments]
        _check_scope(session, chosen)
        for info in select(session, arguments=chosen):
            with session.collecting():
                _decide(session, info, condition, verb, done)

    return run


def _check_scope(session: Session, chosen: Sequence[str]) -> None:
    """KubectlError for a kind that lives in namespaces, of which none is looked into."""
    for word in chosen:
        if kind_named(word.partition("/")[0], session).namespaced:
            raise fail("namespace may not be empty when retrieving a resource by name")


def _decide(session: Session, info: Info, condition: str, verb: str, done: str) -> None:
    obj = info.present
    if info.kind.kind != _KIND:
        raise fail(f"can only handle {_KIND}.certificates.k8s.io objects, got {_group_kind(info.kind)}")
    status = obj.get("status") or {}
    present: list[Obj] = status.get("conditions") or []
    kinds_there = [one["type"] for one in present]
    if _OPPOSITE[condition] in kinds_there:
        raise fail(f'certificate signing request "{info.name}" is already {_OPPOSITE[condition]}')
    if condition not in kinds_there or session.flags["force"]:
        when = timestamp(session.client.now_us)
        added = {
            "type": condition,
            "status": "True",
            "reason": f"Kubectl{verb.capitalize()}",
            "message": f"This CSR was {done} by kubectl certificate {verb}.",
            "lastUpdateTime": when,
        }
        conditions = [one for one in present if one["type"] != condition]
        body = {**obj, "status": {**status, "conditions": [*conditions, added]}}
        path = path_of(kinds()[_KIND], "", info.name, "approval")
        session.request("PUT", path, body=body)
    # What is printed is the request as it was before.
    print_done(session, obj, done, is_typed=False)


def _group_kind(kind: Kind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


_FLAGS = (*FILE_FLAGS, *OUTPUT_FLAGS, Flag("force", type="bool"))


def _show_help(session: Session) -> None:
    """Whatever follows `certificate` without a subcommand, kubectl prints its help and is content."""
    session.write(help_text(VERB, "certificate"))


VERB: Verb = Verb(
    "certificate",
    subcommands=(
        Verb(
            "approve",
            _deciding("Approved", "approve", "approved"),
            _FLAGS,
            summary="Approve a certificate signing request",
        ),
        Verb(
            "deny",
            _deciding("Denied", "deny", "denied"),
            _FLAGS,
            summary="Deny a certificate signing request",
        ),
    ),
    summary="Modify certificate resources",
    run=_show_help,
)
