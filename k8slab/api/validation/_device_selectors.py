"""Expressions that say which devices fit: of which type they are, and how much they may cost.

What one costs goes by the most that a device may have: so many attributes and capacities, whose domains,
names and texts are so long.

Models validateCELSelector of pkg/apis/resource/validation/validation.go and
staging/src/k8s.io/dynamic-resource-allocation/cel/compile.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.cel import CelError
from k8slab.api.cel.bounds import Bounds
from k8slab.api.cel.checking import BOOL, DYN, STRING, Type, map_of
from k8slab.api.cel.planning import typed
from k8slab.api.errors import Cause
from k8slab.api.meta import Obj
from k8slab.api.validation._field import forbidden, invalid, required, too_long, too_many
from k8slab.api.validation._names import byte_length
from k8slab.api.validation._rule_sizes import Extent

_MOST_SELECTORS = 32
_LONGEST_EXPRESSION = 10 * 1024
_HIGHEST_COST = 1_000_000
DEVICE = Type(
    "kubernetes.DRADevice",
    (),
    {
        "driver": STRING,
        "allowMultipleAllocations": BOOL,
        "attributes": map_of(STRING, map_of(STRING, DYN)),
        "capacity": map_of(STRING, map_of(STRING, Type("kubernetes.Quantity"))),
    },
)
"""What an expression sees. Of which type an attribute is, is not known."""

_ATTRIBUTE, _CAPACITY, _DOMAIN, _NAME = Extent(64, 1), Extent(0, 8), Extent(63, 2), Extent(32, 2)
_MOST_ENTRIES = 32
_EXTENT = Extent(
    0,
    2,
    {
        "driver": Extent(63, 2),
        "allowMultipleAllocations": Extent(1, 4),
        **{
            name: Extent(
                _MOST_ENTRIES, 2, key=_DOMAIN, value=Extent(_MOST_ENTRIES, 2, key=_NAME, value=value)
            )
            for name, value in (("attributes", _ATTRIBUTE), ("capacity", _CAPACITY))
        },
    },
)


def sizes(path: tuple[str, ...], _: Type) -> Bounds | None:
    """The size of what lies below a device; every attribute, whatever its name, is as large as another."""
    found: Extent | None = _EXTENT if path[:1] == ("device",) else None
    for name in path[1:]:
        if found is None:
            return None
        if name in ("@items", "@values"):
            found = found.value
        elif name == "@keys":
            found = found.key
        else:
            found = found.value if found.value is _ATTRIBUTE else (found.fields or {}).get(name)
    return None if found is None else Bounds(0, found.most)


def validate_selectors(selectors: Sequence[Obj], path: str) -> list[Cause]:
    """Expressions that say which devices fit."""
    if len(selectors) > _MOST_SELECTORS:
        return [too_many(path, len(selectors), _MOST_SELECTORS)]
    return [
        cause
        for index, selector in enumerate(selectors)
        for cause in _validate_selector(selector, f"{path}[{index}]")
    ]


def _validate_selector(selector: Obj, path: str) -> list[Cause]:
    if selector.get("cel") is None:
        return [required(f"{path}.cel")]
    text, where = selector["cel"].get("expression") or "", f"{path}.cel.expression"
    if byte_length(text) > _LONGEST_EXPRESSION:
        return [too_long(where, _LONGEST_EXPRESSION)]
    try:
        compiled = typed(text, {"device": DEVICE})
    except CelError as error:
        return [invalid(where, text, f"compilation failed: {error}")]
    if compiled.gives not in (BOOL, DYN):
        return [invalid(where, text, f"must evaluate to bool or the unknown type, not {compiled.gives}")]
    if compiled.cost(sizes).most > _HIGHEST_COST:
        return [forbidden(where, "too complex, exceeds cost limit")]
    return []
