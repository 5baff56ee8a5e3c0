"""How heavily Pods are used, from loads that a lab's user sets.

Hardly any process here burns CPU or fills memory, so a load is told: an object of the
internal kind `Load`, whose key is the namespace and the name of a Pod or of a
workload. The few programs that are there to use much say so themselves. What the Pod's
own says counts, else what that of the nearest owner says.
The first container bears it; all others idle.
"""

from __future__ import annotations

from k8slab.api import quantities
from k8slab.api.meta import Obj, controller_of, dig
from k8slab.containers.overlay import Overlay
from k8slab.store.view import View

IDLE_MEMORY_BYTES = 12 * 1024 * 1024
"""What a program takes that nothing is said of."""


def load(namespace: str, name: str, **spec: object) -> Obj:
    """A `Load` of a Pod or workload, as the internal kind's objects look."""
    return {
        "apiVersion": "lab",
        "kind": "Load",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def burden(box: Overlay, pod: Obj, container: str, cpu_millis: int, memory_bytes: int) -> None:
    """Note how much a Pod's first container uses by what its own program does; with 0 and 0 nothing more.

    What the lab's user has said of the Pod counts more.
    """
    key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
    known = box.get("Load", key)
    if container != pod["spec"]["containers"][0]["name"] or not (known is None or is_of_program(known)):
        return
    fresh: Obj | None = None
    if cpu_millis or memory_bytes:
        needed = memory_bytes or None
        fresh = load(key[0], key[1], cpuMillis=cpu_millis, memoryBytes=needed, ofProgram=True)
    box.put("Load", key, fresh)


def is_of_program(load: Obj) -> bool:
    """Whether a program says so of itself, and not the lab's user."""
    return bool(load["spec"].get("ofProgram"))


def told(view: View, pod: Obj, field: str) -> int | None:
    """What the Pod's own Load says, or that of the nearest of its owners."""
    namespace = pod["metadata"]["namespace"]
    for obj in (pod, *owners_of(view, pod)):
        load = view.get("Load", (namespace, obj["metadata"]["name"]))
        if load is not None and load["spec"].get(field) is not None:
            return int(load["spec"][field])
    return None


def owners_of(view: View, pod: Obj) -> list[Obj]:
    """The Pod's controller, that one's controller, and so on."""
    found: list[Obj] = []
    reference = controller_of(pod)
    while reference is not None:
        owner = view.get(reference["kind"], (pod["metadata"]["namespace"], reference["name"]))
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            break
        found.append(owner)
        reference = controller_of(owner)
    return found


def memory_told(view: View, pod: Obj) -> int | None:
    """How many bytes a Pod's first container needs, where a Load says so of the Pod or of an owner."""
    return told(view, pod, "memoryBytes")


def memory_limit(pod: Obj) -> int:
    """How many bytes of memory a Pod's first container may use; 0 for as many as it likes.

    Of one that runs that is what is in force, which a resize changes later than the spec.
    """
    first: Obj = pod["spec"]["containers"][0]
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status["name"] == first["name"] and "resources" in status:
            first = status
    text = dig(first, "resources", "limits", "memory")
    return quantities.units(str(text)) if text is not None else 0


def memory_use(view: View, pod: Obj) -> dict[str, int]:
    """How many bytes each container takes: no more than its limit, at which the kernel ends it."""
    needed, limit = memory_told(view, pod), memory_limit(pod)
    own = IDLE_MEMORY_BYTES if needed is None else min(needed, limit or needed)
    names = [one["name"] for one in pod["spec"]["containers"]]
    return {name: own if name == names[0] else IDLE_MEMORY_BYTES for name in names}
