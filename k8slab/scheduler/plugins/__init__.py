"""One scheduling rule a module, each exported as `PLUGIN`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from k8slab.scheduler.framework import CLUSTER_SCOPE, Plugin


@cache
def plugins() -> tuple[Plugin, ...]:
    """Every scheduling rule, in the order in which filters are asked."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}").PLUGIN for name in names if name[0] != "_"]
    return tuple(sorted(found, key=lambda plugin: plugin.order))


@cache
def filters() -> tuple[Plugin, ...]:
    """The rules that can refuse a node."""
    return tuple(plugin for plugin in plugins() if plugin.pre_filter is not None)


@cache
def cluster_filters() -> tuple[Plugin, ...]:
    """Those of them that look at the whole cluster."""
    return tuple(plugin for plugin in filters() if plugin.scope == CLUSTER_SCOPE)


@cache
def scorers() -> tuple[Plugin, ...]:
    """The rules that rate nodes."""
    return tuple(plugin for plugin in plugins() if plugin.score is not None)
