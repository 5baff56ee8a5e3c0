"""Playing a recorded scenario step by step on a virtual clock.

A scenario is a list of steps, each with one verb; after each step time runs
until nothing has changed for a while, and the step is read off the history.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from k8slab import clock
from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Key, Obj, assoc, condition_is, controller_of
from k8slab.cluster import api, assembly, deletion, dispatch, patching, queue, subresources
from k8slab.cluster.kinds import kind_of
from k8slab.cluster.request import Request
from k8slab.cluster.routes import parse_path
from k8slab.cluster.world import World
from k8slab.components import Component
from k8slab.lab import Lab
from k8slab.reference import script
from k8slab.timing import HEARTBEAT_US, INSTANT, Span

TIMING = INSTANT._replace(
    name="reference",
    spans={
        **INSTANT.spans,
        "informer": Span(2000, 2000),
        "api_call": Span(2000, 2000),
        "claim_protection": Span(100000, 100000),
        # The collector hears of things no sooner than the controllers do.
        "garbage_collect": Span(20000, 20000),
    },
)
_START_SECOND = 20


_PATCH_TYPES = {"merge": "merge-patch", "json": "json-patch", "strategic": "strategic-merge-patch"}


_SCRIPTED = ("attachdetach-controller", "volume-provisioner")
"""Controllers whose part was scripted when the scenarios were recorded."""


def _controllers() -> list[Component]:
    return [one for one in assembly.controllers() if one.name not in _SCRIPTED]


class Played(NamedTuple):
    """One step as it was played: revisions before and after, the refusal, the World then."""

    verb: str
    after_revision: int
    until_revision: int
    start_us: int
    error: ApiError | None
    world: World


class Scenario(NamedTuple):
    """A scenario that was played: its text and its steps."""

    spec: Obj
    start_us: int
    steps: tuple[Played, ...]


def play(spec: Obj) -> Scenario:
    """Play a scenario from its beginning. Unknown verbs raise KeyError."""
    player = _Player(spec)
    steps = tuple(player.step(one) for one in spec["steps"])
    return Scenario(spec, player.minute_us, steps)


class _Player:
    """The state of one play: the World, and what placeholders stand for."""

    def __init__(self, spec: Obj) -> None:
        from k8slab.scheduler import SCHEDULER

        self.spec = spec
        self.namespace = spec["name"]
        self.lab = Lab(
            nodes=0,
            timing=TIMING,
            gates=tuple(spec.get("featureGates") or ()),
            components=(*_controllers(), SCHEDULER, script.KUBELET, script.PROVISIONER),
        )
        self.world = self.lab.world
        kubelet = spec.get("kubelet") or {}
        dispatch.execute(
            self.world,
            api.ADMIN,
            script.put_script(
                self.world, start=kubelet.get("start", "auto"), stop=kubelet.get("stop", "auto")
            ),
            0,
        )
        for name in ("node-0", "node-1", "node-2"):
            self._add_node({"name": name})
        for extra in spec.get("extraNodes") or ():
            self._add_node(extra)
        self._create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self._settle_first()
        quiet = 3.5 if self.namespace.startswith(("job-", "cron-")) else 2.5
        self.quiet_us = clock.duration_us(spec.get("quiet", quiet))

    def _settle_first(self) -> None:
        """Let the cluster come up, then go to second 20 of a full minute."""
        self.lab.settle()
        second = (self.spec.get("clock") or [_START_SECOND])[0]
        minute = self.world.now_us // clock.MINUTE_US + 1
        self.minute_us = minute * clock.MINUTE_US
        self.lab._run_to(self.minute_us + second * clock.SECOND_US)

    # Steps.

    def step(self, step: Obj) -> Played:
        verb = next(name for name in step if name != "settle")
        before = self.world.store.revision
        start_us = self.world.now_us
        error = None
        try:
            _VERBS[verb](self, self._filled(step[verb]))
        except ApiError as refused:
            error = refused
        if step.get("settle", True):
            self._settle()
        return Played(verb, before, self.world.store.revision, start_us, error, self.world.copy())

    def _settle(self) -> None:
        world = self.world
        last_us = world.now_us
        end_us = world.now_us + script.LONGEST_STEP_US
        seen = world.store.revision
        while True:
            event = queue.next_event(world)
            deadline = last_us + self.quiet_us
            if event is None or (event.at_us > deadline and self._claims_bound()) or event.at_us > end_us:
                world.now_us = max(world.now_us, min(deadline, end_us))
                return
            dispatch.step(world)
            for change in world.store.changes_since(seen):
                if change.kind not in ("Event", "Lease", "Script"):
                    last_us = change.at_us
            seen = world.store.revision

    def _claims_bound(self) -> bool:
        claims = self.world.list("PersistentVolumeClaim", namespace=self.namespace)
        return all(
            (claim.get("status") or {}).get("phase") == "Bound" or "deletionTimestamp" in claim["metadata"]
            for claim in claims
        )

    # Placeholders.

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._filled(name): self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if isinstance(value, str) and "${" in value:
            return re.sub(r"\$\{([^}]*)\}", lambda match: self._placeholder(match[1]), value)
        return value

    def _placeholder(self, text: str) -> str:
        if text.startswith("uid "):
            kind, _, name = text[4:].partition("/")
            obj = self.world.get(kind, (self.namespace, name)) or self.world.get(kind, ("", name))
            return str((obj or {"metadata": {"uid": ""}})["metadata"]["uid"])
        if text.startswith("minutes"):
            return str(self.minute_us // clock.MINUTE_US + int(text[7:] or 0))
        if text.startswith("minute"):
            at_us = self.minute_us + int(text[6:] or 0) * clock.MINUTE_US
            return clock.timestamp(at_us)
        if text.startswith("local"):
            _, offset, zone, *fields = text.split()
            import datetime

            at = datetime.datetime.fromtimestamp(
                self.minute_us / clock.SECOND_US + int(offset) * 60, ZoneInfo(zone)
            )
            return " ".join(str(int(at.strftime(field))) for field in fields)
        raise KeyError(text)

    # Objects.

    def _place(self, manifest: Obj) -> Obj:
        kind = kinds()[manifest["kind"]]
        if kind.namespaced and not manifest["metadata"].get("namespace"):
            return assoc(manifest, "metadata", "namespace", self.namespace)
        return manifest

    def _create(self, manifest: Obj) -> Obj:
        placed = self._place(manifest)
        return api.create(self.world, api.ADMIN, placed["kind"], decoded(placed), cause=self._cause("create"))

    def patch(
        self, kind_name: str, key: Key, body: Any, subresource: str = "", patch_type: str = "merge"
    ) -> None:
        """Patch an object as a client's request does."""
        kind = kind_of(self.world, kind_name)
        version = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
        namespace = f"/namespaces/{key[0]}" if kind.namespaced else ""
        path = f"{version}{namespace}/{kind.plural}/{key[1]}{subresource and f'/{subresource}'}"
        headers = {"Content-Type": f"application/{_PATCH_TYPES.get(patch_type, patch_type)}+json"}
        request = Request("PATCH", path, headers=headers, body=body)
        patching.patch(self.world, request, parse_path(self.world, path), api.ADMIN, [])

    def _cause(self, text: str) -> int:
        return self.lab._cause(text)

    def _key(self, kind: str, name: str) -> Key:
        return (self.namespace if kinds()[kind].namespaced else "", name)

    def _target(self, text: str) -> tuple[str, Key]:
        kind, _, name = text.partition("/")
        if name.startswith("#"):
            alive = self.world.list(kind, namespace=self.namespace)
            name = alive[int(name[1:]) - 1]["metadata"]["name"]
        return kind, self._key(kind, name)

    def _add_node(self, node: Obj) -> None:
        name = node["name"]
        now = clock.timestamp(self.world.now_us)
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            **(node.get("labels") or {}),
        }
        machine = assembly.machine(name, self.world.now_us, labels=labels)
        api.put_internal(self.world, "Machine", ("", name), machine, 0)
        spec = {"taints": node["taints"]} if node.get("taints") else {}
        resources = {"cpu": "64", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1000Gi"}
        body: Obj = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": spec,
        }
        stored = api.create(self.world, api.ADMIN, "Node", body)
        status = {
            **(stored.get("status") or {}),
            "capacity": resources,
            "allocatable": resources,
            "conditions": [_ready_condition("True", now)],
            "addresses": [{"type": "Hostname", "address": name}],
        }
        taints = [
            taint
            for taint in stored["spec"].get("taints") or ()
            if taint["key"] != "node.kubernetes.io/not-ready"
        ]
        api.update(self.world, api.ADMIN, "Node", {**stored, "status": status}, "status")
        stored = self.world.get("Node", ("", name)) or stored
        spec = {name_: value for name_, value in stored["spec"].items() if name_ != "taints"}
        if taints:
            spec["taints"] = taints
        api.update(self.world, api.ADMIN, "Node", {**stored, "spec": spec})

    # Pods.

    def pods(self, selection: Any) -> list[Obj]:
        """The Pods that a scenario's selection means, oldest first."""
        if isinstance(selection, str):
            pod = self.world.get("Pod", (self.namespace, selection))
            return [pod] if pod is not None else []
        if "pods" in selection:
            return self.pods(selection["pods"])
        found = [
            pod for pod in self.world.list("Pod", namespace=self.namespace) if self._fits(pod, selection)
        ]
        if selection.get("order") == "newest":
            found.reverse()
        count = selection.get("count", "all")
        return found if count == "all" else found[: int(count)]

    def _fits(self, pod: Obj, selection: Obj) -> bool:
        labels = pod["metadata"].get("labels") or {}
        if "of" in selection and top_owner(self.world, pod) != selection["of"]:
            return False
        if "node" in selection and pod["spec"].get("nodeName") != selection["node"]:
            return False
        if "index" in selection:
            index = labels.get("batch.kubernetes.io/job-completion-index")
            if index != str(selection["index"]):
                return False
        if any(labels.get(name) != value for name, value in (selection.get("labels") or {}).items()):
            return False
        if "rev" in selection and self._revision_number(pod, selection["of"]) != selection["rev"]:
            return False
        return "state" not in selection or _STATES[selection["state"]](pod)

    def _revision_number(self, pod: Obj, owner: str) -> int:
        """Which ReplicaSet or ControllerRevision of the owner, by creation, the Pod is of."""
        labels = pod["metadata"].get("labels") or {}
        kind, _, name = owner.partition("/")
        numbers: dict[str, int] = {}
        for change in self.world.store.history:
            if change.old is not None or change.new is None:
                continue
            reference = controller_of(change.new)
            if reference is None or reference["kind"] != kind or reference["name"] != name:
                continue
            made = change.new["metadata"].get("labels") or {}
            if change.kind == "ReplicaSet":
                numbers.setdefault(made.get("pod-template-hash", ""), len(numbers) + 1)
            elif change.kind == "ControllerRevision":
                numbers.setdefault(change.new["metadata"]["name"], len(numbers) + 1)
        value = labels.get("pod-template-hash") or labels.get("controller-revision-hash", "")
        return numbers.get(value) or numbers.get(f"{name}-{value}") or 0

    def set_status(self, pod: Obj, status: Obj) -> None:
        key = (self.namespace, pod["metadata"]["name"])
        actor = api.component_actor("kubelet", "kubelet")
        api.patch_merge(
            self.world, actor, "Pod", key, {"status": status}, "status", cause=self._cause("kubelet")
        )

    def act(self, plan: Any) -> None:
        """Carry out the actions of a small plan on behalf of the scripted kubelet."""
        for action in plan:
            dispatch.execute(
                self.world, api.component_actor("kubelet", "kubelet"), action, self._cause("kubelet")
            )


