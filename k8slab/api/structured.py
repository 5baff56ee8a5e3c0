"""Objects seen through their schema for server-side apply: compare, merge, list fields, remove, validate.

Models vendor/sigs.k8s.io/structured-merge-diff/v6/typed and
vendor/k8s.io/kube-openapi/pkg/schemaconv, v1.36.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api import field_sets, schema
from k8slab.api.field_sets import FieldSet, Path, field_element, insert
from k8slab.api.json_text import go_json
from k8slab.api.strategic import go_format

ABSENT: Any = object()
"""Stands for a value that isn't there, which null is not."""


class Ref(NamedTuple):
    """A place in a type: its type expression and what the field says of its list or map."""

    type: str
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""


class Atom(NamedTuple):
    """What may stand in a place: a scalar of a kind, a list, a map, or several of these.

    `scalar` is numeric, string, boolean, untyped or "". `fields` are a struct's,
    `element` is the type of other keys (None: there are none). `associative`
    says that the items of the list have identities: by `keys`, or by value.
    """

    scalar: str = ""
    is_list: bool = False
    is_map: bool = False
    associative: bool = False
    keys: tuple[str, ...] = ()
    item: Ref | None = None
    atomic_map: bool = False
    fields: dict[str, Ref] | None = None
    element: Ref | None = None


_SCALARS = {
    "string": "string",
    "bytes": "string",
    "duration": "string",
    "bool": "boolean",
    "int32": "numeric",
    "int64": "numeric",
    "float64": "numeric",
}
UNTYPED = Ref("any")
DEDUCED = Ref("deduced")


@lru_cache(maxsize=8192)
def atom_of(ref: Ref) -> Atom:
    """What may stand in a place."""
    if ref.type.startswith(_SCHEMAS):
        return _atom_of_schema(ref)
    if ref.type == DEDUCED.type:
        return Atom("untyped", True, True, item=UNTYPED, element=DEDUCED)
    target = schema.base(schema.base(ref.type).lstrip("*"))
    if target == "any":
        return Atom("untyped", True, True, item=UNTYPED, element=UNTYPED, atomic_map=True)
    if target.startswith("[]"):
        return Atom(
            is_list=True,
            associative=ref.list_type in ("map", "set"),
            keys=ref.list_keys,
            item=Ref(target[2:]),
        )
    if target.startswith("map:"):
        return Atom(is_map=True, fields={}, element=Ref(target[4:]), atomic_map=ref.map_type == "atomic")
    if target.startswith("#"):
        struct = schema.type_named(target[1:])
        fields = {name: _field_ref(field) for name, field in struct.fields.items()}
        return Atom(is_map=True, fields=fields, atomic_map=(ref.map_type or struct.map_type) == "atomic")
    return Atom(_SCALARS.get(target, "untyped"))


def _field_ref(field: schema.Field) -> Ref:
    list_type, keys = field.list_type, field.list_keys
    if not list_type and "merge" in field.strategy:
        list_type, keys = ("map", (field.merge_key,)) if field.merge_key else ("set", ())
    return Ref(field.type, list_type, keys, field.map_type)


@lru_cache(maxsize=1024)
def root_of(type_name: str) -> Ref:
    """The place of a whole object; without a type one whose shape is deduced, but for its metadata."""
    return Ref(f"#{type_name}") if type_name else DEDUCED


# Custom kinds: the type is the text of a schema.

_CLOSED, _OPEN = "schema:", "open-schema:"
_SCHEMAS = (_CLOSED, _OPEN)
"""How the type of a place in a custom object begins; an open one keeps fields that it doesn't name."""
_REFERENCE = "$ref"


def of_schema(text: str) -> Ref:
    """The place of a whole object whose structural schema this is, as JSON text."""
    return Ref(_CLOSED + text)


