"""What a reader can do to what is selected: a table of actions, each with the command that does the same.

An action becomes a `Deed`: a kubectl command wherever there is one, else a
verb of the lab (nobody cuts a node's power with kubectl). A deed is recorded by
the lab as an input like any line of code, so what was clicked can be saved,
undone and played again. The text of a deed is what the panel shows for it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, dig, labels_of
from k8slab.containers.ailments import SKEW, SLOWNESS
from k8slab.graph import key_of_id, kind_of
from k8slab.kubectl.wait_text import wait_command
from k8slab.kubelet.shortage import DISK, MEMORY, PIDS

ZONE = "topology.kubernetes.io/zone"
SCALABLE = ("StatefulSet", "Deployment", "ReplicaSet", "ReplicationController")
_ROLLING = ("Deployment", "StatefulSet", "DaemonSet")


class Deed(NamedTuple):
    """Something to do: a kubectl command with its standard input, or a verb of the lab with its arguments."""

    verb: str
    arguments: tuple[Any, ...]
    stdin: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """The line that does the same."""
        if self.verb == "kubectl":
            return f"kubectl {self.arguments[0]}"
        words = [repr(one) for one in self.arguments]
        words += [f"{name}={value!r}" for name, value in self.options]
        return f"lab.{self.verb}({', '.join(words)})"


class Action(NamedTuple):
    """One thing that can be done, and how. `offered(obj, beneath)` says whether it makes sense now.

    What it is called is in the catalogue.
    """

    name: str
    on: tuple[str, ...]
    deed: Callable[[str, Obj], Deed]
    offered: Callable[[Obj, Obj], bool] = lambda obj, machine: True
    grave: bool = False


def kubectl(command: str, stdin: str = "") -> Deed:
    """The deed of a kubectl command."""
    return Deed("kubectl", (command,), stdin)


def reference(identity: str) -> str:
    """An object as kubectl names it: `pod/db-0`, with its namespace where that is not the default."""
    kind = kinds()[kind_of(identity)]
    name = f"{kind.singular}.{kind.group}" if kind.group and "." in kind.group else kind.singular
    namespace, own = key_of_id(identity)
    scope = f" -n {shlex.quote(namespace)}" if namespace not in ("", "default") else ""
    return f"{name}/{own}{scope}"


def in_context(deed: Deed, namespace: str) -> Deed:
    """The deed, naming the namespace `default` itself where kubectl's context has another one."""
    if deed.verb != "kubectl" or namespace == "default" or " -n " in deed.arguments[0]:
        return deed
    return deed._replace(arguments=(f"{deed.arguments[0]} -n default",))


def scale(identity: str, replicas: int) -> Deed:
    """Set how many replicas a workload has."""
    return kubectl(f"scale {reference(identity)} --replicas={replicas}")


def apply(text: str) -> Deed:
    """Apply the YAML of the editor."""
    return kubectl("apply -f -", text)


def condition(identity: str, what: str) -> str:
    """An object's condition as `kubectl wait --for=` takes it: `condition=Ready pod/web-0`."""
    return f"{what if what == 'delete' else f'condition={what}'} {reference(identity)}"


def wait_for(wanted: str) -> Deed:
    """Let time pass until what was said as behind `kubectl wait --for=` holds."""
    return kubectl(wait_command(wanted, "1h"))


def _on(template: str) -> Callable[[str, Obj], Deed]:
    return lambda identity, obj: kubectl(template.format(reference(identity)))


def _node(template: str) -> Callable[[str, Obj], Deed]:
    return lambda identity, obj: kubectl(template.format(key_of_id(identity)[1]))


def _machine(verb: str) -> Callable[[str, Obj], Deed]:
    return lambda identity, obj: Deed(verb, (key_of_id(identity)[1],))


def _container(verb: str) -> Callable[[str, Obj], Deed]:
    def deed(identity: str, obj: Obj) -> Deed:
        namespace, name = key_of_id(identity)
        options = (("namespace", namespace),) if namespace != "default" else ()
        return Deed(verb, (f"pod/{name}",), options=options)

    return deed


def _zone(verb: str) -> Callable[[str, Obj], Deed]:
    return lambda identity, obj: Deed(verb, (labels_of(obj).get(ZONE, ""),))


def _has_zone(obj: Obj, machine: Obj) -> bool:
    return bool(labels_of(obj).get(ZONE)) and _powered(obj, machine)


def _lost_with_its_zone(obj: Obj, machine: Obj) -> bool:
    return bool(labels_of(obj).get(ZONE)) and not _powered(obj, machine)


