"""DaemonSet. Models pkg/apis/apps/v1/{defaults,conversion}.go and
pkg/registry/apps/daemonset/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import differs, next_generation, on_create, on_status, with_field_of
from k8slab.api.meta import Obj, annotations_of, assoc
from k8slab.api.tables import DAEMON_TEMPLATE_GENERATION

TEMPLATE_GENERATION = DAEMON_TEMPLATE_GENERATION
"""The annotation that carries a field which apps/v1 no longer has."""


def _with_rolling_update(strategy: Obj) -> Obj:
    """A rolling update takes one Pod away at a time, and adds none before, unless it says otherwise."""
    if (strategy.get("type") or "RollingUpdate") != "RollingUpdate":
        return strategy
    rolling = strategy.get("rollingUpdate") or {}
    wanted = {"maxUnavailable": 1, "maxSurge": 0}
    missing = {name: value for name, value in wanted.items() if rolling.get(name) is None}
    return {**strategy, "rollingUpdate": {**rolling, **missing}} if missing else strategy


_TABLE = Table(
    defaults={
        "api.apps.v1.DaemonSetSpec": {"revisionHistoryLimit": 10},
        "api.apps.v1.DaemonSetUpdateStrategy": {"type": "RollingUpdate"},
    },
    hooks={"api.apps.v1.DaemonSetUpdateStrategy": _with_rolling_update},
)


_filled = defaulter("api.apps.v1.DaemonSet", TEMPLATES, _TABLE)


def _default(obj: Obj) -> Obj:
    """The generation of the template stands among the annotations in every version, as a number."""
    return _with_template_generation(_filled(obj), _template_generation(obj))


def _template_generation(obj: Obj) -> int:
    try:
        return int(annotations_of(obj).get(TEMPLATE_GENERATION, "0"))
    except ValueError:
        return 0


def _with_template_generation(obj: Obj, generation: int) -> Obj:
    annotations = annotations_of(obj)
    text = str(generation)
    if annotations.get(TEMPLATE_GENERATION) == text:
        return obj
    return assoc(obj, "metadata", "annotations", {**annotations, TEMPLATE_GENERATION: text})


_fresh = on_create(status=zero_of("api.apps.v1.DaemonSetStatus"), generation=True)


def _prepare_create(obj: Obj) -> Obj:
    return _with_template_generation(_fresh(obj), max(1, _template_generation(obj)))


def _prepare_update(new: Obj, old: Obj) -> Obj:
    """A changed template counts a generation of its own beside the object's."""
    new = with_field_of(new, old, "status")
    generation = _template_generation(old)
    if new["spec"] is not old["spec"] and differs(new["spec"], old["spec"], "template"):
        generation += 1
    new = _with_template_generation(new, generation)
    return next_generation(new, old) if differs(new, old, "spec") else new


_keep_spec = on_status()


def _prepare_status(new: Obj, old: Obj) -> Obj:
    """The generation of the template belongs to the spec, which a write of the status leaves alone."""
    return _with_template_generation(_keep_spec(new, old), _template_generation(old))


KIND = Kind(
    kind="DaemonSet",
    group="apps",
    version="v1",
    plural="daemonsets",
    singular="daemonset",
    namespaced=True,
    short_names=("ds",),
    categories=("all",),
    subresources=("status",),
    default=_default,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=_prepare_status,
)
