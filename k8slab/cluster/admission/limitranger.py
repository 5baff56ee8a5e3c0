"""LimitRanger: a namespace's default requests and limits, and its bounds for Pods, containers and claims.

Models plugin/pkg/admission/limitranger/admission.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from k8slab.api import quantities
from k8slab.api.kinds._pod_resources import amounts_of, container_total
from k8slab.api.meta import Obj, is_terminating
from k8slab.cluster.admission._plugin import Admission, Request, aggregate, refusal

ANNOTATION = "kubernetes.io/limit-ranger"
_POD_LEVEL = ("cpu", "memory")


def _concerned(request: Request) -> Sequence[Obj]:
    """The LimitRanges that have a say."""
    if request.old is not None and is_terminating(request.old):
        return ()
    is_pod = request.kind.kind == "Pod"
    if request.subresource and not (is_pod and request.subresource == "resize"):
        return ()
    if is_pod and request.operation == "UPDATE" and request.subresource != "resize":
        return ()
    return request.view.list("LimitRange", namespace=request.namespace)


def _items(limit_range: Obj) -> Sequence[Obj]:
    return (limit_range.get("spec") or {}).get("limits") or ()


# Defaults.


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.kind.kind == "Pod":
        for limit_range in _concerned(request):
            obj = _with_defaults(obj, limit_range)
    return obj


def _with_defaults(pod: Obj, limit_range: Obj) -> Obj:
    """The Pod with the requests and limits that its containers lack, and an annotation that says so."""
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for item in _items(limit_range):
        if item.get("type") == "Container":
            requests |= item.get("defaultRequest") or {}
            limits |= item.get("default") or {}
    spec: Obj = pod["spec"]
    texts: list[str] = []
    for field, label in (("containers", "container"), ("initContainers", "init container")):
        containers = spec.get(field)
        if containers:
            filled = [_filled(container, requests, limits, label, texts) for container in containers]
            spec = {**spec, field: filled}
    if not texts:
        return pod
    metadata = pod["metadata"]
    text = f"LimitRanger plugin set: {'; '.join(texts)}"
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: text}
    return {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _filled(
    container: Obj, requests: dict[str, str], limits: dict[str, str], label: str, texts: list[str]
) -> Obj:
    """A container with its defaults; what was set is told in `texts`."""
    resources = container.get("resources") or {}
    new = dict(resources)
    for field, defaults, word in (("requests", requests, "request"), ("limits", limits, "limit")):
        present = resources.get(field) or {}
        missing = {name: amount for name, amount in defaults.items() if name not in present}
        if missing:
            new[field] = {**present, **missing}
            texts.append(f"{', '.join(sorted(missing))} {word} for {label} {container.get('name', '')}")
    return container if new == resources else {**container, "resources": new}


# Bounds.


class _Usage(NamedTuple):
    """The requests and limits that are held against a bound."""

    requests: dict[str, quantities.Quantity]
    limits: dict[str, quantities.Quantity]


def _validate(request: Request) -> None:
    obj = request.new
    if obj is None:
        return
    is_pod = request.kind.kind == "Pod"
    for limit_range in _concerned(request):
        faults = list(_pod_faults(limit_range, obj) if is_pod else _claim_faults(limit_range, obj))
        if faults:
            raise refusal(request, aggregate(faults))


def _pod_faults(limit_range: Obj, pod: Obj) -> Iterator[str]:
    spec = pod["spec"]
    for item in _items(limit_range):
        if item.get("type") == "Container":
            for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
                resources = container.get("resources") or {}
                usage = _Usage(amounts_of(resources.get("requests")), amounts_of(resources.get("limits")))
                yield from _faults(item, usage)
        elif item.get("type") == "Pod":
            yield from _faults(item, _Usage(_whole(spec, "requests"), _whole(spec, "limits")))


def _whole(spec: Obj, which: str) -> dict[str, quantities.Quantity]:
    own = amounts_of((spec.get("resources") or {}).get(which))
    stated = {name: amount for name, amount in own.items() if name in _POD_LEVEL}
    return {**container_total(spec, which), **stated}


def _claim_faults(limit_range: Obj, claim: Obj) -> Iterator[str]:
    resources = (claim.get("spec") or {}).get("resources") or {}
    requests = amounts_of(resources.get("requests"))
    for item in _items(limit_range):
        if item.get("type") != "PersistentVolumeClaim":
            continue
        for name, text in sorted((item.get("min") or {}).items()):
            yield from _below_minimum(item["type"], name, text, _Usage(requests, {}))
        for name, text in sorted((item.get("max") or {}).items()):
            prefix = f"maximum {name} usage per {item['type']} is {text}"
            numbers = _numbers(name, text, _Usage(requests, {}))
            if name not in requests:
                yield f"{prefix}.  No request is specified"
            elif numbers.request > numbers.bound:
                yield f"{prefix}, but request is {quantities.to_text(requests[name])}"


def _faults(item: Obj, usage: _Usage) -> Iterator[str]:
    kind = item["type"]
    for name, text in sorted((item.get("min") or {}).items()):
        yield from _below_minimum(kind, name, text, usage)
    for name, text in sorted((item.get("max") or {}).items()):
        yield from _above_maximum(kind, name, text, usage)
    for name, text in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _above_ratio(kind, name, text, usage)


_MOST_MILLIS = (2**63 - 1) // 1000


class _Numbers(NamedTuple):
    """Amounts as they are compared; what is not stated is 0."""

    request: int
    limit: int
    bound: int


def _numbers(name: str, text: str, usage: _Usage) -> _Numbers:
    """In thousandths, rounded up; in whole units where one of them is too great for that."""
    stated = (usage.requests.get(name), usage.limits.get(name), quantities.parse(text))
    nanos = [amount.nano if amount is not None else 0 for amount in stated]
    units = [-(-nano // quantities.NANO_PER_UNIT) for nano in nanos]
    if max(units) > _MOST_MILLIS:
        return _Numbers(*units)
    return _Numbers(*(-(-nano // quantities.NANO_PER_MILLI) for nano in nanos))


def _below_minimum(kind: str, name: str, text: str, usage: _Usage) -> Iterator[str]:
    prefix = f"minimum {name} usage per {kind} is {text}"
    request, limit = usage.requests.get(name), usage.limits.get(name)
    numbers = _numbers(name, text, usage)
    if request is None:
        yield f"{prefix}.  No request is specified"
    elif numbers.request < numbers.bound:
        yield f"{prefix}, but request is {quantities.to_text(request)}"
    elif limit is not None and numbers.limit < numbers.bound:
        yield f"{prefix}, but limit is {quantities.to_text(limit)}"


def _above_maximum(kind: str, name: str, text: str, usage: _Usage) -> Iterator[str]:
    prefix = f"maximum {name} usage per {kind} is {text}"
    request, limit = usage.requests.get(name), usage.limits.get(name)
    numbers = _numbers(name, text, usage)
    if limit is None:
        yield f"{prefix}.  No limit is specified"
    elif numbers.limit > numbers.bound:
        yield f"{prefix}, but limit is {quantities.to_text(limit)}"
    elif request is not None and numbers.request > numbers.bound:
        yield f"{prefix}, but request is {quantities.to_text(request)}"


def _above_ratio(kind: str, name: str, text: str, usage: _Usage) -> Iterator[str]:
    prefix = f"{name} max limit to request ratio per {kind} is {text}"
    numbers = _numbers(name, text, usage)
    if not numbers.request:
        yield f"{prefix}, but no request is specified or request is 0"
    elif not numbers.limit:
        yield f"{prefix}, but no limit is specified or limit is 0"
    elif numbers.limit / numbers.request * 1000 > quantities.milli(text):
        yield f"{prefix}, but provided ratio is {numbers.limit / numbers.request:f}"


ADMISSION = Admission(
    "LimitRanger", _mutate, _validate, kinds=("Pod", "PersistentVolumeClaim"), needs="LimitRange"
)
