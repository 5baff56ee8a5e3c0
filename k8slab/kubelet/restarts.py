"""Whether a container that exited is started again.

Models pkg/api/v1/pod/util.go (ContainerShouldRestart, FindMatchingContainerRestartRule)
and pkg/kubelet/container/helpers.go (ShouldContainerBeRestarted), v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj


def matching_rule(container: Obj, exit_code: int) -> Obj | None:
    """The first of the container's restart rules that fits the exit code."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes")
        if codes is None:
            continue
        listed = exit_code in (codes.get("values") or ())
        if listed == (codes.get("operator") == "In"):
            return rule  # type: ignore[no-any-return]
    return None


def should_restart(container: Obj, pod_spec: Obj, exit_code: int) -> bool:
    """Whether the container's rules, its own policy or the Pod's policy ask for another run."""
    policy = container.get("restartPolicy")
    if policy is not None:
        rule = matching_rule(container, exit_code)
        if rule is not None and rule.get("action") in ("Restart", "RestartAllContainers"):
            return True
    else:
        policy = pod_spec.get("restartPolicy", "Always")
    if policy == "OnFailure":
        return exit_code != 0
    return bool(policy != "Never")


def restarts_all(container: Obj, exit_code: int) -> bool:
    """Whether this exit restarts every container of the Pod."""
    rule = matching_rule(container, exit_code)
    return rule is not None and rule.get("action") == "RestartAllContainers"


def restarts_after_probe(container: Obj, pod_spec: Obj) -> bool:
    """Whether a container that failed a probe is started again; rules need an exit code and don't count."""
    policy = container.get("restartPolicy") or pod_spec.get("restartPolicy", "Always")
    return bool(policy != "Never")
