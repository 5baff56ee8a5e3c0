"""`kubectl describe`: everything about an object on a page, one module a kind.

A describer is a function of the object, the clock and what it may look up: the
events, Pods, quotas and endpoints that belong to it. A kind without a module of
its own is described field by field.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from k8slab.api.meta import Obj, group_version
from k8slab.kubectl.describe._generic import describe_generic
from k8slab.kubectl.describe._text import Context, DescribeError, Describer, Lookup, Page

__all__ = ["Context", "DescribeError", "Lookup", "describe", "describe_all", "describers"]


@cache
def describers() -> dict[str, Describer]:
    """How each kind with a module is described, by the kind's name in lower case."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {
        name: importlib.import_module(f"{__name__}.{name}").DESCRIBER
        for name in names
        if not name.startswith("_")
    }


def describe(lookup: Lookup, obj: Obj, now_us: int, *, show_events: bool = True) -> str:
    """The description of an object as `kubectl describe` prints it. Raises DescribeError."""
    group, _ = group_version(obj["apiVersion"])
    describer = describers().get(obj["kind"].lower())
    page = Page()
    context = Context(lookup, now_us, show_events)
    if describer is None or describer.group != group:
        describe_generic(page, obj, context)
    else:
        describer.describe(page, obj, context)
    return page.text()


def describe_all(
    lookup: Lookup, objects: Sequence[Obj], now_us: int, *, show_events: bool | None = None
) -> str:
    """The descriptions of several objects, with two empty lines between. Raises DescribeError.

    Unless it is told, only an object alone is described with its events.
    """
    with_events = len(objects) == 1 if show_events is None else show_events
    return "\n\n".join(describe(lookup, obj, now_us, show_events=with_events) for obj in objects)
