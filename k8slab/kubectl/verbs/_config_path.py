"""`kubectl config set` and `unset`: one property of the kubeconfig by its path.

A path is `current-context`, `preferences.colors`, or a section, a name (in which there may be
points) and a field.

Models staging/src/k8s.io/kubectl/pkg/cmd/config/{set,unset,navigation_step_parser}.go, v1.36.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail
from k8slab.kubectl.flags import Flag, UsageError, parse
from k8slab.kubectl.kubeconfig import CLUSTER_FIELDS, CONTEXT_FIELDS, USER_FIELDS, with_entry

_IN_PATHS = {
    "act-as": "as",
    "act-as-uid": "as-uid",
    "act-as-groups": "as-groups",
    "act-as-user-extra": "as-user-extra",
}
"""What fields are called in a path, where a file calls them otherwise."""
_SECTIONS: Mapping[str, Mapping[str, str]] = {
    "clusters": CLUSTER_FIELDS,
    "users": {
        **{name: kind for name, kind in USER_FIELDS.items() if name not in _IN_PATHS.values()},
        **{name: USER_FIELDS[field] for name, field in _IN_PATHS.items()},
    },
    "contexts": CONTEXT_FIELDS,
}


def with_property(config: Obj, path: str, value: str | None, *, is_raw: bool = False) -> Obj:
    """The config with a property set or, for None, taken away. KubectlError for a path that leads nowhere."""
    head, *rest = path.split(".")
    if head in _SECTIONS:
        return _in_section(config, path, head, rest, value, is_raw=is_raw)
    if head == "current-context" and not rest:
        return {**config, "current-context": value or ""}
    if head == "preferences" and rest == ["colors"]:
        colors = _value("bool", value, is_raw=is_raw) if value is not None else False
        return {**config, "preferences": {"colors": True} if colors else {}}
    if head == "preferences" and not rest and value is None:
        return {**config, "preferences": {}}
    if head in ("current-context", "kind", "apiVersion"):
        raise fail(f"unable to parse one or more field values of {path}")
    raise fail(f"unable to parse {path} after [] at api.Config")


def _in_section(
    config: Obj, path: str, section: str, rest: list[str], value: str | None, *, is_raw: bool
) -> Obj:
    fields = _SECTIONS[section]
    if not rest and value is None:
        return {**config, section: {}}
    # The name ends where the next word is that of a field.
    end = next((at for at, word in enumerate(rest[1:], 1) if word in fields), len(rest))
    name, field, deeper = ".".join(rest[:end]), "".join(rest[end : end + 1]), rest[end + 1 :]
    if deeper or (fields.get(field) == "struct" and value is not None):
        raise fail(f"unable to parse one or more field values of {path}")
    entry = config[section].get(name)
    if not field and value is not None:
        names = " ".join(f"{one}:0xc000000000" for one in config[section])
        raise fail(f"can't set a map to a value: map[{names}]")
    if not field:
        return with_entry(config, section, name, None)
    if entry is None and value is None:
        raise fail(f"current map key `{name}` is invalid")
    kept = {key: one for key, one in (entry or {}).items() if key != _IN_PATHS.get(field, field)}
    if value is not None:
        kept[_IN_PATHS.get(field, field)] = _value(fields[field], value, is_raw=is_raw)
    return with_entry(config, section, name, kept)


def _value(kind: str, value: str, *, is_raw: bool) -> Any:
    if kind == "bool":
        try:
            return parse((Flag("value", type="bool"),), [f"--value={value}"]).values["value"]
        except UsageError as error:
            raise fail(f'strconv.ParseBool: parsing "{value}": invalid syntax') from error
    if kind == "bytes" and is_raw:
        return base64.b64encode(value.encode()).decode()
    if kind == "bytes":
        try:
            return base64.b64encode(base64.b64decode(value, validate=True)).decode()
        except binascii.Error as error:
            raise fail("error decoding input value: illegal base64 data at input byte 0") from error
    if kind == "strings":
        raise fail("unrecognized slice type. string")
    if kind == "pairs":
        raise fail("can't set a map to a value: map[]")
    return value
