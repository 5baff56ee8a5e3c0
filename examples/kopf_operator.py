"""A kopf operator on a lab: each new ConfigMap with the label `greet` gets a greeting.

KUBECONFIG=… kopf run examples/kopf_operator.py --namespace default
"""

from __future__ import annotations

from typing import Any

import kopf


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Keep progress in annotations: ConfigMaps have no status."""
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage()
    settings.posting.enabled = False


@kopf.on.create("v1", "configmaps", labels={"greet": kopf.PRESENT})
def greet(name: str, patch: kopf.Patch, **_: Any) -> None:
    """Write the greeting."""
    patch["data"] = {"greeting": f"Hello, {name}!"}
