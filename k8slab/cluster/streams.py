"""Reaching into containers through the API server: logs, and commands that need lab time.

Models pkg/registry/core/pod/rest/{log,subresources}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slab.api.errors import ApiError, not_found
from k8slab.api.meta import Key, Obj
from k8slab.clock import SECOND_US, parse_timestamp
from k8slab.cluster.api import component_actor
from k8slab.cluster.dispatch import execute as carry_out
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import Cause, World
from k8slab.components import Done, Plan
from k8slab.containers.requests import Sleep
from k8slab.kubelet.streams import exec_, read_logs


def pod_at(world: World, key: Key) -> Obj:
    """The Pod, bound to a node that answers. ApiError 404, or the API server's words for why not."""
    pod = world.get("Pod", key)
    if pod is None:
        raise not_found("pods", "", key[1])
    node = pod["spec"].get("nodeName", "")
    if not node:
        raise ApiError(400, "BadRequest", f"pod {key[1]} does not have a host assigned")
    machine = world.get("Machine", ("", node))
    if machine is not None and (machine["spec"]["power"] != "On" or machine["spec"]["network"] != "Up"):
        address = f'Get "https://{node}:10250/": dial tcp {node}:10250: connect: no route to host'
        raise ApiError(500, "InternalError", f"Internal error occurred: {address}")
    return pod


def log_response(world: World, request: Request, key: Key) -> Response:
    """Answer a request for a container's log: plain text."""
    query = request.query
    pod = pod_at(world, key)
    since_us = 0
    if query.get("sinceSeconds"):
        since_us = world.now_us - int(query["sinceSeconds"]) * SECOND_US
    elif query.get("sinceTime"):
        since_us = parse_timestamp(query["sinceTime"])
    text = read_logs(
        world,
        pod,
        query.get("container", ""),
        previous=query.get("previous") == "true",
        since_us=since_us,
        tail=int(query["tailLines"]) if query.get("tailLines") else None,
        timestamps=query.get("timestamps") == "true",
        limit_bytes=int(query.get("limitBytes") or 0),
    )
    return Response(200, text, "text/plain")


def carry(world: World, plan: Plan, key: Key, what: str) -> Done:
    """Carry out what somebody does in a container: the actions of a plan, with its cause."""

    def note() -> int:
        world.causes.append(Cause(world.now_us, "user", key, 0, what))
        return len(world.causes) - 1

    done: Done = carried_out(world, plan, note)
    return done


def carried_out(world: World, plan: Any, note: Callable[[], int]) -> Any:
    """What a plan of a kubelet returns, after its actions; `note` numbers their cause, if there is any."""
    actor = component_actor("kubelet", "kubelet")
    cause, outcome = -1, None
    while True:
        try:
            action = plan.send(outcome)
        except StopIteration as stop:
            return stop.value
        if cause < 0:
            cause = note()
        outcome = carry_out(world, actor, action, cause)


def execute(
    world: World,
    key: Key,
    container: str,
    command: list[str],
    stdin: str,
    *,
    run_to: Callable[[int], None],
) -> tuple[str, str, int]:
    """Run a command in a container. Its output, its errors and its exit code.

    `run_to(at_us)` lets lab time pass to an instant, for commands that sleep.
    Raises ApiError where the Pod or container is not there or does not run.
    """
    pod = pod_at(world, key)
    actor = component_actor("kubelet", "kubelet")
    world.causes.append(Cause(world.now_us, "user", key, 0, f"kubectl exec {key[1]} -- {' '.join(command)}"))
    cause = len(world.causes) - 1
    plan = exec_(world, pod, container, command, stdin, world.now_us)
    answer: Any = None
    while True:
        try:
            step = plan.send(answer)
        except StopIteration as stop:
            ran = stop.value
            return ran.stdout, ran.stderr, ran.code
        if isinstance(step, Sleep):
            run_to(world.now_us + max(step.duration_us, 1))
            answer = world.now_us
        else:
            answer = carry_out(world, actor, step, cause)
