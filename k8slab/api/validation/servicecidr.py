"""ServiceCIDRs. Models pkg/apis/networking/validation/validation.go (ValidateServiceCIDR), v1.36."""

from __future__ import annotations

from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import IMMUTABLE, invalid, required
from k8slab.api.validation._ip import canonical_cidr, is_dual_stack_cidrs, parse_cidr
from k8slab.api.validation._metadata import rules

_PATH = "spec.cidrs"


def _ranges(obj: Obj) -> list[str]:
    return list((obj.get("spec") or {}).get("cidrs") or ())


def _create(new: Obj) -> list[Cause]:
    ranges = _ranges(new)
    if not ranges:
        return [required(_PATH, "at least one CIDR required")]
    if len(ranges) > 2:
        return [invalid(_PATH, {"CIDRs": ranges}, "may only hold up to 2 values")]
    causes: list[Cause] = []
    for index, text in enumerate(ranges):
        causes += canonical_cidr(f"{_PATH}[{index}]", text)
    if len(ranges) == 2 and all(map(parse_cidr, ranges)) and not is_dual_stack_cidrs(ranges):
        detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        causes.append(invalid(_PATH, ranges, detail))
    return causes


def _update(new: Obj, old: Obj) -> list[Cause]:
    after, before = _ranges(new), _ranges(old)
    if len(after) == len(before):
        return [
            invalid(f"{_PATH}[{index}]", text, IMMUTABLE)
            for index, (text, was) in enumerate(zip(after, before))
            if text != was
        ]
    if (len(before), len(after)) == (1, 2):
        causes = [] if after[0] == before[0] else [invalid(f"{_PATH}[0]", after[0], IMMUTABLE)]
        return causes + _create(new)
    return [invalid(_PATH, (new.get("spec") or {}).get("cidrs"), IMMUTABLE)]


RULES = rules(_create, _update, namespaced=False)
