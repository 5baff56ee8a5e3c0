"""MutatingAdmissionPolicy: requests changed by expressions that clients store.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/{dispatcher,patch/*}.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from k8slab.api import managed_fields, structured
from k8slab.api.cel import CelError
from k8slab.api.errors import ApiError, Cause
from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch
from k8slab.cluster.admission._plugin import Admission, Request, refusal
from k8slab.cluster.admission._policies import (
    BUDGET,
    CONDITION_NAMES,
    NAMES,
    Budget,
    Match,
    concerned,
    conditions_hold,
    context_of,
    evaluated,
    fails,
)
from k8slab.cluster.admission._rounds import Memory, Rounds

KIND = "MutatingAdmissionPolicy"


def _mutate(request: Request, obj: Obj) -> Obj:
    rounds = request.rounds or Rounds()
    memory = rounds.enter(KIND, obj)
    is_patched = False
    for match in concerned(request._replace(new=obj), KIND):
        if match.error:
            if fails(match.policy):
                raise _denied(request, match, match.error)
            continue
        for params in match.params:
            try:
                new = _mutated(request, obj, match, params, memory)
            except CelError as error:
                if fails(match.policy):
                    raise _denied(request, match, str(error)) from None
                continue
            if new is not obj:
                is_patched = True
            obj = new
    if is_patched:
        rounds.note_change(memory)
    memory.leave(obj)
    return obj


def _mutated(request: Request, obj: Obj, match: Match, params: Obj | None, memory: Memory) -> Obj:
    """The object as a policy makes it. CelError where that fails."""
    policy, before = match.policy, obj
    context = context_of(request, obj, policy, params)
    if not conditions_hold(policy["spec"].get("matchConditions") or (), CONDITION_NAMES, context):
        return obj
    who = tuple(str(one["metadata"]["name"]) if one else "" for one in (policy, match.binding, params))
    rounds = request.rounds or Rounds()
    if not rounds.asks(memory, who):
        return obj
    for mutation in policy["spec"].get("mutations") or ():
        context = context_of(request, obj, policy, params)
        obj = request.kind.default(_patched(request, obj, mutation, context))
    if obj != before:
        rounds.note_change(memory)
    if policy["spec"].get("reinvocationPolicy") == "IfNeeded":
        memory.keep(who)
    return obj


def _patched(request: Request, obj: Obj, mutation: Obj, context: dict[str, Any]) -> Obj:
    if mutation["patchType"] == "JSONPatch":
        operations = evaluated(mutation["jsonPatch"]["expression"], NAMES, context, Budget(BUDGET))
        try:
            return json_patch(obj, operations)
        except ApiError as error:
            raise CelError(f"JSON Patch: {error.message}") from None
    change = evaluated(mutation["applyConfiguration"]["expression"], NAMES, context, Budget(BUDGET))
    kind = request.kind
    change = {**change, "apiVersion": kind.api_version, "kind": kind.kind}
    root = managed_fields.root_of(kind, kind.api_version)
    faults = structured.faults(root, change)
    if faults:
        text = structured.faults_text(faults)
        raise CelError(f"failed to convert patch object to typed object: {text}")
    merged: Obj = structured.merge(root, obj, change)
    return merged


def _denied(request: Request, match: Match, message: str) -> ApiError:
    names = match.policy["metadata"]["name"], match.binding["metadata"]["name"]
    text = f"policy '{names[0]}' with binding '{names[1]}' denied request: {message}"
    base = refusal(request, text)
    return ApiError(422, "Invalid", base.message, [Cause("", text)], base.details)


ADMISSION = Admission(name=KIND, mutate=_mutate, needs=f"{KIND}Binding", on_status=True)
