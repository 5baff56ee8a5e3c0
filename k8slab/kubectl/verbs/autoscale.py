"""`kubectl autoscale`: a HorizontalPodAutoscaler for a workload.

Models staging/src/k8s.io/kubectl/pkg/cmd/autoscale/autoscale.go, v1.36.
"""

from __future__ import annotations

import re

from k8slab.api import quantities
from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, fail, plain_message
from k8slab.kubectl.discovery import resources
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import SAVE_CONFIG
from k8slab.kubectl.printing import (
    DRY_RUN,
    FIELD_MANAGER,
    OUTPUT_FLAGS,
    dry_run,
    print_done,
)
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import FILE_FLAGS, Info, in_turn, select
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._posting import posted

_UNITS = {"cpu": "m", "memory": "Mi"}
_USE_CPU = (
    "Use --cpu with percentage or resource quantity format "
    "(e.g., '70%' for utilization or '500m' for milliCPU)."
)


def _run(session: Session) -> None:
    flags = session.flags
    if flags["max"] < 1:
        raise fail(f"--max=MAXPODS is required and must be at least 1, max: {flags['max']}")
    if flags["max"] < flags["min"]:
        raise fail(
            f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {flags['max']}, "
            f"min: {flags['min']}"
        )
    if flags["cpu-percent"] > 0 and flags["cpu"]:
        raise fail("--cpu-percent and --cpu are mutually exclusive")
    metrics = _metrics(session)
    count = 0
    for info in in_turn(session, select(session, latest=False)):
        with session.collecting():
            _autoscale(session, info, metrics)
            count += 1
    session.stop_if_failed()
    if not count:
        raise fail("no objects passed to autoscale")


def _metrics(session: Session) -> list[Obj]:
    flags = session.flags
    targets: list[tuple[str, Obj]] = []
    if flags["cpu-percent"] > 0:
        targets.append(("cpu", {"type": "Utilization", "averageUtilization": flags["cpu-percent"]}))
    targets += [(name, _target(flags[name], name)) for name in ("cpu", "memory") if flags[name]]
    return [{"type": "Resource", "resource": {"name": name, "target": target}} for name, target in targets]


def _target(text: str, resource: str) -> Obj:
    """What `70%`, `500m` or a bare number asks for. KubectlError for any other text."""
    text = text.strip()
    if not text:
        raise fail("empty input")
    if text.endswith("%"):
        number = text[:-1]
        if not re.fullmatch(r"\d+", number):
            raise fail(f"invalid percentage value: {number}")
        return {"type": "Utilization", "averageUtilization": int(number)}
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        text = f"{float(text):g}{_UNITS[resource]}"
    try:
        return {"type": "AverageValue", "averageValue": quantities.canonical(text)}
    except ValueError as error:
        raise fail(f"invalid resource {resource} value: {text}") from error


def _has_scale(session: Session, kind: Kind) -> bool:
    if kind.kind in kinds():
        return kind.scale is not None
    return any(
        (one.group, one.name) == (kind.group, kind.plural) and one.has_scale for one in resources(session)
    )


def _autoscale(session: Session, info: Info, metrics: list[Obj]) -> None:
    flags = session.flags
    if not _has_scale(session, info.kind):
        raise fail(
            f"cannot autoscale a {info.kind.kind}: could not find scale subresource for "
            f"{info.kind.group}/{info.kind.version}, Resource={info.kind.plural} in discovery information"
        )
    target = {"apiVersion": info.kind.api_version, "kind": info.kind.kind, "name": info.name}
    metadata: Obj = {"name": flags["name"] or info.name}
    if session.asked_namespace:
        metadata["namespace"] = session.asked_namespace
    spec: Obj = {"scaleTargetRef": target, "maxReplicas": flags["max"]}
    if flags["min"] > 0:
        spec["minReplicas"] = flags["min"]
    if metrics:
        spec["metrics"] = metrics
    obj: Obj = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata,
        "spec": spec,
    }
    obj = recorded(session, obj)
    try:
        stored = posted(session, obj, "kubectl-autoscale")
    except ApiError:
        _refuse_old_version(session)
        raise
    print_done(session, stored, "created" if dry_run(session) == "client" else "autoscaled")


def _refuse_old_version(session: Session) -> None:
    """Whether the old version of the API could be tried, which knows CPU's utilization alone."""
    try:
        _target(session.flags["cpu"], "cpu")
    except KubectlError as error:
        raise fail(
            "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: "
            + plain_message(error)
        ) from error


VERB = Verb(
    "autoscale",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        DRY_RUN,
        FIELD_MANAGER,
        SAVE_CONFIG,
        Flag("min", type="int32", default=-1),
        Flag("max", type="int32", default=-1),
        Flag("cpu-percent", type="int32", default=-1, deprecated=_USE_CPU),
        Flag("cpu"),
        Flag("memory"),
        Flag("name"),
        RECORD,
    ),
    summary="Auto-scale a deployment, replica set, stateful set, or replication controller",
    required=("max",),
)
