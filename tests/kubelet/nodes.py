"""A cluster of nothing but nodes: an API server, the kubelets, and a clock to turn."""

from __future__ import annotations

from k8slab.api.meta import assoc
from k8slab.clock import SECOND_US
from k8slab.cluster import api, assembly, deletion, dispatch, queue
from k8slab.cluster.world import World
from k8slab.kubelet import COMPONENTS
from k8slab.kubelet.streams import Ran, Sleep, exec_, read_logs
from k8slab.timing import INSTANT

ACTOR = api.component_actor("test")


class Nodes:
    """Nodes with their kubelets. Pods are put on a node by hand."""

    def __init__(self, count=2, *, timing=INSTANT, seed=7):
        self.world = World(COMPONENTS, seed=seed, timing=timing)
        assembly.bootstrap(self.world)
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": "default"},
        }
        self.create(account)
        for number in range(count):
            name = f"node-{number + 1}"
            machine = assembly.machine(name, self.world.now_us, number=number)
            api.put_internal(self.world, "Machine", ("", name), machine, 0)
        self.run(3)

    def create(self, obj):
        obj = assoc(obj, "metadata", "namespace", obj["metadata"].get("namespace", "default"))
        return api.create(self.world, api.ADMIN, obj["kind"], obj)

    def pod(self, name, *containers, node="node-1", **spec):
        """Create a Pod on a node and return its key."""
        metadata = {"name": name, "namespace": "default"}
        metadata.update(spec.pop("metadata", {}))
        body = {"nodeName": node, "containers": list(containers) or [nginx()], **spec}
        self.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body})
        return ("default", name)

    def run(self, seconds):
        end = self.world.now_us + round(seconds * SECOND_US)
        while (event := queue.next_event(self.world)) and event.at_us <= end:
            dispatch.step(self.world)
        self.world.now_us = end

    def get(self, name, kind="Pod"):
        return self.world.get(kind, ("default", name))

    def status(self, name):
        return self.get(name)["status"]

    def container(self, name, number=0, field="containerStatuses"):
        return self.status(name)[field][number]

    def condition(self, name, kind):
        return next(one for one in self.status(name)["conditions"] if one["type"] == kind)

    def delete(self, name, **options):
        deletion.delete(self.world, api.ADMIN, "Pod", ("default", name), deletion.DeleteOptions(**options))

    def machine(self, name, **spec):
        machine = self.world.get("Machine", ("", name))
        spec = {**machine["spec"], **spec, "sinceUs": self.world.now_us}
        api.put_internal(self.world, "Machine", ("", name), assoc(machine, "spec", spec), 0)

    def events(self, name):
        """What was said about an object: (type, reason, message, count), oldest first."""
        return [
            (event["type"], event["reason"], event["message"], event["count"])
            for event in self.world.list("Event")
            if event["involvedObject"]["name"] == name
        ]

    def reasons(self, name):
        return [reason for _, reason, _, _ in self.events(name)]

    def logs(self, name, container="", **options):
        return read_logs(self.world, self.get(name), container, **options)

    def exec(self, name, *argv, container="", stdin=""):
        plan = exec_(self.world, self.get(name), container, list(argv), stdin, self.world.now_us)
        answer = None
        while True:
            try:
                action = plan.send(answer)
            except StopIteration as stop:
                ran: Ran = stop.value
                return ran
            answer = None
            if isinstance(action, Sleep):
                self.run(action.duration_us / SECOND_US)
                answer = self.world.now_us
            else:
                dispatch.execute(self.world, ACTOR, action, 0)

    def writes(self, name):
        """How often the Pod's status was written, its creation and deletion left out."""
        changes = [change for change in self.world.store.history if change.key == ("default", name)]
        return sum(
            1
            for change in changes
            if change.kind == "Pod"
            and change.old
            and change.new
            and change.old["status"] != change.new["status"]
        )


def nginx(**fields):
    return {"name": "web", "image": "nginx:1.29", **fields}


def shell(script, name="main", **fields):
    return {"name": name, "image": "busybox:1.37", "command": ["sh", "-c", script], **fields}
