"""LimitRanges: what they fill in, what they refuse, and in which words.

Ports the tables of plugin/pkg/admission/limitranger/admission_test.go, v1.36; the longest is another file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.clock import START_US, timestamp
from k8slab.cluster.admission import Request, limitranger
from tests.controllers.view import MemoryView

KINDS = kinds()
ANNOTATION = "kubernetes.io/limit-ranger"


def amounts(text):
    return {} if text == "-" else dict(part.split("=") for part in text.split(","))


def resources(text):
    """`cpu=1/cpu=2`: requests and limits."""
    requests, _, limits = text.partition("/")
    return {"requests": amounts(requests), "limits": amounts(limits)}


def pod_of(text):
    """`2xcpu=1/- init:cpu=2/-`: two containers and an init container."""
    first, *others = text.split()
    count, _, given = first.partition("x")
    spec = {"containers": [{"name": f"foo-{i}", "resources": resources(given)} for i in range(int(count))]}
    for other in others:
        what, _, given = other.partition(":")
        if what == "whole":
            spec["resources"] = resources(given)
            continue
        before = spec.setdefault("initContainers", [])
        one = {"name": f"foo-{len(before)}", "resources": resources(given)}
        before.append({**one, "restartPolicy": "Always"} if what == "sidecar" else one)
    return {"metadata": {"name": "p", "namespace": "ns"}, "spec": spec}


FIELDS = {
    "min": "min",
    "max": "max",
    "ratio": "maxLimitRequestRatio",
    "default": "default",
    "defaultRequest": "defaultRequest",
}


def limits_of(*texts):
    """A LimitRange of items such as `Pod min:cpu=1 max:cpu=2`."""
    items = []
    for text in texts:
        kind, *given = text.split()
        bounds = (one.partition(":") for one in given)
        items.append({"type": kind, **{FIELDS[name]: amounts(value) for name, _, value in bounds}})
    metadata = {"name": "abc", "namespace": "ns", "uid": "abc"}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": items}}


def write(obj, limit_range, *, kind="Pod", operation="CREATE", subresource="", old=None):
    return Request(MemoryView([limit_range]), operation, KINDS[kind], "ns", "p", subresource, obj, old)


def filled(pod, limit_range):
    return limitranger.ADMISSION.mutate(write(pod, limit_range), pod)


def refused(request):
    """Why a write is refused, after the name of what is written; empty if it isn't."""
    try:
        limitranger.ADMISSION.validate(request)
    except ApiError as error:
        assert (error.code, error.reason) == (403, "Forbidden")
        return error.message.partition(" is forbidden: ")[2]
    return ""


