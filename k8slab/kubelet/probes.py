"""Probes: when they run, what their answers add up to, and when they need not run at all.

A probe whose answer cannot change is not asked again: a healthy container
costs no event. It is asked again when the Pod's files or processes change, and
each period while it fails or while its answer depends on time or on others.

Models pkg/kubelet/prober/{worker,prober,prober_manager}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.containers.ailments import PROBE_US, slowness_of
from k8slab.kubelet import cri
from k8slab.kubelet.runtime import FAILURE, SUCCESS, UNKNOWN, ProbeState, Slot
from k8slab.kubelet.work import Work

KINDS = ("startup", "readiness", "liveness")
_FIELDS = {kind: f"{kind}Probe" for kind in KINDS}
_INITIAL = {"startup": UNKNOWN, "readiness": FAILURE, "liveness": SUCCESS}
_LABELS = {"startup": "Startup", "readiness": "Readiness", "liveness": "Liveness"}


class Numbers(NamedTuple):
    """A probe's numbers, with their defaults."""

    delay_us: int
    period_us: int
    failures: int
    successes: int


def numbers(probe: Obj) -> Numbers:
    """The numbers of a probe's spec."""
    return Numbers(
        probe.get("initialDelaySeconds", 0) * SECOND_US,
        (probe.get("periodSeconds") or 10) * SECOND_US,
        probe.get("failureThreshold") or 3,
        probe.get("successThreshold") or 1,
    )


def first_probes(container: Obj, started_us: int) -> tuple[ProbeState, ...]:
    """The probes of a container that has just started.

    The first one runs when the kubelet has seen the container run, or at the
    first tick after the initial delay.
    """
    probes = []
    waits = "startupProbe" in container
    for kind in KINDS:
        probe = container.get(_FIELDS[kind])
        if probe is None:
            continue
        due_us = 0 if waits and kind != "startup" else _first_due(probe, started_us)
        probes.append(ProbeState(kind, due_us, _INITIAL[kind]))
    return tuple(probes)


def _first_due(probe: Obj, started_us: int) -> int:
    delay_us = numbers(probe).delay_us
    return started_us + max(delay_us, SECOND_US // 2)


def step(probe: Obj, state: ProbeState, answer: str) -> ProbeState:
    """How one answer moves a probe (`worker.doProbe`); the due instant is the caller's."""
    counts = numbers(probe)
    row = state.row + 1 if state.last == answer else 1
    state = state._replace(last=answer, row=row)
    threshold = counts.failures if answer == FAILURE else counts.successes
    if row < threshold:
        return state
    state = state._replace(result=answer)
    if state.kind == "startup" or (state.kind == "liveness" and answer == FAILURE):
        return state._replace(held=True, row=0)
    return state


def run_due_probes(work: Work, slot: Slot) -> bool:
    """Run the probes of a running container that fell due. Whether one told the kubelet something new."""
    if slot.stop_due_us and work.runtime.work == "sync":
        return False
    container = work.container(slot.name)
    moved = False
    for state in slot.probes:
        if state.held or not state.due_us or state.due_us > work.now_us:
            continue
        if work.deleted and state.kind != "readiness":
            _store(work, slot.name, state._replace(due_us=0, held=True, result=SUCCESS))
            continue
        work.at_us = state.due_us
        moved = _run(work, slot.name, container, state) or moved
    return moved


def _run(work: Work, name: str, container: Obj, state: ProbeState) -> bool:
    probe = container[_FIELDS[state.kind]]
    slot = work.slot(name)
    takes_us = PROBE_US * slowness_of(work.machine)
    if takes_us < cri.probe_timeout_us(probe):
        answer = cri.answer_probe(work.box, work.pod, container, probe, work.runtime.ip, work.now_us)
    else:
        answer = cri.late_answer(container, probe, work.runtime.ip)
    verdict = SUCCESS if answer.ok else FAILURE
    if not answer.ok:
        text = f"{_LABELS[state.kind]} probe failed: {answer.output}"
        work.event("Warning", "Unhealthy", text, name)
    elif answer.is_doubtful:
        text = f"{_LABELS[state.kind]} probe warning: {answer.output}"
        work.event("Warning", "ProbeWarning", text, name)
    after = step(probe, state, verdict)
    period_us = numbers(probe).period_us
    steady = answer.ok and after.result == SUCCESS and not answer.volatile and not answer.is_doubtful
    due_us = 0 if after.held or steady else _next_tick(state.due_us, period_us, work.now_us)
    _store(work, name, after._replace(due_us=due_us))
    if after.result != state.result:
        _take_result(work, work.slot(name), container, after)
        return True
    return (slot is not work.slot(name) and due_us and due_us <= work.now_us) or False


def _next_tick(due_us: int, period_us: int, now_us: int) -> int:
    """The next tick after now, in step with the ones before."""
    return due_us + ((now_us - due_us) // period_us + 1) * period_us


def _store(work: Work, name: str, state: ProbeState) -> None:
    slot = work.slot(name)
    probes = tuple([state if one.kind == state.kind else one for one in slot.probes])
    work.put_slot(slot._replace(probes=probes))


def _take_result(work: Work, slot: Slot, container: Obj, state: ProbeState) -> None:
    """What a probe's new result means for its container."""
    if state.kind == "readiness":
        work.put_slot(slot._replace(ready=state.result == SUCCESS))
    elif state.kind == "startup" and state.result == SUCCESS:
        probes = tuple(
            [
                one
                if one.kind == "startup"
                else one._replace(
                    due_us=max(
                        _first_due(container[_FIELDS[one.kind]], slot.started_us),
                        work.at_us + SECOND_US // 10,
                    )
                )
                for one in slot.probes
            ]
        )
        work.put_slot(slot._replace(started=True, probes=probes))


def ask_again(slot: Slot, now_us: int) -> Slot:
    """Have the steady probes of a container run at once, because what they look at has changed."""
    changed = False
    probes = []
    for state in slot.probes:
        if not state.held and not state.due_us and (slot.started or state.kind == "startup"):
            state = state._replace(due_us=now_us)
            changed = True
        probes.append(state)
    return slot._replace(probes=tuple(probes)) if changed else slot
