"""How Go prints a LabelSelector where a message shows one.

Models the generated `String` of staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/generated.pb.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj


def selector_text(selector: Obj | None) -> str:
    """`&LabelSelector{MatchLabels:map[string]string{app: web,},…}`, or `nil`."""
    if selector is None:
        return "nil"
    labels = selector.get("matchLabels") or {}
    pairs = "".join(f"{name}: {labels[name]}," for name in sorted(labels))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},"
        f"Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