LINES = Path(__file__).with_name("limit_ranges.txt").read_text(encoding="utf-8").splitlines()
CASES = [[part.strip() for part in line.split("|")] for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize(
    ("let_in", "pod", "limits"),
    [(case[0], case[2], case[3]) for case in CASES],
    ids=[f"{case[0]}-{case[1]}" for case in CASES],
)
def test_bounds_of_pods(let_in, pod, limits):
    limit_range = limits_of(limits)
    request = write(filled(pod_of(pod), limit_range), limit_range)
    assert (refused(request) == "") is (let_in == "yes")


CLAIMS = {
    "pvc-is-min-storage-request": ("1Gi", "min:storage=1Gi", ""),
    "pvc-is-max-storage-request": ("1Gi", "max:storage=1Gi", ""),
    "pvc-no-minmax-storage-request": ("100Gi", "", ""),
    "pvc-within-minmax-storage-request": ("5Gi", "min:storage=1Gi max:storage=10Gi", ""),
    "pvc-below-min-storage-request": (
        "500Mi",
        "min:storage=1Gi",
        "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi",
    ),
    "pvc-exceeds-max-storage-request": (
        "100Gi",
        "min:storage=1Gi max:storage=1Gi",
        "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 100Gi",
    ),
    "no request": (
        "",
        "min:storage=1Gi max:storage=1Gi",
        "[minimum storage usage per PersistentVolumeClaim is 1Gi.  No request is specified, "
        "maximum storage usage per PersistentVolumeClaim is 1Gi.  No request is specified]",
    ),
}


@pytest.mark.parametrize(("storage", "bounds", "message"), CLAIMS.values(), ids=CLAIMS)
def test_bounds_of_claims(storage, bounds, message):
    requests = {"requests": {"storage": storage}} if storage else {}
    claim = {"metadata": {"name": "p", "namespace": "ns"}, "spec": {"resources": requests}}
    limit_range = limits_of(f"PersistentVolumeClaim {bounds}")
    assert refused(write(claim, limit_range, kind="PersistentVolumeClaim")) == message


MESSAGES = {
    "no request": (
        "1x-/-", "Container min:cpu=50m", "minimum cpu usage per Container is 50m.  No request is specified",
    ),
    "a small request": (
        "1xcpu=40m/-", "Container min:cpu=50m",
        "minimum cpu usage per Container is 50m, but request is 40m",
    ),
    "a small limit": (
        "1xcpu=50m/cpu=40m", "Container min:cpu=50m",
        "minimum cpu usage per Container is 50m, but limit is 40m",
    ),
    "no limit": (
        "1xcpu=1/-", "Container max:cpu=2", "maximum cpu usage per Container is 2.  No limit is specified",
    ),
    "a large limit": (
        "1xcpu=1/cpu=3", "Container max:cpu=2", "maximum cpu usage per Container is 2, but limit is 3",
    ),
    "a large request": (
        "1xcpu=3/cpu=2", "Container max:cpu=2", "maximum cpu usage per Container is 2, but request is 3",
    ),
    "no ratio without a request": (
        "1x-/cpu=1", "Container ratio:cpu=2",
        "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
    ),
    "no ratio without a limit": (
        "1xcpu=1/cpu=0", "Container ratio:cpu=2",
        "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
    ),
    "a large ratio": (
        "3xmemory=250Mi/memory=500Mi", "Pod ratio:memory=1500m",
        "memory max limit to request ratio per Pod is 1500m, but provided ratio is 2.000000",
    ),
    "amounts beyond thousandths are compared in whole units": (
        "1xmemory=10000000000000000/memory=10000000000000000500m", "Container max:memory=10000000000000000",
        "maximum memory usage per Container is 10000000000000000, but limit is 10000000000000000500m",
    ),
    "amounts below thousandths count as one": ("1xcpu=100u/cpu=1m", "Container min:cpu=1m", ""),
}  # fmt: skip


@pytest.mark.parametrize(("pod", "limits", "message"), MESSAGES.values(), ids=MESSAGES)
def test_messages(pod, limits, message):
    assert refused(write(pod_of(pod), limits_of(limits))) == message


# Defaults.


VALID = limits_of(
    "Pod max:cpu=200m,memory=4Gi min:cpu=50m,memory=2Mi",
    "Container max:cpu=100m,memory=2Gi min:cpu=25m,memory=1Mi "
    "default:cpu=75m,memory=10Mi defaultRequest:cpu=50m,memory=5Mi",
)
BARE = limits_of(
    "Pod max:cpu=200m,memory=4Gi min:cpu=50m,memory=2Mi",
    "Container max:cpu=100m,memory=2Gi min:cpu=25m,memory=1Mi",
)
DEFAULTS = {
    "empty-resources": (
        "1x-/-",
        "1xcpu=50m,memory=5Mi/cpu=75m,memory=10Mi",
        "LimitRanger plugin set: cpu, memory request for container foo-0; "
        "cpu, memory limit for container foo-0",
    ),
    "limit-memory": (
        "1xmemory=512Mi/- init:memory=512Mi/-",
        "1xmemory=512Mi,cpu=50m/cpu=75m,memory=10Mi init:memory=512Mi,cpu=50m/cpu=75m,memory=10Mi",
        "LimitRanger plugin set: cpu request for container foo-0; cpu, memory limit for container foo-0; "
        "cpu request for init container foo-0; cpu, memory limit for init container foo-0",
    ),
    "everything is there": (
        "1xcpu=100m,memory=512Mi/cpu=200m,memory=1G init:cpu=200m,memory=1G/cpu=400m,memory=2G",
        "1xcpu=100m,memory=512Mi/cpu=200m,memory=1G init:cpu=200m,memory=1G/cpu=400m,memory=2G",
        None,
    ),
}


@pytest.mark.parametrize(("before", "after", "annotation"), DEFAULTS.values(), ids=DEFAULTS)
def test_defaults(before, after, annotation):
    pod = filled(pod_of(before), VALID)
    assert pod["spec"] == pod_of(after)["spec"]
    assert (pod["metadata"].get("annotations") or {}).get(ANNOTATION) == annotation


LOOKED_AT = {
    "a new Pod": ("CREATE", "", False, True),
    "a changed Pod": ("UPDATE", "", False, False),
    "a Pod's status": ("UPDATE", "status", False, False),
    "a Pod's resize": ("UPDATE", "resize", False, True),
    "the resize of a Pod that goes": ("UPDATE", "resize", True, False),
}


@pytest.mark.parametrize(("operation", "subresource", "going", "judged"), LOOKED_AT.values(), ids=LOOKED_AT)
def test_what_is_judged(operation, subresource, going, judged):
    pod = pod_of("1x-/-")
    old = None
    if operation == "UPDATE":
        metadata = {**pod["metadata"], **({"deletionTimestamp": timestamp(START_US)} if going else {})}
        old = {**pod, "metadata": metadata}
    request = write(pod, BARE, operation=operation, subresource=subresource, old=old)
    assert (refused(request) != "") is judged