def decoded(manifest: Obj) -> Obj:
    """The manifest as the API server decodes it; ApiError for wrong types or unknown fields."""
    from k8slab.api.decode import decode, stored

    kind = kinds()[manifest["kind"]]
    obj, _, is_sparse = decode(kind, manifest, api_version=manifest["apiVersion"], validation="Warn")
    return stored(kind, obj) if is_sparse else obj


def top_owner(world: World, obj: Obj) -> str:
    """`Kind/name` of the topmost controlling owner; empty for an object without one."""
    found = ""
    while True:
        reference = controller_of(obj)
        if reference is None:
            return found
        found = f"{reference['kind']}/{reference['name']}"
        owner = world.get(reference["kind"], (obj["metadata"].get("namespace", ""), reference["name"]))
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            return found
        obj = owner


def _ready_condition(status: str, when: str) -> Obj:
    ready = status == "True"
    return {
        "type": "Ready",
        "status": status,
        "lastHeartbeatTime": when,
        "lastTransitionTime": when,
        "reason": "KubeletReady" if ready else "KubeletNotReady",
        "message": "kubelet is posting ready status" if ready else "container runtime is down",
    }


def _active(pod: Obj) -> bool:
    return not script.is_finished(pod) and "deletionTimestamp" not in pod["metadata"]


