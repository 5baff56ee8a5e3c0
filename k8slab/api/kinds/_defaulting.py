"""Filling in defaults by table: what a Go server writes back for a field that was not given.

Three things fill a field. A **default**, from the schema's `+default` markers
or from a kind's own table, replaces an absent value (or a zero one, where the
Go field is no pointer). A **hook** is a function for what depends on other
fields. And Go's **zero values** are written out where the field's tag doesn't
omit them, which is why `resources: {}` and `eventTime: null` appear in every
answer. All three are laid down per Go type and compiled once into a visitor
that walks only where something could be missing, and gives back the same
object where nothing is.

Models pkg/apis/*/*/{defaults,zz_generated.defaults}.go and Go's encoding/json, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from k8slab.api.memo import remember
from k8slab.api.meta import Obj
from k8slab.api.schema import OBJECT_META, Field, base, has_type, type_named

Fix = Callable[[Any], Any]
"""Gives a value with its defaults; the same object where nothing is missing."""

RAW_EXTENSION = "#apimachinery.pkg.runtime.RawExtension"

_ZERO_OF_BASE: dict[str, Any] = {
    "string": "",
    "bool": False,
    "int32": 0,
    "int64": 0,
    "float64": 0,
    "bytes": None,
    "any": None,
}
_ZERO_OF_STRUCT: dict[str, Any] = {
    "time": None,
    "microtime": None,
    "quantity": "0",
    "intorstring": 0,
    "duration": "0s",
}

_NEVER_FILLED = ((("api.core.v1.PodSpec"), "containers"),)
"""A list that validation demands: writing null for it would help nobody."""


class Table(NamedTuple):
    """What a kind's types default to, by the name of the Go type.

    `defaults`: values of absent fields. `hooks`: functions that run before a
    type's other defaults. `visitors`: ready functions for whole values of a
    type, used instead of a compiled one.
    """

    defaults: Mapping[str, Mapping[str, Any]] = {}
    hooks: Mapping[str, Callable[[Obj], Obj]] = {}
    visitors: Mapping[str, Fix] = {}
    remembered: tuple[str, ...] = ()
    """Types whose lists are remembered by identity, because many objects share them."""


def defaulter(type_name: str, *tables: Table) -> Callable[[Obj], Obj]:
    """The function that fills in everything that is missing in a value of a Go type.

    It is compiled when it is first called, so that importing a kind stays cheap.
    """

    @cache
    def compiled() -> Fix:
        return _Compiler(_joined(tables)).visitor(type_name) or _unchanged

    def fill(obj: Obj) -> Obj:
        filled: Obj = compiled()(obj)
        return filled

    return fill


def _unchanged(value: Any) -> Any:
    return value


def _joined(tables: Iterable[Table]) -> Table:
    defaults: dict[str, Mapping[str, Any]] = {}
    hooks: dict[str, Callable[[Obj], Obj]] = {}
    visitors: dict[str, Fix] = {}
    remembered: tuple[str, ...] = ()
    for table in tables:
        defaults.update(table.defaults)
        hooks.update(table.hooks)
        visitors.update(table.visitors)
        remembered += table.remembered
    return Table(defaults, hooks, visitors, remembered)


class _Compiler:
    """Compiles visitors by type; the types that it has begun, so that a type may contain itself."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.begun: dict[str, list[Fix | None]] = {}

    def visitor(self, name: str) -> Fix | None:
        """The visitor of a struct type, or None where nothing in it can be missing."""
        if name == OBJECT_META:
            return None
        ready = self.table.visitors.get(name)
        if ready is not None:
            return ready
        if name in self.begun:
            slot = self.begun[name]
            return slot[0] if slot else _later(slot)
        slot = self.begun[name] = []
        slot.append(self._compile(name))
        return slot[0]

    def _compile(self, name: str) -> Fix | None:
        defaults: list[tuple[str, Any, bool]] = []
        zeros: dict[str, Any] = {}
        children: list[tuple[str, Fix]] = []
        own = self.table.defaults.get(name, {})
        for field in type_named(name).fields.values():
            wanted = own.get(field.name, field.default)
            if wanted is not None and (wanted or field.type.startswith("*")):
                defaults.append((field.name, wanted, field.type.startswith("*")))
            elif (name, field.name) not in _NEVER_FILLED and not _may_be_absent(field):
                zeros[field.name] = self._zero(field.type)
            fix = self._fix(field.type)
            if fix is not None:
                children.append((field.name, fix))
        hook = self.table.hooks.get(name)
        if not (defaults or zeros or children or hook):
            return None
        return _visitor(hook, tuple(defaults), zeros, tuple(children))

    def _fix(self, expression: str) -> Fix | None:
        """The function for a value of a type expression, or None."""
        if expression.startswith("#") and expression[1:] in self.table.visitors:
            return self.table.visitors[expression[1:]]
        target = base(expression)
        if target.startswith("*"):
            return self._fix(target[1:])
        if target.startswith("#"):
            return self.visitor(target[1:])
        if target.startswith("[]"):
            inner = self._fix(target[2:])
            if inner is None:
                return None
            each = _for_each_item(inner)
            return remember(each, idempotent=True) if target[3:] in self.table.remembered else each
        if target.startswith("map:"):
            inner = self._fix(target[4:])
            return _for_each_value(inner) if inner is not None else None
        return None

    def _zero(self, expression: str) -> Any:
        """What Go writes for a value of this type that was never set."""
        target = base(expression)
        if target.startswith("#"):
            visit = self.visitor(target[1:])
            return visit({}) if visit is not None else {}
        if target in _ZERO_OF_STRUCT:
            return _ZERO_OF_STRUCT[target]
        return _ZERO_OF_BASE.get(target)


