"""Which of an operator's or function's forms a call may mean, as far as the forms cost differently.

A call whose arguments have known types means one form. Where a type is `dyn`
it may mean several: what it costs at worst is then the most of them, and what
it does cost is one unit, for at run time upstream doesn't ask which it was.

Models vendor/github.com/google/cel-go/common/stdlib/standard.go and the libraries in
staging/src/k8s.io/apiserver/pkg/cel/library, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8slab.api.cel.checking import (
    BOOL,
    BYTES,
    CIDR,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    IP,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
)

_PLAIN = (BOOL, DOUBLE, DURATION, INT, TIMESTAMP, UINT)
_TEXTS = ((BYTES, "bytes"), (STRING, "string"))

Form = tuple[tuple[Type | str, ...], str]
"""The types of the arguments (`list` and `map` by their names alone), and what the form is called."""

_SUMS: tuple[Form, ...] = (
    ((BYTES, BYTES), "bytes"),
    *(((kind, kind), "") for kind in (DOUBLE, DURATION, INT, UINT)),
    ((DURATION, TIMESTAMP), ""),
    ((TIMESTAMP, DURATION), ""),
    (("list", "list"), "list"),
    ((STRING, STRING), "string"),
)
_ORDERS: tuple[Form, ...] = (
    *(((kind, kind), "") for kind in _PLAIN),
    *(((one, other), "") for one in (DOUBLE, INT, UINT) for other in (DOUBLE, INT, UINT) if one != other),
    *(((kind, kind), name) for kind, name in _TEXTS),
)
_SORTS: tuple[Form, ...] = tuple(
    ((Type("list", (kind,)),), name) for kind, name in (*((kind, "") for kind in _PLAIN), *_TEXTS)
)
_FORMS: Mapping[str, tuple[Form, ...]] = {
    "_+_": _SUMS,
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _ORDERS),
    "@in": (((DYN, "list"), "list"), ((DYN, "map"), "map")),
    "_[_]": ((("list", INT), "list"), (("map", DYN), "map")),
    "bytes": (((BYTES,), ""), ((STRING,), "string")),
    "containsCIDR": (((CIDR, CIDR), ""), ((CIDR, STRING), "string")),
    "containsIP": (((CIDR, IP), ""), ((CIDR, STRING), "string")),
    "ip": (((CIDR,), "cidr"), ((STRING,), "string")),
    "sort": _SORTS,
    "@sortByAssociatedKeys": tuple((("list", *wanted), name) for wanted, name in _SORTS),
    "string": (((BYTES,), "bytes"), *(((kind,), "") for kind in (*_PLAIN, STRING, IP, CIDR))),
}


def forms_of(function: str, arguments: Sequence[Type]) -> tuple[str, ...]:
    """What the forms are called that a call may mean; one without a name where they don't matter."""
    known = _FORMS.get(function)
    if known is None:
        return ("",)
    return tuple(name for wanted, name in known if _may_be(arguments, wanted)) or ("",)


def _may_be(given: Sequence[Type], wanted: Sequence[Type | str]) -> bool:
    return len(given) == len(wanted) and all(map(_fits, given, wanted))


def _fits(given: Type, wanted: Type | str) -> bool:
    if DYN in (given, wanted):
        return True
    if isinstance(wanted, str):
        return given.name == wanted
    return given.name == wanted.name and all(map(_fits, given.parameters, wanted.parameters))