_STATES: dict[str, Callable[[Obj], bool]] = {
    "pending": lambda pod: _active(pod) and pod["status"].get("phase") == "Pending",
    "running": lambda pod: _active(pod) and pod["status"].get("phase") == "Running",
    "ready": lambda pod: _active(pod) and condition_is(pod, "Ready"),
    "unready": lambda pod: _active(pod) and not condition_is(pod, "Ready"),
    "active": _active,
    "terminating": lambda pod: "deletionTimestamp" in pod["metadata"],
    "finished": script.is_finished,
}


# Verbs.


def _apply(player: _Player, manifests: list[Obj]) -> None:
    for manifest in manifests if isinstance(manifests, list) else [manifests]:
        placed = player._place(manifest)
        key = player._key(placed["kind"], placed["metadata"]["name"])
        if player.world.get(placed["kind"], key) is None:
            player._create(placed)
        else:
            player.patch(placed["kind"], key, placed)


def _create(player: _Player, manifests: Any) -> None:
    for manifest in manifests if isinstance(manifests, list) else [manifests]:
        player._create(manifest)


def _patch(player: _Player, argument: Obj) -> None:
    kind, key = player._target(argument["target"])
    player.patch(kind, key, argument["patch"], argument.get("subresource", ""), argument.get("type", "merge"))


