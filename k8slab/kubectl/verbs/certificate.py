"""`kubectl certificate`: approve or deny requests for certificates.

Models staging/src/k8s.io/kubectl/pkg/cmd/certificates/certificates.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.clock import timestamp
from k8slab.kubectl.command import Verb, fail, help_text
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_done
from k8slab.kubectl.resources import FILE_FLAGS, Info, select
from k8slab.kubectl.session import Session, path_of

_OPPOSITE = {"Approved": "Denied", "Denied": "Approved"}


def _deciding(condition: str, verb: str, done: str) -> Callable[[Session], None]:
    """A command that gives requests a condition."""

    def run(session: Session) -> None:
        if not session.arguments and not session.flags["filename"]:
            raise fail("one or more CSRs must be specified as <name> or -f <filename>")
        names = [one.rpartition("/")[2] for one in session.arguments]
        chosen = [f"certificatesigningrequests/{name}" for name in names]
        for info in select(session, arguments=chosen):
            with session.collecting():
                _decide(session, info, condition, verb, done)

    return run


def _decide(session: Session, info: Info, condition: str, verb: str, done: str) -> None:
    obj = info.present
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
        path = path_of(kinds()["CertificateSigningRequest"], "", info.name, "approval")
        obj = session.request("PUT", path, body=body).body
    print_done(session, obj, done)


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
