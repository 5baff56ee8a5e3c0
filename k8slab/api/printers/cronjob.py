"""How CronJobs are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.printers._format import bool_text, container_cells, containers_of, format_selector
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of, since


def _row(obj: Obj, now_us: int) -> Cells:
    spec, status = obj["spec"], obj.get("status") or {}
    job_spec = spec["jobTemplate"].get("spec") or {}
    last = status.get("lastScheduleTime")
    time_zone = spec.get("timeZone")
    return (
        obj["metadata"]["name"],
        spec.get("schedule", ""),
        "<none>" if time_zone is None else time_zone,
        bool_text(spec.get("suspend")),
        len(status.get("active") or ()),
        since(last, now_us) if last else "<none>",
        age_of(obj, now_us),
        *container_cells(containers_of(spec["jobTemplate"])),
        format_selector(job_spec.get("selector")),
    )


TABLE = Table(
    (
        NAME,
        Column(
            "Schedule", description="The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron."
        ),
        Column(
            "Timezone",
            description=(
                "The time zone name for the given schedule, see "
                "https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this"
                " will default to the time zone of the kube-controller-manager process. The set of "
                "valid time zone names and the time zone offset is loaded from the system-wide time "
                "zone database by the API server during CronJob validation and the controller manager"
                " during execution. If no system-wide time zone database can be found a bundled "
                "version of the database is used instead. If the time zone name becomes invalid "
                "during the lifetime of a CronJob or due to a change in host configuration, the "
                "controller will stop creating new new Jobs and will create a system event with the "
                "reason UnknownTimeZone. More information can be found in "
                "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones"
            ),
        ),
        Column(
            "Suspend",
            type="boolean",
            description=(
                "This flag tells the controller to suspend subsequent executions, it does not apply "
                "to already started executions.  Defaults to false."
            ),
        ),
        Column("Active", type="integer", description="A list of pointers to currently running jobs."),
        Column(
            "Last Schedule",
            description="Information when was the last time the job was successfully scheduled.",
        ),
        AGE,
        Column("Containers", priority=1, description="Names of each container in the template."),
        Column("Images", priority=1, description="Images referenced by each container in the template."),
        Column(
            "Selector",
            priority=1,
            description=(
                "A label query over pods that should match the pod count. Normally, the system sets "
                "this field for you. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"
            ),
        ),
    ),
    _row,
)
