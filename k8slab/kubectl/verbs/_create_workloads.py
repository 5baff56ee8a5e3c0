"""`create deployment`, `job` and `cronjob`.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/{create_deployment,create_job,create_cronjob}.go, v1.36.
"""

from __future__ import annotations

import hashlib

from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import select
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._create import generator, metadata_of

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def _container_name(image: str, number: int) -> str:
    """The bare name of an image. One that isn't a label gets five letters of the image's hash behind it."""
    name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    if "_" not in name and "." not in name:
        return name
    digest = hashlib.blake2b(f"{image} {number}".encode(), digest_size=5).digest()
    ending = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest)
    return f"{name.replace('_', '-').replace('.', '-')}-{ending}"


def _deployment(session: Session, name: str) -> Obj:
    flags = session.flags
    command = session.arguments[1:]
    if len(flags["image"]) > 1 and command:
        raise fail("cannot specify multiple --image options and command")
    labels = {"app": name}
    containers = []
    for number, image in enumerate(flags["image"]):
        container: Obj = {"name": _container_name(image, number), "image": image}
        if command:
            container["command"] = command
        containers.append(container)
    if flags["port"] >= 0 and containers:
        containers[0]["ports"] = [{"containerPort": flags["port"]}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata_of(session, name, labels=labels),
        "spec": {
            "replicas": flags["replicas"],
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def _job_spec(name: str, image: str, command: list[str], restart: str) -> Obj:
    container: Obj = {"name": name, "image": image}
    if command:
        container["command"] = command
    return {"template": {"spec": {"containers": [container], "restartPolicy": restart}}}


def _job(session: Session, name: str) -> Obj:
    flags = session.flags
    command = session.arguments[1:]
    if bool(flags["image"]) == bool(flags["from"]):
        raise fail("either --image or --from must be specified")
    if command and flags["from"]:
        raise fail("cannot specify --from and command")
    if flags["from"]:
        return _job_of_cron_job(session, name)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata_of(session, name),
        "spec": _job_spec(name, flags["image"], command, "Never"),
    }


def _job_of_cron_job(session: Session, name: str) -> Obj:
    """A Job from the template of a CronJob, owned by it."""
    infos = select(session, arguments=[session.flags["from"]])
    session.stop_if_failed()
    if len(infos) != 1:
        raise fail("from must be an existing cronjob")
    info = infos[0]
    if info.kind.kind != "CronJob":
        raise fail(f"unknown object type *{info.kind.version}.{info.kind.kind}")
    cron_job = info.present
    template = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    annotations = {"cronjob.kubernetes.io/instantiate": "manual", **(metadata.get("annotations") or {})}
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron_job["metadata"]["name"],
        "uid": cron_job["metadata"]["uid"],
        "controller": True,
    }
    job = metadata_of(session, name, annotations=annotations, labels=metadata.get("labels") or {})
    job["ownerReferences"] = [owner]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": job, "spec": template["spec"]}


def _cron_job(session: Session, name: str) -> Obj:
    flags = session.flags
    spec = _job_spec(name, flags["image"], session.arguments[1:], flags["restart"] or "OnFailure")
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata_of(session, name),
        "spec": {
            "schedule": flags["schedule"],
            "jobTemplate": {"metadata": {"name": name}, "spec": spec},
        },
    }


DEPLOYMENT = generator(
    "deployment",
    _deployment,
    Flag("image", type="strings"),
    Flag("port", type="int32", default=-1),
    Flag("replicas", "r", type="int32", default=1),
    failure="failed to create deployment:",
    required=("image",),
    aliases=("deploy",),
    summary="Create a deployment with the specified name",
)
JOB = generator(
    "job",
    _job,
    Flag("image"),
    Flag("from"),
    failure="failed to create job:",
    summary="Create a job with the specified name",
)
CRON_JOB = generator(
    "cronjob",
    _cron_job,
    Flag("image"),
    Flag("schedule"),
    Flag("restart"),
    failure="failed to create cronjob:",
    required=("image", "schedule"),
    aliases=("cj",),
    summary="Create a cron job with the specified name",
)