def _is_running(obj: Obj, machine: Obj) -> bool:
    return bool(dig(obj, "status", "phase") == "Running")


def _hangs(obj: Obj, sandbox: Obj) -> bool:
    return _is_running(obj, sandbox) and bool(sandbox.get("hung"))


def _works(obj: Obj, sandbox: Obj) -> bool:
    return _is_running(obj, sandbox) and not sandbox.get("hung")


def _evict(identity: str, obj: Obj) -> Deed:
    namespace, name = key_of_id(identity)
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    return kubectl(f"create --raw {path} -f -", json.dumps(body))


def _suspend(wanted: bool) -> Callable[[str, Obj], Deed]:
    patch = json.dumps({"spec": {"suspend": wanted}})
    return lambda identity, obj: kubectl(f"patch {reference(identity)} -p '{patch}'")


def _trigger(identity: str, obj: Obj) -> Deed:
    namespace, name = key_of_id(identity)
    scope = f" -n {namespace}" if namespace != "default" else ""
    number = len(dig(obj, "status", "active", default=())) + 1
    revision = obj["metadata"].get("resourceVersion", "0")
    return kubectl(f"create job {name}-by-hand-{revision}-{number} --from=cronjob/{name}{scope}")


def _cluster(verb: str, *arguments: Any) -> Callable[[str, Obj], Deed]:
    return lambda identity, obj: Deed(verb, arguments)


def _is_amiss(obj: Obj, outages: Obj) -> bool:
    """Whether the API server is slow or refuses writes."""
    return "apiserver-slow" in outages or "apiserver-refusing" in outages


def _is_out(what: str) -> Callable[[Obj, Obj], bool]:
    return lambda obj, outages: what in outages


def _answers(what: str) -> Callable[[Obj, Obj], bool]:
    return lambda obj, outages: what not in outages


def _is(path: Sequence[str], value: Any) -> Callable[[Obj, Obj], bool]:
    return lambda obj, machine: (dig(obj, *path, default=False) or False) == value


def _powered(obj: Obj, machine: Obj) -> bool:
    return bool(machine.get("power", "On") == "On")


def _reached(obj: Obj, machine: Obj) -> bool:
    return _powered(obj, machine) and bool(machine.get("network", "Up") == "Up")


def _well(obj: Obj, machine: Obj) -> bool:
    return _reached(obj, machine) and bool(machine.get("kubelet", "Running") == "Running")


def _has(field: str) -> Callable[[Obj, Obj], bool]:
    return lambda obj, machine: _well(obj, machine) and not machine.get(field)


def _ill(obj: Obj, machine: Obj) -> bool:
    return not _well(obj, machine) or any(
        machine.get(field) for field in (DISK, MEMORY, PIDS, SLOWNESS, SKEW)
    )


def _lost(obj: Obj, machine: Obj) -> bool:
    return not _well(obj, machine)


ACTIONS: tuple[Action, ...] = (
    Action("delete-pod", ("Pod",), _on("delete {} --wait=false"), grave=True),
    Action("evict", ("Pod",), _evict),
    Action("kill", ("Pod",), _container("kill"), _is_running, grave=True),
    Action("hang", ("Pod",), _container("hang"), _works, grave=True),
    Action("go-on", ("Pod",), _container("resume"), _hangs),
    Action("oom", ("Pod",), _container("run_out_of_memory"), _is_running, grave=True),
    Action("fill-storage", ("Pod",), _container("fill_storage"), _is_running, grave=True),
    Action(
        "force",
        ("Pod",),
        _on("delete {} --force --grace-period=0 --wait=false"),
        lambda obj, machine: "deletionTimestamp" in obj["metadata"],
        grave=True,
    ),
    Action("cordon", ("Node",), _node("cordon {}"), _is(("spec", "unschedulable"), False)),
    Action("uncordon", ("Node",), _node("uncordon {}"), _is(("spec", "unschedulable"), True)),
    Action("drain", ("Node",), _node("drain {} --ignore-daemonsets --delete-emptydir-data --force")),
    Action("crash", ("Node",), _machine("crash"), _powered, grave=True),
    Action("crash-zone", ("Node",), _zone("crash_zone"), _has_zone, grave=True),
    Action("disconnect", ("Node",), _machine("disconnect"), _reached, grave=True),
    Action("stop-kubelet", ("Node",), _machine("stop_kubelet"), _well, grave=True),
    Action("fill-disk", ("Node",), _machine("fill_disk"), _has(DISK), grave=True),
    Action("fill-memory", ("Node",), _machine("fill_memory"), _has(MEMORY), grave=True),
    Action("use-up-pids", ("Node",), _machine("use_up_pids"), _has(PIDS), grave=True),
    Action("slow-node", ("Node",), _machine("slow_node"), _has(SLOWNESS), grave=True),
    Action("skew-clock", ("Node",), _machine("skew_clock"), _has(SKEW), grave=True),
    Action("recover", ("Node",), _machine("recover"), _ill),
    Action("recover-zone", ("Node",), _zone("recover_zone"), _lost_with_its_zone),
    Action(
        "out-of-service",
        ("Node",),
        _node("taint node {} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"),
        _lost,
    ),
    Action("remove-node", ("Node",), _machine("remove_node"), grave=True),
    Action("restart", _ROLLING, _on("rollout restart {}")),
    Action("rollback", _ROLLING, _on("rollout undo {}")),
    Action("pause", ("Deployment",), _on("rollout pause {}"), _is(("spec", "paused"), False)),
    Action("resume", ("Deployment",), _on("rollout resume {}"), _is(("spec", "paused"), True)),
    Action("trigger", ("CronJob",), _trigger),
    Action("suspend", ("Job", "CronJob"), _suspend(True), _is(("spec", "suspend"), False)),
    Action("unsuspend", ("Job", "CronJob"), _suspend(False), _is(("spec", "suspend"), True)),
)
"""What can be done to objects of certain kinds, in the order in which it is offered."""

