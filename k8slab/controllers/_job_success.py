"""Whether an Indexed Job has succeeded early, by its success policy.

Models pkg/controller/job/success_policy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.controllers._job_indexes import Intervals, parse_indexes, total


def match_success_policy(policy: Obj | None, completions: int, succeeded: Intervals) -> str:
    """The message of the first rule that the succeeded indexes fulfil; empty where none is."""
    if policy is None or not succeeded:
        return ""
    for number, rule in enumerate(policy["rules"]):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            required = parse_indexes(rule["succeededIndexes"], completions)
            fulfilled = bool(required) and is_fulfilled(required, succeeded, count)
        else:
            fulfilled = count is not None and total(succeeded) >= count
        if fulfilled:
            return f"Matched rules at index {number}"
    return ""


def is_fulfilled(required: Intervals, succeeded: Intervals, count: int | None) -> bool:
    """Whether all required indexes, or `count` of them, have succeeded."""
    contained = at_required = at_succeeded = 0
    while at_required < len(required) and at_succeeded < len(succeeded):
        (first, last), (other_first, other_last) = required[at_required], succeeded[at_succeeded]
        contained += max(min(last, other_last) - max(first, other_first) + 1, 0)
        at_required += last <= other_last
        at_succeeded += other_last <= last
    return contained == total(required) or (count is not None and contained >= count)
