"""`kubectl config`: which cluster, user and context this client uses: a lab's own.

Models staging/src/k8s.io/kubectl/pkg/cmd/config, v1.36.
"""

from __future__ import annotations

from k8slab.api import yaml
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.printing import ordered_json
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs.cluster_info import SERVER

_NAME = "k8slab"
_USER = "k8slab"


def _config(session: Session) -> Obj:
    context: Obj = {"cluster": _NAME, "namespace": session.context_namespace, "user": _USER}
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"server": SERVER}, "name": _NAME}],
        "contexts": [{"context": context, "name": _NAME}],
        "current-context": _NAME,
        "kind": "Config",
        "users": [{"name": _USER, "user": {}}],
    }


def _view(session: Session) -> None:
    config = _config(session)
    if session.flags["output"] == "json":
        session.write(ordered_json(config) + "\n")
        return
    session.write(yaml.dump(config))


def _contexts(session: Session) -> None:
    if session.flags["output"] == "name":
        session.write(f"{_NAME}\n")
        return
    namespace = session.context_namespace
    head = "" if session.flags["no-headers"] else "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n"
    session.write(aligned(f"{head}*\t{_NAME}\t{_NAME}\t{_USER}\t{namespace}\n", TABLES))


def _use(session: Session) -> None:
    if session.arguments == [_NAME]:
        session.write(f'Switched to context "{_NAME}".\n')
        return
    raise fail(f'no context exists with the name: "{" ".join(session.arguments)}"')


def _fixed(session: Session) -> None:
    raise fail("a lab has one context, which can't be changed: give the namespace with -n")


VERB = Verb(
    "config",
    subcommands=(
        Verb(
            "current-context",
            lambda session: session.write(f"{_NAME}\n"),
            summary="Display the current-context",
        ),
        Verb("delete-context", _fixed, summary="Delete the specified context from the kubeconfig"),
        Verb(
            "get-clusters",
            lambda session: session.write(f"NAME\n{_NAME}\n"),
            summary="Display clusters defined in the kubeconfig",
        ),
        Verb(
            "get-contexts",
            _contexts,
            (Flag("output", "o"), Flag("no-headers", type="bool")),
            summary="Describe one or many contexts",
        ),
        Verb(
            "get-users",
            lambda session: session.write(f"NAME\n{_USER}\n"),
            summary="Display users defined in the kubeconfig",
        ),
        Verb(
            "set-context",
            _fixed,
            (Flag("current", type="bool"),),
            summary="Set a context entry in kubeconfig",
        ),
        Verb("use-context", _use, aliases=("use",), summary="Set the current-context in a kubeconfig file"),
        Verb(
            "view",
            _view,
            (
                Flag("output", "o", default="yaml"),
                Flag("minify", type="bool"),
                Flag("raw", type="bool"),
                Flag("flatten", type="bool"),
            ),
            summary="Display merged kubeconfig settings or a specified kubeconfig file",
        ),
    ),
    summary="Modify kubeconfig files",
)
