"""The indexes of an Indexed Job: which succeeded, which failed, which are still to be started.

Sets of indexes are ordered intervals, as long Jobs finish their indexes in
runs; `0-3,5` is how a status writes them.

Models pkg/controller/job/indexed_job_utils.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from k8slab.api.meta import Obj, annotations_of
from k8slab.controllers._job_pods import has_finalizer, is_failed
from k8slab.controllers._job_policies import match_failure_policy

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
_MOST_FAILURES = 2**31 - 1

Intervals = tuple[tuple[int, int], ...]
"""First and last index of each run, in order; runs neither touch nor overlap."""


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[+-]?[0-9]+", text, re.ASCII) else None


def is_indexed(job: Obj) -> bool:
    """Whether each Pod of the Job has an index."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def index_of(pod: Obj) -> int:
    """The Pod's completion index; -1 where it has none that can be read."""
    text = annotations_of(pod).get(INDEX)
    number = _number(text) if text is not None else None
    return number if number is not None and number >= 0 else -1


def valid_index(job: Obj, pod: Obj) -> bool:
    """Whether the Pod's index is one that the Job asks for."""
    completions: int = job["spec"]["completions"]
    return 0 <= index_of(pod) < completions


# Intervals.


def parse_indexes(text: str, completions: int) -> Intervals:
    """The indexes of a status text below `completions`; parts that cannot be read are left out."""
    found: list[tuple[int, int]] = []
    for part in text.split(",") if text else ():
        limits = part.split("-")
        first = _number(limits[0])
        if first is None:
            continue
        if first >= completions:
            break
        last = first
        if len(limits) > 1:
            end = _number(limits[1])
            if end is None:
                continue
            last = min(end, completions - 1)
        if found and found[-1][1] == first - 1:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def merge(left: Intervals, right: Intervals) -> Intervals:
    """The indexes of both."""
    if not right:
        return left
    found: list[tuple[int, int]] = []
    for first, last in sorted((*left, *right)):
        if not found or first > found[-1][1] + 1:
            found.append((first, last))
        elif found[-1][1] < last:
            found[-1] = (found[-1][0], last)
    return tuple(found)


def with_indexes(intervals: Intervals, indexes: Iterable[int]) -> Intervals:
    """The intervals and these indexes."""
    return merge(intervals, tuple((index, index) for index in sorted(indexes)))


def total(intervals: Intervals) -> int:
    """How many indexes there are."""
    return sum(last - first + 1 for first, last in intervals)


def has(intervals: Intervals, index: int) -> bool:
    """Whether an index is among them."""
    return any(first <= index <= last for first, last in intervals)


def format_indexes(intervals: Intervals) -> str:
    """The intervals as a status writes them: two neighbours are listed, three and more are a range."""
    return ",".join(
        str(first) if first == last else f"{first}{',' if last == first + 1 else '-'}{last}"
        for first, last in intervals
    )


# What the Pods say about their indexes.


def succeeded_indexes(job: Obj, pods: Iterable[Obj]) -> tuple[Intervals, Intervals]:
    """The indexes in the status, and those with what succeeded since."""
    text = (job.get("status") or {}).get("completedIndexes", "")
    before = parse_indexes(text, job["spec"]["completions"])
    new = {
        index_of(pod): True
        for pod in pods
        if (pod.get("status") or {}).get("phase") == "Succeeded"
        and valid_index(job, pod)
        and has_finalizer(pod)
    }
    return before, with_indexes(before, new)


def failed_indexes(job: Obj, pods: Iterable[Obj]) -> Intervals:
    """The failed indexes in the status and those that failed since (with backoffLimitPerIndex)."""
    text = (job.get("status") or {}).get("failedIndexes") or ""
    new = {
        index_of(pod): True
        for pod in pods
        if valid_index(job, pod) and has_finalizer(pod) and _fails_index(job, pod)
    }
    return with_indexes(parse_indexes(text, job["spec"]["completions"]), new)


def _fails_index(job: Obj, pod: Obj) -> bool:
    """Whether the Pod's failure is its index's last: by policy, or because too many went before."""
    if not is_failed(pod, job):
        return False
    match = match_failure_policy(job["spec"].get("podFailurePolicy"), pod)
    if match.action == "FailIndex":
        return True
    limit: int = job["spec"]["backoffLimitPerIndex"]
    return match.counts and failure_count(pod) >= limit


def failure_count(pod: Obj) -> int:
    """How many counted failures of its index went before this Pod."""
    return _count(annotations_of(pod).get(FAILURES))


def all_failures_count(pod: Obj) -> int:
    """How many failures of its index went before this Pod, ignored ones included."""
    return failure_count(pod) + _count(annotations_of(pod).get(IGNORED_FAILURES))


def _count(text: str | None) -> int:
    number = _number(text) if text is not None else None
    return number if number is not None and 0 <= number <= _MOST_FAILURES else 0


def failure_annotations(job: Obj, replaced: Obj | None) -> dict[str, str]:
    """The annotations by which a new Pod remembers the failures of its index."""
    if replaced is None:
        return {FAILURES: "0"}
    counted, ignored = failure_count(replaced), _count(annotations_of(replaced).get(IGNORED_FAILURES))
    if match_failure_policy(job["spec"].get("podFailurePolicy"), replaced).counts:
        counted += 1
    else:
        ignored += 1
    return {FAILURES: str(counted), **({IGNORED_FAILURES: str(ignored)} if ignored else {})}


def indexes_of(pods: Iterable[Obj]) -> list[int]:
    """The indexes of some Pods, each once, in order."""
    return sorted({index: True for pod in pods if (index := index_of(pod)) >= 0})


def pending_indexes(taken: Intervals, count: int, completions: int) -> list[int]:
    """The first `count` indexes below `completions` that are not taken."""
    found: list[int] = []
    candidate = 0
    for first, last in (*taken, (completions, completions)):
        free = range(candidate, min(first, completions, candidate + count - len(found)))
        found.extend(free)
        candidate = max(candidate, last + 1)
    return found


def split_repeated(pods: Sequence[Obj], completions: int) -> tuple[list[Obj], dict[int, list[Obj]]]:
    """The Pods without a valid index, and those of each index, in order."""
    ordered = sorted(pods, key=index_of)
    stray = [pod for pod in ordered if index_of(pod) < 0]
    beyond: list[Obj] = []
    by_index: dict[int, list[Obj]] = {}
    for pod in ordered[len(stray) :]:
        if index_of(pod) >= completions:
            beyond.append(pod)
        else:
            by_index.setdefault(index_of(pod), []).append(pod)
    return [*stray, *beyond], by_index