def _scale(player: _Player, argument: Obj) -> None:
    kind, key = player._target(argument["target"])
    scale = {"metadata": {"name": key[1]}, "spec": {"replicas": argument["replicas"]}}
    subresources.write_scale(
        player.world, api.ADMIN, kind_of(player.world, kind), key, scale, cause=player._cause("scale")
    )


def _metadata(field: str) -> Callable[[_Player, Obj], None]:
    def change(player: _Player, argument: Obj) -> None:
        if "target" in argument:
            targets = [player._target(argument["target"])]
        else:
            found = player.pods(argument["pods"])
            targets = [("Pod", (player.namespace, pod["metadata"]["name"])) for pod in found]
        patch = {"metadata": {field: argument["set"]}}
        for kind, key in targets:
            api.patch_merge(player.world, api.ADMIN, kind, key, patch, cause=player._cause(field))

    return change


def _delete(player: _Player, argument: Any) -> None:
    if isinstance(argument, str):
        argument = {"target": argument}
    options = deletion.DeleteOptions(
        propagation=argument.get("propagation", ""), grace_seconds=argument.get("gracePeriodSeconds")
    )
    if "target" in argument:
        targets = [player._target(argument["target"])]
    else:
        found = player.pods(argument["pods"])
        targets = [("Pod", (player.namespace, pod["metadata"]["name"])) for pod in found]
    for kind, key in targets:
        deletion.delete(player.world, api.ADMIN, kind, key, options, cause=player._cause("delete"))


def _evict(player: _Player, argument: Any) -> None:
    for pod in player.pods(argument):
        key = (player.namespace, pod["metadata"]["name"])
        subresources.evict(player.world, api.ADMIN, key, deletion.DEFAULT, cause=player._cause("evict"))


def _make(ready: bool) -> Callable[[_Player, Any], None]:
    def change(player: _Player, argument: Any) -> None:
        for pod in player.pods(argument):
            now_us = player.world.now_us
            if pod["status"].get("phase") == "Pending":
                player.set_status(pod, script.running(pod, now_us, ready=ready))
            else:
                player.set_status(pod, script.with_readiness(pod, now_us, ready))

    return change


def _succeed(player: _Player, argument: Any) -> None:
    for pod in player.pods(argument):
        player.set_status(pod, script.finished(pod, player.world.now_us, "Succeeded"))


def _fail(player: _Player, argument: Any) -> None:
    options = argument if isinstance(argument, dict) and "pods" in argument else {}
    for pod in player.pods(argument):
        player.set_status(pod, script.finished(pod, player.world.now_us, "Failed", options))


def _restart(player: _Player, argument: Obj) -> None:
    for pod in player.pods(argument):
        exit_code = argument.get("exitCode", 1)
        player.set_status(pod, script.restarted(pod, player.world.now_us, argument["restarts"], exit_code))


def _finish_termination(player: _Player, argument: Any) -> None:
    options = argument if isinstance(argument, dict) else {}
    for pod in player.pods(argument):
        if "deletionTimestamp" in pod["metadata"]:
            key = (player.namespace, pod["metadata"]["name"])
            player.act(script.end_pod(pod, key, player.world.now_us, options))


def _kubelet(player: _Player, argument: Obj) -> None:
    player.act([script.put_script(player.world, **argument)])


def _cordon(value: bool) -> Callable[[_Player, str], None]:
    def change(player: _Player, node: str) -> None:
        patch = {"spec": {"unschedulable": value or None}}
        api.patch_merge(player.world, api.ADMIN, "Node", ("", node), patch, cause=player._cause("cordon"))

    return change


def _label_node(player: _Player, argument: Obj) -> None:
    patch = {"metadata": {"labels": argument["set"]}}
    key = ("", argument["node"])
    api.patch_merge(player.world, api.ADMIN, "Node", key, patch, cause=player._cause("label"))


