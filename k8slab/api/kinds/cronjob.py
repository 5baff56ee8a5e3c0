"""CronJob. Models pkg/apis/batch/v1/defaults.go and pkg/registry/batch/cronjob/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._pod_spec import TEMPLATES
from k8slab.api.kinds._strategy import on_create, on_status, on_update
from k8slab.api.kinds.job import FAILURE_POLICY

_TABLE = Table(
    defaults={
        "api.batch.v1.CronJobSpec": {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        },
    }
)

KIND = Kind(
    kind="CronJob",
    group="batch",
    version="v1",
    plural="cronjobs",
    singular="cronjob",
    namespaced=True,
    short_names=("cj",),
    categories=("all",),
    subresources=("status",),
    default=defaulter("api.batch.v1.CronJob", TEMPLATES, FAILURE_POLICY, _TABLE),
    prepare_create=on_create(status=zero_of("api.batch.v1.CronJobStatus"), generation=True),
    prepare_update=on_update(bump_for=("spec",)),
    prepare_status=on_status(),
)
