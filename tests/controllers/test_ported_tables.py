"""How many of upstream's unit cases are ported: each module names its sources and has its cases."""

from __future__ import annotations

import importlib
import math
from types import ModuleType

import pytest

PORTED = {
    "test_cronjob": (90, "cronjob_controllerv2", "utils"),
    "test_daemonset": (90, "daemon_controller", "update", "daemonset_util"),
    "test_deployment": (150, "sync", "rolling", "recreate", "progress", "deployment_util"),
    "test_disruption": (50, "disruption"),
    "test_endpoints": (130, "endpoints_controller", "util", "controller_utils", "reconciler_helpers"),
    "test_endpointslice": (95, "reconciler", "utils", "endpoints_controller"),
    "test_garbage_collector": (40, "garbagecollector"),
    "test_horizontal_pod_autoscaler": (150, "horizontal", "replica_calculator"),
    "test_job": (110, "job_controller"),
    "test_job_rules": (
        110,
        "indexed_job_utils",
        "backoff_utils",
        "pod_failure_policy",
        "success_policy",
    ),
    "test_namespace": (15, "status_condition_utils"),
    "test_node_lifecycle": (70, "node_lifecycle_controller"),
    "test_pod_gc": (30, "gc_controller"),
    "test_pods": (50, "controller_utils", "controller_ref_manager"),
    "test_replicaset": (90, "replica_set", "replica_set_utils", "controller_utils"),
    "test_replicationcontroller": (11, "replication_controller_utils"),
    "test_resource_claim": (45, "controller"),
    "test_resource_quota": (35, "resource_quota_controller"),
    "test_service_account": (20, "serviceaccounts_controller"),
    "test_statefulset": (80, "stateful_set_control", "stateful_set"),
    "test_statefulset_identity": (110, "stateful_set_utils"),
    "test_taint_eviction": (30, "taint_eviction"),
    "test_ttl_after_finished": (14, "ttlafterfinished_controller"),
}
"""By module: at least how many cases it has, and upstream's test files whose tables it ports."""


def cases_in(module: ModuleType) -> int:
    """How many tests pytest makes of a module."""
    count = 0
    for name, value in vars(module).items():
        if name.startswith("test_"):
            marks = getattr(value, "pytestmark", [])
            sizes = [len(mark.args[1]) for mark in marks if mark.name == "parametrize"]
            count += math.prod(sizes)
    return count


@pytest.mark.parametrize("name", PORTED)
def test_a_module_ports_the_tables_that_it_names(name: str) -> None:
    module = importlib.import_module(f"tests.controllers.{name}")
    least, *sources = PORTED[name]
    assert cases_in(module) >= least
    text = module.__doc__ or ""
    assert "_test.go" in text
    assert [source for source in sources if source not in text] == []


def test_all_together_are_many() -> None:
    assert sum(least for least, *_ in PORTED.values()) >= 1400
