"""`kubectl kustomize`: print the manifests of a kustomization.

Models staging/src/k8s.io/kubectl/pkg/cmd/kustomize/kustomize.go, v1.36.
"""

from __future__ import annotations

from k8slab.api import yaml
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.kustomize import build
from k8slab.kubectl.session import Session


def _run(session: Session) -> None:
    if len(session.arguments) > 1:
        raise fail("specify one path to kustomization.yaml")
    directory = session.arguments[0] if session.arguments else "."
    session.write("---\n".join(yaml.dump(obj) for obj in build(session.client, directory, session.warn)))


VERB = Verb("kustomize", _run, summary="Build a kustomization target from a directory or URL")
