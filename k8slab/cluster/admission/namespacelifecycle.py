"""NamespaceLifecycle: nothing is written into a namespace that isn't there or is going away.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.errors import ApiError, Cause, forbidden, not_found
from k8slab.api.meta import Obj
from k8slab.cluster.admission._plugin import Admission, Request, refusal

_IMMORTAL = ("default", "kube-public", "kube-system")
_REVIEWS = ("LocalSubjectAccessReview", "SelfSubjectAccessReview", "SubjectAccessReview")


def _mutate(request: Request, obj: Obj) -> Obj:
    _check(request)
    return obj


def _validate(request: Request) -> None:
    """A delete has no object to change, so it is judged here."""
    if request.operation == "DELETE":
        _check(request)


def _check(request: Request) -> None:
    kind = request.kind
    if kind.kind == "Namespace":
        if request.operation == "DELETE" and request.name in _IMMORTAL:
            raise forbidden(kind.plural, kind.group, request.name, "this namespace may not be deleted")
        return
    if not request.namespace or request.operation == "DELETE" or kind.kind in _REVIEWS:
        return
    namespace = request.view.get("Namespace", ("", request.namespace))
    if namespace is None:
        raise not_found("namespaces", "", request.namespace)
    if request.operation == "CREATE" and (namespace.get("status") or {}).get("phase") == "Terminating":
        raise _terminating(request)


def _terminating(request: Request) -> ApiError:
    namespace = request.namespace
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    error = refusal(request, why)
    cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
    return ApiError(error.code, error.reason, error.message, (cause,), error.details)


ADMISSION = Admission("NamespaceLifecycle", _mutate, _validate, operations=("CREATE", "UPDATE", "DELETE"))
