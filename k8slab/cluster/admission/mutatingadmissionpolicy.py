"""MutatingAdmissionPolicy: requests changed by expressions that clients store.

A policy is asked once: `reinvocationPolicy: IfNeeded` finds nothing to do, for
no plug-in behind this one changes objects.

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

KIND = "MutatingAdmissionPolicy"


def _mutate(request: Request, obj: Obj) -> Obj:
    for match in concerned(request._replace(new=obj), KIND):
        try:
            if match.error:
                raise CelError(match.error)
            obj = _mutated(request, obj, match)
        except CelError as error:
            if fails(match.policy):
                raise _denied(request, match, str(error)) from None
    return obj


def _mutated(request: Request, obj: Obj, match: Match) -> Obj:
    for params in match.params:
        context = context_of(request, obj, match.policy, params)
        conditions = match.policy["spec"].get("matchConditions") or ()
        if not conditions_hold(conditions, CONDITION_NAMES, context):
            continue
        for mutation in match.policy["spec"].get("mutations") or ():
            context = context_of(request, obj, match.policy, params)
            obj = request.kind.default(_patched(request, obj, mutation, context))
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


ADMISSION = Admission(name=KIND, mutate=_mutate, needs=f"{KIND}Binding")
