"""The kubeconfig that a served lab writes, and the environment in which kubectl finds it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from k8slab.api.meta import Obj

NAME = "k8slab"


def config_of(url: str, token: str, certificate: bytes = b"") -> Obj:
    """A kubeconfig for a server: one cluster, one user, one context. `certificate` is PEM, for https."""
    cluster: Obj = {"server": url}
    if certificate:
        cluster["certificate-authority-data"] = base64.b64encode(certificate).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"token": token}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": "default"}}],
        "current-context": NAME,
    }


class Home:
    """A folder for a served lab: its kubeconfig, only for its owner to read, and kubectl's cache."""

    def __init__(self, url: str, token: str, certificate: bytes = b"") -> None:
        self.path = Path(tempfile.mkdtemp(prefix="k8slab-"))
        self.kubeconfig = self.path / "config"
        self.cache = self.path / "cache"
        text = json.dumps(config_of(url, token, certificate), indent=2)
        descriptor = os.open(self.kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        self._before: Mapping[str, str | None] = {}

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which kubectl finds the lab.

        Its discovery cache is keyed by host and port, so that each lab has its own.
        """
        return {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.cache)}

    def enter(self) -> None:
        """Set the variables for this process and the shell cells that it starts."""
        self._before = {name: os.environ.get(name) for name in self.variables}
        os.environ.update(self.variables)

    def leave(self) -> None:
        """Put back the variables that are still ours, and remove the folder."""
        for name, value in self._before.items():
            if os.environ.get(name) != self.variables[name]:
                continue
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(self.path, ignore_errors=True)