def _taint_node(player: _Player, argument: Obj) -> None:
    key = ("", argument["node"])
    node = player.world.get("Node", key)
    assert node is not None, "a scenario taints nodes that exist"
    gone = [_taint(one) for one in _as_list(argument.get("remove"))]
    new = [_taint(one) for one in _as_list(argument.get("add"))]
    kept = [
        taint
        for taint in node["spec"].get("taints") or ()
        if not any(
            taint["key"] == one["key"] and one.get("effect") in (None, "", taint["effect"])
            for one in (*gone, *new)
        )
    ]
    patch = {"spec": {"taints": [*kept, *new] or None}}
    api.patch_merge(player.world, api.ADMIN, "Node", key, patch, cause=player._cause("taint"))


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _taint(value: Any) -> Obj:
    """A taint from `{key, value, effect}` or from `key=value:Effect`."""
    if isinstance(value, dict):
        return value
    text, _, effect = value.rstrip("-").partition(":")
    name, _, content = text.partition("=")
    taint = {"key": name, "effect": effect}
    if content:
        taint["value"] = content
    return taint


def _add_node(player: _Player, argument: Any) -> None:
    player._add_node({"name": argument} if isinstance(argument, str) else argument)


def _remove_node(player: _Player, node: str) -> None:
    api.put_internal(player.world, "Machine", ("", node), None, player._cause("remove node"))
    deletion.delete(player.world, api.ADMIN, "Node", ("", node), cause=player._cause("remove node"))


def _machine(player: _Player, node: str, **change: Any) -> None:
    machine = player.world.get("Machine", ("", node))
    assert machine is not None, "a scenario's nodes have machines"
    before = machine["spec"]
    now_us = player.world.now_us
    after = {**before, **change, "sinceUs": now_us}
    elapsed = (now_us - before["sinceUs"]) // HEARTBEAT_US * HEARTBEAT_US
    after["lastHeartbeatUs"] = before["sinceUs"] + elapsed if after["network"] == "Down" else now_us
    cause = player._cause("machine")
    api.put_internal(player.world, "Machine", ("", node), {**machine, "spec": after}, cause)


def _kill_node(player: _Player, node: str) -> None:
    _machine(player, node, network="Down", kubelet="Stopped")
    dead = {**script.script_of(player.world)["dead"], node: True}
    player.act([script.put_script(player.world, dead=dead)])


def _revive_node(player: _Player, node: str) -> None:
    _machine(player, node, network="Up", kubelet="Running")
    dead = {name: True for name in script.script_of(player.world)["dead"] if name != node}
    player.act([script.put_script(player.world, dead=dead)])
    _node_ready("True")(player, node)


def _node_ready(status: str) -> Callable[[_Player, str], None]:
    def change(player: _Player, node: str) -> None:
        stored = player.world.get("Node", ("", node))
        assert stored is not None, "a scenario's nodes exist"
        condition = _ready_condition(status, clock.timestamp(player.world.now_us))
        kept = [one for one in stored["status"].get("conditions") or () if one["type"] != "Ready"]
        patch = {"status": {"conditions": [*kept, condition]}}
        actor = api.component_actor("kubelet", "kubelet")
        cause = player._cause("node status")
        api.patch_merge(player.world, actor, "Node", ("", node), patch, "status", cause=cause)

    return change


def _advance(player: _Player, seconds: float) -> None:
    player.lab._run_to(player.world.now_us + clock.duration_us(seconds))


def _advance_to_minute(player: _Player, seconds: float) -> None:
    minute = player.world.now_us // clock.MINUTE_US + 1
    player.lab._run_to(minute * clock.MINUTE_US + clock.duration_us(seconds))


_VERBS: dict[str, Callable[[_Player, Any], None]] = {
    "apply": _apply,
    "create": _create,
    "patch": _patch,
    "scale": _scale,
    "label": _metadata("labels"),
    "annotate": _metadata("annotations"),
    "delete": _delete,
    "evict": _evict,
    "make-ready": _make(True),
    "make-unready": _make(False),
    "succeed-pod": _succeed,
    "fail-pod": _fail,
    "restart-container": _restart,
    "finish-termination": _finish_termination,
    "kubelet": _kubelet,
    "cordon": _cordon(True),
    "uncordon": _cordon(False),
    "label-node": _label_node,
    "taint-node": _taint_node,
    "add-node": _add_node,
    "remove-node": _remove_node,
    "kill-node": _kill_node,
    "revive-node": _revive_node,
    "node-not-ready": _node_ready("False"),
    "node-ready": _node_ready("True"),
    "advance": _advance,
    "advance-to-minute": _advance_to_minute,
}
