"""What a Job's policies make of its Pods: which failures count, and which successes are enough.

Models pkg/controller/job/{pod_failure_policy,success_policy}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.meta import Obj, key_text


class FailureMatch(NamedTuple):
    """What the failure policy says: why the Job fails, if it does; does the failure count; the action."""

    message: str = ""
    counts: bool = True
    action: str = ""


_UNMATCHED = FailureMatch()


def match_failure_policy(policy: Obj | None, pod: Obj) -> FailureMatch:
    """The first rule that a failed Pod fits. Without one its failure counts."""
    if policy is None:
        return _UNMATCHED
    status = pod.get("status") or {}
    for index, rule in enumerate(policy["rules"]):
        reason = ""
        action = rule["action"]
        if rule.get("onExitCodes") is not None:
            container = _failed_container(status, rule["onExitCodes"])
            if container is not None:
                code = container["state"]["terminated"]["exitCode"]
                reason = f"Container {container['name']} for pod {_name(pod)} failed with exit code {code}"
        elif rule.get("onPodConditions"):
            condition = _matching_condition(status, rule["onPodConditions"])
            if condition is not None:
                reason = f"Pod {_name(pod)} has condition {condition['type']}"
        if reason and action in _MATCHES:
            if action == "FailJob":
                return FailureMatch(f"{reason} matching {action} rule at index {index}", True, action)
            return _MATCHES[action]
    return _UNMATCHED


_MATCHES = {
    "Ignore": FailureMatch("", False, "Ignore"),
    "Count": FailureMatch("", True, "Count"),
    "FailIndex": FailureMatch("", True, "FailIndex"),
    "FailJob": FailureMatch("", True, "FailJob"),
}


def _name(pod: Obj) -> str:
    metadata = pod["metadata"]
    return key_text((metadata.get("namespace", ""), metadata["name"]))


def _failed_container(status: Obj, requirement: Obj) -> Obj | None:
    """The first ended container whose exit code, other than 0, the requirement names."""
    wanted, values = requirement.get("containerName"), requirement.get("values") or ()
    for container in (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())):
        ended = (container.get("state") or {}).get("terminated")
        if ended is None or wanted not in (None, container["name"]):
            continue
        code = ended.get("exitCode", 0)
        operator = requirement.get("operator")
        if code and ((operator == "In" and code in values) or (operator == "NotIn" and code not in values)):
            return container  # type: ignore[no-any-return]
    return None


def _matching_condition(status: Obj, patterns: Sequence[Obj]) -> Obj | None:
    for condition in status.get("conditions") or ():
        for pattern in patterns:
            if condition["type"] == pattern["type"] and condition["status"] == pattern.get("status"):
                return condition  # type: ignore[no-any-return]
    return None
