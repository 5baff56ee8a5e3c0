"""`kubectl create`: new objects from files, or from flags by a generator.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/create.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError
from k8slab.kubectl.command import Verb, fail, usage_fail, with_source
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import SAVE_CONFIG, VALIDATE, field_validation, noted_if_asked
from k8slab.kubectl.printing import (
    DRY_RUN,
    FIELD_MANAGER,
    OUTPUT_FLAGS,
    check_output,
    dry_run,
    print_done,
    write_query,
)
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import FILE_FLAGS, Info, from_files
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._create_data import CONFIG_MAP, SECRET
from k8slab.kubectl.verbs._create_policies import (
    DISRUPTION_BUDGET,
    NAMESPACE,
    PRIORITY_CLASS,
    QUOTA,
    SERVICE_ACCOUNT,
    TOKEN,
)
from k8slab.kubectl.verbs._create_rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from k8slab.kubectl.verbs._create_services import INGRESS, SERVICE
from k8slab.kubectl.verbs._create_workloads import CRON_JOB, DEPLOYMENT, JOB
from k8slab.kubectl.verbs._editing import LINE_ENDINGS, edit_before_create
from k8slab.kubectl.verbs._raw import raw_write


def _run(session: Session) -> None:
    if session.arguments:
        raise usage_fail("create", f"Unexpected args: [{' '.join(session.arguments)}]")
    if not session.flags["filename"] and not session.flags["kustomize"]:
        raise fail("must specify one of -f and -k")
    check_output(session)
    if session.flags["raw"]:
        raw_write(session, "POST")
        return
    field_validation(session)
    infos = from_files(session, validated=True)
    if session.flags["edit"]:
        for info in infos:
            edit_before_create(session, info, lambda edited: _create(session, edited))
        return
    for info in infos:
        with session.collecting():
            _create(session, info)
    session.stop_if_failed()
    if not infos:
        raise fail("no objects passed to create")


def _create(session: Session, info: Info) -> None:
    manifest = noted_if_asked(session, recorded(session, info.present))
    if dry_run(session) != "client":
        query = {**write_query(session, "kubectl-create"), "fieldValidation": field_validation(session)}
        path = path_of(info.kind, info.namespace)
        try:
            manifest = session.request("POST", path, query=query, body=manifest).body
        except ApiError as error:
            raise with_source("creating", info.source, error) from error
    print_done(session, manifest, "created", is_typed=False)


VERB = Verb(
    "create",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        DRY_RUN,
        FIELD_MANAGER,
        SAVE_CONFIG,
        VALIDATE,
        Flag("selector", "l"),
        Flag("edit", type="bool"),
        Flag("raw"),
        RECORD,
        LINE_ENDINGS,
    ),
    subcommands=(
        CLUSTER_ROLE,
        CLUSTER_ROLE_BINDING,
        CONFIG_MAP,
        CRON_JOB,
        DEPLOYMENT,
        INGRESS,
        JOB,
        NAMESPACE,
        DISRUPTION_BUDGET,
        PRIORITY_CLASS,
        QUOTA,
        ROLE,
        ROLE_BINDING,
        SECRET,
        SERVICE,
        SERVICE_ACCOUNT,
        TOKEN,
    ),
    summary="Create a resource from a file or from stdin",
)
