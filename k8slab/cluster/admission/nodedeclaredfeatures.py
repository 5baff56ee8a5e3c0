"""NodeDeclaredFeatureValidator: a Pod changes only in ways that the kubelet of its node can follow.

Models plugin/pkg/admission/nodedeclaredfeatures/admission.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.declared_features import needed_to_change
from k8slab.api.json_text import go_quote
from k8slab.cluster.admission._plugin import Admission, Request, refusal


def _validate(request: Request) -> None:
    new, old = request.new, request.old
    if request.subresource not in ("", "resize") or new is None or old is None:
        return
    name = new["spec"].get("nodeName")
    if not name or new["metadata"].get("generation") == old["metadata"].get("generation"):
        return
    needed = needed_to_change(old["spec"], new["spec"])
    if not needed:
        return
    node = request.view.get("Node", ("", name))
    if node is None:
        raise refusal(request, f"node {go_quote(name)} not found")
    declared = (node.get("status") or {}).get("declaredFeatures") or ()
    missing = sorted(feature for feature in needed if feature not in declared)
    if missing:
        why = f"pod update requires features {', '.join(missing)} which are not available on node"
        raise refusal(request, f"{why} {go_quote(name)}")


ADMISSION = Admission(
    "NodeDeclaredFeatureValidator", validate=_validate, kinds=("Pod",), operations=("UPDATE",)
)
