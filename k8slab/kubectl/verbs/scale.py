"""`kubectl scale`: set how many replicas a workload has.

Models staging/src/k8s.io/kubectl/pkg/cmd/scale/scale.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import KubectlError, Verb
from k8slab.kubectl.flags import Flag, UsageError
from k8slab.kubectl.resources import FILE_FLAGS, SELECTOR_FLAGS, Info, full_name, select
from k8slab.kubectl.session import Session, path_of

_MERGE = "application/merge-patch+json"


def _run(session: Session) -> None:
    flags = session.flags
    if "replicas" not in session.given:
        raise UsageError('required flag(s) "replicas" not set', hint=False)
    if flags["replicas"] < 0:
        raise KubectlError(
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n"
        )
    infos = select(session)
    if not infos and not session.code:
        raise KubectlError("error: no objects passed to scale\n")
    for info in infos:
        _scale(session, info)


def _scale(session: Session, info: Info) -> None:
    flags = session.flags
    if info.kind.scale is None:
        raise KubectlError("Error from server (NotFound): the server could not find the requested resource\n")
    path = path_of(info.kind, info.namespace, info.name, "scale")
    if flags["current-replicas"] >= 0 or flags["resource-version"]:
        scale = session.request("GET", path).body
        current = scale["spec"].get("replicas", 0)
        if flags["current-replicas"] not in (-1, current):
            raise KubectlError(f"error: Expected replicas to be {flags['current-replicas']}, was {current}\n")
        version = scale["metadata"]["resourceVersion"]
        if flags["resource-version"] not in ("", version):
            raise KubectlError(
                f"error: Expected resource version to be {flags['resource-version']}, was {version}\n"
            )
    if not flags["dry-run"] or flags["dry-run"] == "server":
        query = {"dryRun": "All"} if flags["dry-run"] else {}
        body = {"spec": {"replicas": flags["replicas"]}}
        session.request("PATCH", path, query=query, body=body, content_type=_MERGE)
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(flags["dry-run"], "")
    if flags["output"] == "name":
        session.write(f"{full_name(info.kind, info.name)}\n")
    else:
        session.write(f"{full_name(info.kind, info.name)} scaled{suffix}\n")


VERB = Verb(
    "scale",
    _run,
    (
        *FILE_FLAGS,
        *SELECTOR_FLAGS,
        Flag("replicas", type="int"),
        Flag("current-replicas", type="int", default=-1),
        Flag("resource-version"),
        Flag("timeout", type="duration"),
        Flag("dry-run", default="", bare="client"),
        Flag("output", "o"),
    ),
    summary="Set a new size for a deployment, replica set, replication controller, or stateful set.",
)
