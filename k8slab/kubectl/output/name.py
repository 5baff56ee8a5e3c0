"""`-o name`: kind and name, e.g. `deployment.apps/web`.

Models staging/src/k8s.io/cli-runtime/pkg/printers/name.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, group_version


def kind_text(kind: str, group: str) -> str:
    """A kind with its group in lower case, e.g. `deployment.apps`."""
    return f"{kind}.{group}".lower() if group else kind.lower()


def name_of(obj: Obj) -> str:
    """`kind.group/name` of an object."""
    group, _ = group_version(obj.get("apiVersion", ""))
    name = (obj.get("metadata") or {}).get("name") or "<unknown>"
    kind = obj.get("kind") or "<unknown>"
    return f"{kind.lower()}.{group}/{name}" if group else f"{kind.lower()}/{name}"


def name_text(obj: Obj, operation: str = "") -> str:
    """A line for the object, or for each item of a list; `operation` says what was done, e.g. `created`."""
    items = obj["items"] if isinstance(obj.get("items"), list) else [obj]
    suffix = f" {operation}" if operation else ""
    return "".join(f"{name_of(item)}{suffix}\n" for item in items)
