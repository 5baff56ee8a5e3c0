"""`kubectl scale`: set how many replicas a workload has.

Models staging/src/k8s.io/kubectl/pkg/cmd/scale/scale.go and pkg/scale/scale.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import DRY_RUN, OUTPUT_FLAGS, check_output, dry_run, print_done
from k8slab.kubectl.recording import RECORD, record_after
from k8slab.kubectl.resources import FILE_FLAGS, SELECTOR_FLAGS, Info, select
from k8slab.kubectl.session import Session, path_of

_MERGE = "application/merge-patch+json"


def _run(session: Session) -> None:
    check_output(session)
    flags = session.flags
    if flags["replicas"] < 0:
        raise fail("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    if flags["current-replicas"] < -1:
        raise fail("The --current-replicas must specify an integer of -1 or greater")
    infos = select(session, latest=False)
    if flags["resource-version"] and len(infos) > 1:
        raise fail("cannot use --resource-version with multiple resources")
    if not infos:
        session.stop_if_failed()
        raise fail("no objects passed to scale")
    missing = session.failures
    session.failures = []
    for info in infos:
        _scale(session, info)
    session.failures = missing


def _scale(session: Session, info: Info) -> None:
    flags = session.flags
    replicas = flags["replicas"]
    obj = info.present
    if dry_run(session) != "client":
        replicas = _send(session, info)
        obj = record_after(session, info, obj)
    print_done(
        session, {**obj, "spec": {**(obj.get("spec") or {}), "replicas": replicas}}, "scaled", is_typed=False
    )
    if flags["timeout"] and not dry_run(session):
        _wait(session, info, replicas)


def _send(session: Session, info: Info) -> int:
    """Write the scale; where something is expected of it, after reading it. The replicas that it then has."""
    flags = session.flags
    path = path_of(info.kind, info.namespace, info.name, "scale")
    query = {"dryRun": "All"} if dry_run(session) == "server" else {}
    if flags["current-replicas"] == -1 and not flags["resource-version"]:
        body: Obj = {"spec": {"replicas": flags["replicas"]}}
        answer = session.request("PATCH", path, query=query, body=body, content_type=_MERGE).body
    else:
        scale = session.request("GET", path).body
        _check(session, scale)
        body = {**scale, "spec": {**scale["spec"], "replicas": flags["replicas"]}}
        answer = session.request("PUT", path, query=query, body=body).body
    replicas: int = answer["spec"].get("replicas", 0)
    return replicas


def _check(session: Session, scale: Obj) -> None:
    flags = session.flags
    current, version = scale["spec"].get("replicas", 0), scale["metadata"]["resourceVersion"]
    if flags["current-replicas"] not in (-1, current):
        raise fail(f"Expected replicas to be {flags['current-replicas']}, was {current}")
    if flags["resource-version"] not in ("", version):
        raise fail(f"Expected resource version to be {flags['resource-version']}, was {version}")


def _wait(session: Session, info: Info, replicas: int) -> None:
    """Let time pass until the status has as many replicas as were asked for."""
    path = path_of(info.kind, info.namespace, info.name, "scale")

    def reached() -> bool:
        try:
            scale = session.request("GET", path).body
        except ApiError as error:
            if error.code == 404:
                return True
            raise
        if scale["spec"].get("replicas", 0) != replicas:
            return True
        return bool((scale.get("status") or {}).get("replicas", 0) == replicas)

    if not session.client.run_until(reached, session.flags["timeout"]):
        raise fail(f'timed out waiting for "{info.name}" to be synced')


VERB = Verb(
    "scale",
    _run,
    (
        *FILE_FLAGS,
        *SELECTOR_FLAGS,
        *OUTPUT_FLAGS,
        DRY_RUN,
        Flag("replicas", type="int"),
        Flag("current-replicas", type="int", default=-1),
        Flag("resource-version"),
        Flag("timeout", type="duration"),
        RECORD,
    ),
    summary="Set a new size for a deployment, replica set, or replication controller",
    required=("replicas",),
)