def _may_be_absent(field: Field) -> bool:
    """Whether Go leaves the field out when it is zero. `omitempty` doesn't leave out structs."""
    if field.omit == "zero":
        return True
    if not field.omit:
        return False
    target = base(field.type)
    return not (target.startswith("#") or target in _ZERO_OF_STRUCT or field.type == RAW_EXTENSION)


def _later(slot: list[Fix | None]) -> Fix:
    """The visitor of a type that contains itself, looked up when it is needed."""

    def visit(value: Any) -> Any:
        compiled = slot[0]
        return compiled(value) if compiled is not None else value

    return visit


def _for_each_item(fix: Fix) -> Fix:
    def visit(items: Any) -> Any:
        changed: list[Any] | None = None
        for index, item in enumerate(items):
            fixed = fix(item)
            if fixed is not item:
                if changed is None:
                    changed = list(items)
                changed[index] = fixed
        return items if changed is None else changed

    return visit


def _for_each_value(fix: Fix) -> Fix:
    def visit(values: Any) -> Any:
        changed: Obj | None = None
        for name, value in values.items():
            fixed = fix(value)
            if fixed is not value:
                if changed is None:
                    changed = dict(values)
                changed[name] = fixed
        return values if changed is None else changed

    return visit


def _visitor(
    hook: Callable[[Obj], Obj] | None,
    defaults: tuple[tuple[str, Any, bool], ...],
    zeros: Obj,
    children: tuple[tuple[str, Fix], ...],
) -> Fix:
    """The visitor of one struct: its hook, its defaults, its zero values, then its fields."""
    needed = frozenset(zeros)
    fixes = dict(children)
    if hook is None and not defaults and not children:
        return _leaf_visitor(needed, zeros)

    def visit(obj: Any) -> Any:
        if hook is not None:
            obj = hook(obj)
        is_own = False
        for name, value, is_pointer in defaults:
            present = obj.get(name)
            if present is None or (not present and not is_pointer):
                if not is_own:
                    obj, is_own = dict(obj), True
                obj[name] = value
        if not needed <= obj.keys():
            if not is_own:
                obj, is_own = dict(obj), True
            for name, value in zeros.items():
                obj.setdefault(name, value)
        # Objects have fewer fields than their types: walk through what is there.
        source = obj
        for name, value in source.items():
            fix = fixes.get(name)
            if fix is None or value is None:
                continue
            fixed = fix(value)
            if fixed is not value:
                if not is_own:
                    obj, is_own = dict(obj), True
                obj[name] = fixed
        return obj

    return visit


def _leaf_visitor(needed: frozenset[str], zeros: Obj) -> Fix:
    """The visitor of a struct that only has zero values to be written out."""

    def visit(obj: Any) -> Any:
        if needed <= obj.keys():
            return obj
        return {**obj, **{name: value for name, value in zeros.items() if name not in obj}}

    return visit


def zero_of(type_name: str, *tables: Table) -> Callable[[], Obj]:
    """What Go writes for an empty value of a type, e.g. the status of a new object; computed once."""
    fill = defaulter(type_name, *tables)

    @cache
    def value() -> Obj:
        return fill({}) if has_type(type_name) else {}

    return value
