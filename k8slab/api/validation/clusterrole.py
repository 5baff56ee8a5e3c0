"""ClusterRoles. Models pkg/apis/rbac/validation/validation.go (ValidateClusterRole), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import invalid, required
from k8slab.api.validation._metadata import rules, selector_is_broken, validate_label_selector
from k8slab.api.validation._names import path_segment
from k8slab.api.validation._rbac import validate_policy_rules


def _create(new: Obj) -> list[Cause]:
    causes = validate_policy_rules(new.get("rules") or (), namespaced=False)
    aggregation, path = new.get("aggregationRule"), "aggregationRule.clusterRoleSelectors"
    if aggregation is None:
        return causes
    selectors = aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        causes.append(required(path, detail))
    for index, selector in enumerate(selectors):
        where = f"{path}[{index}]"
        causes += validate_label_selector(selector, where)
        if selector_is_broken(selector):
            # Upstream prints the selector that could not be made.
            causes.append(invalid(where, None, "invalid label selector."))
    return causes


RULES = rules(_create, namespaced=False, name_rule=path_segment, recheck="before")
