"""`-o json`, `-o name`, and what is left out of an object before it is printed.

Models staging/src/k8s.io/cli-runtime/pkg/printers/{json,managedfields}.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api.go_text import marshal, marshal_indent
from k8slab.api.meta import Obj, dissoc


def json_text(obj: Obj) -> str:
    """An object or a list as JSON with four blanks a level, keys sorted."""
    return marshal_indent(obj) + "\n"


def raw_text(body: Any) -> str:
    """An answer as it comes over the wire: text as it is, JSON on one line in the server's order."""
    if isinstance(body, str):
        return body
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"


def json_event_text(event_type: str, obj: Obj) -> str:
    """One event of a watch as a line of JSON."""
    return f'{{"type":{marshal(event_type)},"object":{marshal(obj)}}}\n'


def without_managed_fields(obj: Obj) -> Obj:
    """The object, or the list with its items, without `metadata.managedFields`."""
    if isinstance(obj.get("items"), list):
        return {**obj, "items": [dissoc(item, "metadata", "managedFields") for item in obj["items"]]}
    return dissoc(obj, "metadata", "managedFields")