def _schema_of(expression: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(expression.partition(":")[2])
    return found


def _atom_of_schema(ref: Ref) -> Atom:
    found = _schema_of(ref.type)
    if _REFERENCE in found:
        return atom_of(Ref(f"#{found[_REFERENCE]}"))
    is_open = ref.type.startswith(_OPEN) or found.get("x-kubernetes-preserve-unknown-fields") is True
    prefix = _OPEN if is_open else _CLOSED

    def child(part: dict[str, Any]) -> Ref:
        return Ref(prefix + json.dumps(part, sort_keys=True))

    kind = found.get("type", "")
    if kind not in ("", "object", "array"):
        return Atom(_scalar_of_schema(kind, found.get("format", "")))
    atom = Atom("" if kind else "untyped")
    if kind != "array":
        fields = {name: child(part) for name, part in (found.get("properties") or {}).items()}
        more = found.get("additionalProperties")
        element = child(more) if isinstance(more, dict) else DEDUCED if more else None
        if more is None and (is_open or not fields):
            element = DEDUCED
        atomic = found.get("x-kubernetes-map-type") == "atomic"
        atom = atom._replace(is_map=True, fields=fields, element=element, atomic_map=atomic)
    if kind != "object":
        items = found.get("items")
        atom = atom._replace(
            is_list=True,
            associative=found.get("x-kubernetes-list-type") in ("map", "set"),
            keys=tuple(found.get("x-kubernetes-list-map-keys") or ()),
            item=child(items) if items else UNTYPED,
        )
    return atom


def _scalar_of_schema(kind: str, format_: str) -> str:
    if kind in ("integer", "number"):
        return "numeric"
    if kind == "boolean":
        return "boolean"
    return "string" if kind == "string" and format_ in ("", "byte") else "untyped"


def _child_ref(atom: Atom, key: str) -> Ref:
    """The place of a map's key."""
    if atom.fields and key in atom.fields:
        return atom.fields[key]
    if atom.element is None:
        return UNTYPED
    return atom.element


def _deduce(atom: Atom, value: Any) -> Atom:
    """The one of an atom's readings that fits a value, where one does."""
    if value is ABSENT or value is None:
        return atom
    if isinstance(value, dict):
        return atom._replace(scalar="", is_list=False) if atom.is_map else atom
    if isinstance(value, list):
        return atom._replace(scalar="", is_map=False) if atom.is_list else atom
    return atom._replace(is_list=False, is_map=False) if atom.scalar else atom


def _reading(atom: Atom) -> str:
    """How a value is read: as a map, else a scalar, else a list."""
    return "map" if atom.is_map else "scalar" if atom.scalar else "list"


# The identity of list items.


@lru_cache(maxsize=4096)
def _key_default(item: Ref, key: str) -> Any:
    """What a key counts as where an item lacks it: its default, or zero where Go always writes it."""
    if item.type.startswith(_SCHEMAS):
        return ((_schema_of(item.type).get("properties") or {}).get(key) or {}).get("default")
    struct = schema.struct_of(item.type)
    field = struct.fields.get(key) if struct else None
    if field is None or field.default is not None:
        return field.default if field else None
    if field.omit or field.type.startswith("*"):
        return None
    return {"numeric": 0, "string": "", "boolean": False}.get(atom_of(Ref(field.type)).scalar)


class ElementError(ValueError):
    """An item of an associative list that has no identity."""


def item_element(atom: Atom, item: Any) -> str:
    """The path element of an item of an associative list; ElementError in upstream's words."""
    if not atom.keys:
        return _set_element(item)
    if item is None:
        raise ElementError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise ElementError("associative list with keys may not have non-map elements")
    keys: dict[str, Any] = {}
    for key in atom.keys:
        value = item[key] if key in item else _key_default(atom.item or UNTYPED, key)
        if key in item or value is not None:
            keys[key] = value
    if not keys:
        names = " ".join(f'"{key}"' for key in atom.keys)
        raise ElementError(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return field_sets.key_element(keys)


def _set_element(item: Any) -> str:
    if isinstance(item, dict):
        raise ElementError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise ElementError("not supported: associative list with lists as elements")
    if item is None:
        raise ElementError("associative list without keys has an element that's an explicit null")
    return field_sets.value_element(item)


# Comparing.


class Comparison(NamedTuple):
    """Which paths of an object were removed, modified and added."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet


def compare(root: Ref, old: Any, new: Any) -> Comparison:
    """What differs between two objects of a type. ElementError where an item has no identity."""
    result = Comparison({}, {}, {})
    _compare(root, old, new, (), result)
    return result


def _compare(ref: Ref, old: Any, new: Any, path: Path, out: Comparison) -> None:
    if old is new:
        return
    atom = atom_of(ref)
    old_atom, new_atom = _deduce(atom, old), _deduce(atom, new)
    if new is ABSENT:
        is_leaf = _compare_as(old_atom, old, new, path, out)
    elif old is ABSENT or _reading(old_atom) == _reading(new_atom):
        is_leaf = _compare_as(new_atom, old, new, path, out)
    else:
        _compare_as(old_atom, old, new, path, out)
        is_leaf = _compare_as(new_atom, old, new, path, out)
    if not is_leaf:
        if old is ABSENT:
            insert(out.added, path)
        elif new is ABSENT:
            insert(out.removed, path)


def _compare_as(atom: Atom, old: Any, new: Any, path: Path, out: Comparison) -> bool:
    """Compare by one reading; whether the place is a leaf."""
    reading = _reading(atom)
    kind = dict if reading == "map" else list
    old_value: Any = old if isinstance(old, kind) else None
    new_value: Any = new if isinstance(new, kind) else None
    atomic = atom.atomic_map if reading == "map" else not atom.associative
    if reading == "scalar" or atomic or (not old_value and not new_value):
        _compare_leaf(old, new, path, out)
        return True
    if reading == "map":
        old_value, new_value = old_value or {}, new_value or {}
        for key in dict.fromkeys((*old_value, *new_value)):
            inner = _child_ref(atom, key)
            _compare(
                inner, old_value.get(key, ABSENT), new_value.get(key, ABSENT),
                (*path, field_element(key)), out,
            )  # fmt: skip
    else:
        _compare_items(atom, old_value or [], new_value or [], path, out)
    return False


def _compare_leaf(old: Any, new: Any, path: Path, out: Comparison) -> None:
    if old is ABSENT:
        insert(out.added, path)
    elif new is ABSENT:
        insert(out.removed, path)
    elif old != new:
        insert(out.modified, path)


def _grouped(atom: Atom, items: list[Any]) -> dict[str, list[Any]]:
    """The items by their element. ElementError where one has no identity."""
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(item_element(atom, item), []).append(item)
    return groups


def _compare_items(atom: Atom, old: list[Any], new: list[Any], path: Path, out: Comparison) -> None:
    old_items, new_items = _grouped(atom, old), _grouped(atom, new)
    inner = atom.item or UNTYPED
    for element in dict.fromkeys((*old_items, *new_items)):
        before, after = old_items.get(element, []), new_items.get(element, [])
        here = (*path, element)
        if len(before) <= 1 and len(after) <= 1:
            _compare(inner, before[0] if before else ABSENT, after[0] if after else ABSENT, here, out)
        elif len(before) >= 2 and len(after) >= 2:
            if before != after:
                insert(out.modified, here)
        elif len(before) >= 2:
            if after:
                _compare(inner, ABSENT, after[0], here, out)
            insert(out.removed, here)
        else:
            if before:
                _compare(inner, before[0], ABSENT, here, out)
            insert(out.added, here)


# Listing the fields of an object.


def fields_of(root: Ref, value: Any) -> FieldSet:
    """Every path of an object that somebody who applies it owns."""
    result: FieldSet = {}
    _list_fields(root, value, (), result)
    return result


def _list_fields(ref: Ref, value: Any, path: Path, out: FieldSet) -> None:
    atom = _deduce(atom_of(ref), value)
    reading = _reading(atom)
    if (
        reading == "scalar"
        or (reading == "map" and atom.atomic_map)
        or (reading == "list" and not atom.associative)
    ):
        insert(out, path)
    elif reading == "map" and isinstance(value, dict):
        for key, item in value.items():
            here = (*path, field_element(key))
            _list_fields(_child_ref(atom, key), item, here, out)
            if item is None or item == {} or key not in (atom.fields or {}):
                insert(out, here)
    elif reading == "list" and isinstance(value, list):
        for element, items in _grouped(atom, value).items():
            here = (*path, element)
            if len(items) == 1:
                _list_fields(atom.item or UNTYPED, items[0], here, out)
            insert(out, here)


def with_named_fields(ref: Ref | None, fields: FieldSet) -> FieldSet:
    """The set in which each declared field that has paths below it is a member, too."""
    atom = atom_of(ref) if ref else Atom()
    result: FieldSet = {}
    for element, node in fields.items():
        if element == field_sets.SELF or not node:
            result[element] = node
            continue
        inner = _element_ref(atom, element)
        expanded = with_named_fields(inner, node)
        if element[0] == "f" and element[2:] in (atom.fields or {}):
            expanded = {field_sets.SELF: {}, **expanded}
        result[element] = expanded
    return result


def _element_ref(atom: Atom, element: str) -> Ref | None:
    """The place of a path element."""
    if element[0] == "f":
        return _child_ref(atom, element[2:]) if atom.is_map else None
    return atom.item


# Merging.


def merge(ref: Ref, old: Any, new: Any) -> Any:
    """The old object with the new one laid over it; unchanged subtrees are the old one's.

    ABSENT where nothing is left. Items of associative lists keep the order of
    the new list as far as it goes.
    """
    if old is new:
        return old
    atom = atom_of(ref)
    fitting = _deduce(atom, old if new is ABSENT else new)
    reading = _reading(fitting)
    kind = dict if reading == "map" else list
    old_value: Any = old if isinstance(old, kind) else None
    new_value: Any = new if isinstance(new, kind) else None
    atomic = fitting.atomic_map if reading == "map" else not fitting.associative
    if reading == "scalar" or atomic or (not old_value and not new_value):
        if new is ABSENT or new == old:
            return old
        return new
    if reading == "map":
        return _merge_maps(fitting, old_value or {}, new_value or {})
    return _merge_items(fitting, old_value or [], new_value or [])


def _merge_maps(atom: Atom, old: dict[str, Any], new: dict[str, Any]) -> Any:
    result: dict[str, Any] = {}
    for key in dict.fromkeys((*old, *new)):
        value = merge(_child_ref(atom, key), old.get(key, ABSENT), new.get(key, ABSENT))
        if value is not ABSENT:
            result[key] = value
    if len(result) == len(old) and all(key in old and old[key] is value for key, value in result.items()):
        return old
    return result or ABSENT


def _merge_items(atom: Atom, old: list[Any], new: list[Any]) -> Any:
    """Both lists in one: items of both in the new order, the others where they stood between them."""
    inner = atom.item or UNTYPED
    old_elements = [item_element(atom, item) for item in old]
    new_elements = [item_element(atom, item) for item in new]
    old_items = {
        element: items[0] if len(items) == 1 else None for element, items in _grouped(atom, old).items()
    }
    new_items = dict(zip(new_elements, new, strict=True))
    shared = [element for element in new_elements if element in old_items]
    merged: set[str] = set()
    result: list[Any] = []
    old_index = new_index = shared_index = 0

    def take(element: str) -> None:
        merged.add(element)
        value = merge(inner, old_items.get(element, ABSENT), new_items.get(element, ABSENT))
        if value is not ABSENT:
            result.append(value)

    while old_index < len(old) or new_index < len(new):
        next_shared = shared[shared_index] if shared_index < len(shared) else None
        if old_index < len(old) and new_index < len(new):
            element = old_elements[old_index]
            if element == new_elements[new_index]:
                take(element)
                old_index, new_index, shared_index = old_index + 1, new_index + 1, shared_index + 1
                continue
            if element in new_items and next_shared is not None and next_shared != element:
                old_index += 1
                continue
        if old_index < len(old):
            element = old_elements[old_index]
            if element not in new_items:
                value = merge(inner, old[old_index], ABSENT)
                if value is not ABSENT:
                    result.append(value)
                old_index += 1
                continue
            if element in merged:
                old_index += 1
        if new_index < len(new):
            element = new_elements[new_index]
            take(element)
            new_index += 1
            if next_shared == element:
                shared_index += 1
    if len(result) == len(old) and all(one is other for one, other in zip(result, old, strict=True)):
        return old
    return result or ABSENT


# Removing.


def remove(ref: Ref, value: Any, fields: FieldSet) -> Any:
    """The object without the paths of a set; null where nothing is left of it."""
    if not fields:
        return value
    atom = _deduce(atom_of(ref), value)
    reading = _reading(atom)
    if reading == "scalar":
        return value
    if reading == "map":
        return _remove_from_map(atom, value, fields) if isinstance(value, dict) else None
    return _remove_from_list(atom, value, fields) if isinstance(value, list) else None


def _remove_from_map(atom: Atom, value: dict[str, Any], fields: FieldSet) -> Any:
    if not value or atom.atomic_map:
        return None
    result: dict[str, Any] = {}
    had_matches = False
    for key, item in value.items():
        element = field_element(key)
        if field_sets.has(fields, (element,)):
            continue
        inner = field_sets.below(fields, element)
        if inner:
            had_matches = True
            item = _kept(item, remove(_child_ref(atom, key), item, inner))
        result[key] = item
    return result if result or had_matches else None


def _remove_from_list(atom: Atom, value: list[Any], fields: FieldSet) -> Any:
    if not value or not atom.associative:
        return None
    result: list[Any] = []
    had_matches = False
    for item in value:
        element = item_element(atom, item)
        if field_sets.has(fields, (element,)):
            continue
        inner = field_sets.below(fields, element)
        if inner:
            had_matches = True
            item = _kept(item, remove(atom.item or UNTYPED, item, inner))
        result.append(item)
    return result if result or had_matches else None


def _kept(before: Any, after: Any) -> Any:
    """What is left of an item: an empty one of its kind rather than null."""
    if after is not None:
        return after
    return {} if isinstance(before, dict) else [] if isinstance(before, list) else None


# Validating.


def faults(root: Ref, value: Any) -> list[tuple[Path, str]]:
    """Why an object doesn't fit its type, each fault with its path, in upstream's words."""
    found: list[tuple[Path, str]] = []
    _validate(root, value, (), found)
    return found


def faults_text(found: list[tuple[Path, str]]) -> str:
    """The faults as one error's text."""
    texts = [f"{field_sets.path_text(path)}: {text}" if path else text for path, text in found]
    return texts[0] if len(texts) == 1 else "\n".join(["errors:", *(f"  {text}" for text in texts)])


_GO_TYPES = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", bool: "bool"}
_FITTING: dict[str, tuple[type, ...]] = {
    "numeric": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "untyped": (int, float, str, bool),
}


def _validate(ref: Ref, value: Any, path: Path, found: list[tuple[Path, str]]) -> None:
    atom = _deduce(atom_of(ref), value)
    reading = _reading(atom)
    if reading == "scalar":
        problem = _scalar_fault(atom.scalar, value)
        if problem:
            found.append((path, problem))
    elif value is None:
        return
    elif reading == "map":
        if not isinstance(value, dict):
            found.append((path, f"expected map, got &{{{go_format(value)}}}"))
            return
        for key in sorted(value):
            here = (*path, field_element(key))
            if atom.element is None and key not in (atom.fields or {}):
                found.append((here, "field not declared in schema"))
                return
            _validate(_child_ref(atom, key), value[key], here, found)
    elif not isinstance(value, list):
        found.append((path, f"expected list, got &{{{go_format(value)}}}"))
    else:
        _validate_items(atom, value, path, found)


def _validate_items(atom: Atom, items: list[Any], path: Path, found: list[tuple[Path, str]]) -> None:
    seen: dict[str, None] = {}
    for index, item in enumerate(items):
        element = f"i:{index}"
        if atom.associative:
            try:
                element = item_element(atom, item)
            except ElementError as error:
                found.append((path, f"element {index}: {error}"))
                return
            if element in seen:
                found.append((path, f"duplicate entries for key {field_sets.element_text(element)}"))
            seen[element] = None
        _validate(atom.item or UNTYPED, item, (*path, element), found)


def _scalar_fault(scalar: str, value: Any) -> str:
    if value is None:
        return ""
    fits = isinstance(value, _FITTING[scalar]) and not (scalar == "numeric" and isinstance(value, bool))
    if fits:
        return ""
    if scalar == "numeric":
        return f"expected numeric (int or float), got {_GO_TYPES[type(value)]}"
    if scalar == "string":
        return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    if scalar == "boolean":
        return f"expected boolean, got &{{{go_format(value)}}}"
    return f"expected any scalar, got &{{{go_format(value)}}}"


def _go_syntax(value: Any) -> str:
    """A JSON value as Go's `%#v` prints it."""
    if isinstance(value, dict):
        pairs = ", ".join(f'"{key}":{_go_syntax(value[key])}' for key in sorted(value))
        return f"map[string]interface {{}}{{{pairs}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_syntax, value))}}}"
    return "interface {}(nil)" if value is None else go_json(value)