CLUSTER: tuple[Action, ...] = (
    Action("add-node", (), _cluster("add_node")),
    Action("stop-api-server", (), _cluster("stop_api_server"), _answers("apiserver"), grave=True),
    Action("start-api-server", (), _cluster("start_api_server"), _is_out("apiserver")),
    Action("slow-api-server", (), _cluster("slow_api_server", "2s"), _answers("apiserver-slow"), grave=True),
    Action("refuse-writes", (), _cluster("refuse_writes", 0.3), _answers("apiserver-refusing"), grave=True),
    Action("mend-api-server", (), _cluster("mend_api_server"), _is_amiss),
    Action("break-registry", (), _cluster("break_registry"), _answers("registry"), grave=True),
    Action("mend-registry", (), _cluster("mend_registry"), _is_out("registry")),
)
"""What can be done to the cluster as a whole."""

OPPOSITES = {
    "uncordon": "cordon",
    "resume": "pause",
    "unsuspend": "suspend",
    "go-on": "hang",
    "recover-zone": "crash-zone",
    "start-api-server": "stop-api-server",
    "mend-registry": "break-registry",
}
"""What takes another action back, by what it takes back. Never are both offered."""

_BROKEN = (("power", "crash"), ("network", "disconnect"), ("kubelet", "stop-kubelet"))
_AILING = (
    (DISK, "fill-disk"),
    (MEMORY, "fill-memory"),
    (PIDS, "use-up-pids"),
    (SLOWNESS, "slow-node"),
    (SKEW, "skew-clock"),
)
_UNHARMED = {"power": "On", "network": "Up", "kubelet": "Running"}

_DELETE = Action("delete", (), _on("delete {} --wait=false"), grave=True)


def actions_on(identity: str, obj: Obj, beneath: Obj) -> list[Action]:
    """What can be done to an object as it is. `beneath` is what `Showing.beneath` says of it."""
    kind = kind_of(identity)
    found = [one for one in ACTIONS if kind in one.on and one.offered(obj, beneath)]
    if kind not in ("Pod", "Node") and kind in kinds():
        found.append(_DELETE)
    return in_place(found, beneath)


def on_cluster(outages: Obj) -> list[Action]:
    """What can be done to the cluster as a whole; `outages` are the parts that answer nobody, by name."""
    return [one for one in CLUSTER if one.offered({}, outages)]


def place_of(name: str, beneath: Obj) -> str:
    """The action in whose place one is offered: its own, or that of what it takes back.

    To recover a node takes back whatever happened to it, so it has the place of the worst of that. What can
    be done then stands before it, so that whoever broke something by a key can mend it by the same one.
    """
    if name == "recover":
        worst = (done for part, done in _BROKEN if beneath.get(part, _UNHARMED[part]) != _UNHARMED[part])
        ailing = (done for field, done in _AILING if beneath.get(field))
        return next(worst, next(ailing, "fill-disk"))
    return OPPOSITES.get(name, name)


_ORDER = {one.name: number for number, one in enumerate((*ACTIONS, *CLUSTER))}


def in_place(found: list[Action], beneath: Obj) -> list[Action]:
    """The actions in the order of their places."""
    return sorted(found, key=lambda one: _ORDER.get(place_of(one.name, beneath), len(_ORDER)))
