"""Making and removing a Job's Pods.

Models manageJob and deleteJobPods in pkg/controller/job/job_controller.go and
the Pods' names, labels and variables in indexed_job_utils.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj, key_of, owner_reference
from k8slab.components import Action, Create, Outcome, Patch, Record
from k8slab.controllers._job_indexes import INDEX, failure_annotations, is_indexed
from k8slab.controllers._job_pods import TRACKING, has_finalizer, without_finalizer
from k8slab.controllers._pods import is_ready
from k8slab.controllers._replicas import delete_pod

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
_LONGEST_GENERATE_NAME = 58


def index_generate_name(job_name: str, index: int) -> str:
    """The `generateName` of an index's Pods: a long Job name is cut, the index is not."""
    tail = f"-{index}-"
    name = f"{job_name}{tail}"
    if len(name) > _LONGEST_GENERATE_NAME:
        name = name[: _LONGEST_GENERATE_NAME - len(tail)] + tail
    return name


def with_index_variable(spec: Obj) -> Obj:
    """The Pod spec whose containers can read their index from the environment."""
    changed = {
        name: [_container_with_index(one) for one in spec[name]]
        for name in ("initContainers", "containers")
        if spec.get(name)
    }
    return {**spec, **changed}


def _container_with_index(container: Obj) -> Obj:
    variables = container.get("env") or []
    if any(variable["name"] == INDEX_VARIABLE for variable in variables):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    return {**container, "env": [*variables, {"name": INDEX_VARIABLE, "valueFrom": source}]}


def pod_maker(job: Obj, replaced: dict[int, Obj]) -> Callable[[int], Obj]:
    """A function that makes the Pod of an index (-1 for none) from the Job's template.

    What all Pods of the Job share is made once. `replaced` are the failed
    Pods, by index, whose failures the new ones remember.
    """
    template = job["spec"]["template"]
    given = template.get("metadata") or {}
    finalizers = given.get("finalizers") or []
    name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
    labels, annotations = given.get("labels") or {}, given.get("annotations") or {}
    common: Obj = {
        "namespace": namespace,
        "finalizers": finalizers if TRACKING in finalizers else [*finalizers, TRACKING],
        "ownerReferences": [owner_reference(job)],
    }
    if labels:
        common["labels"] = labels
    if annotations:
        common["annotations"] = annotations
    spec = with_index_variable(template["spec"]) if is_indexed(job) else template["spec"]
    per_index = job["spec"].get("backoffLimitPerIndex") is not None

    def make(index: int) -> Obj:
        if index < 0:
            metadata = {"generateName": f"{name}-", **common}
            return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        noted = {**annotations, INDEX: str(index)}
        if per_index:
            noted |= failure_annotations(job, replaced.get(index))
        metadata = {
            **common,
            "generateName": index_generate_name(name, index),
            "labels": {**labels, INDEX: str(index)},
            "annotations": noted,
        }
        own = {**spec, "hostname": f"{name}-{index}"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": own}

    return make


def create_pods(
    job: Obj, indexes: Sequence[int], replaced: dict[int, Obj]
) -> Generator[Action, Outcome, tuple[int, str]]:
    """Create a Pod for each index, in batches that double and end with the first that fails.

    How many of them there are not, and the first error. A namespace that is
    being deleted refuses Pods; they count as made, for there is nothing to be done.
    """
    make = pod_maker(job, replaced)
    size, done, missing, error = 1, 0, 0, ""
    while done < len(indexes) and not error:
        for index in indexes[done : done + size]:
            try:
                pod = yield Create("Pod", make(index))
            except ApiError as refusal:
                if any(cause.reason == "NamespaceTerminating" for cause in refusal.causes):
                    continue
                yield Record(job, "Warning", "FailedCreate", f"Error creating: {refusal.message}")
                missing += 1
                error = error or refusal.message
            else:
                name = pod["metadata"].get("name", "")
                yield Record(job, "Normal", "SuccessfulCreate", f"Created pod: {name}")
        done = min(done + size, len(indexes))
        size *= 2
    return missing + len(indexes) - done, error


Deleting = Generator[Action, Outcome, tuple[int, int, str]]
"""Gives how many ready Pods and how many Pods in all were deleted, and the first error."""


def delete_pods(job: Obj, pods: Sequence[Obj], *, keep_finalizers: bool) -> Deleting:
    """Delete Pods. With `keep_finalizers` they stay until they are counted, else nobody waits for them."""
    ready, deleted, first = 0, len(pods), ""
    for pod in pods:
        error, released = "", True
        if not keep_finalizers and has_finalizer(pod):
            error, released = yield from _release(pod)
        if released:
            error = yield from delete_pod(job, pod)
            ready += is_ready(pod)
        deleted -= bool(error)
        first = first or error
    return ready, deleted, first


def _release(pod: Obj) -> Generator[Action, Outcome, tuple[str, bool]]:
    """Take the tracking finalizer off. The error, and whether it is off."""
    try:
        yield Patch("Pod", key_of(pod), without_finalizer(pod), uid=pod["metadata"]["uid"])
    except ApiError as error:
        return (
            ("", False) if error.code == 404 else (f"removing completion finalizer: {error.message}", False)
        )
    return "", True
