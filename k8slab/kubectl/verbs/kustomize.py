"""`kubectl kustomize`: print the manifests of a kustomization.

Models staging/src/k8s.io/kubectl/pkg/cmd/kustomize/kustomize.go, v1.36.
"""

from __future__ import annotations

from k8slab.api import yaml
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.kustomize import build
from k8slab.kubectl.session import Session


def _run(session: Session) -> None:
    if len(session.arguments) > 1:
        raise fail("specify one path to kustomization.yaml")
    directory = session.arguments[0] if session.arguments else "."
    restrictor = session.flags["load-restrictor"]
    if restrictor not in _RESTRICTORS:
        raise fail(
            f"illegal flag value --load-restrictor {restrictor}; legal values: [{' '.join(_RESTRICTORS)}]"
        )
    anywhere = restrictor == "LoadRestrictionsNone"
    objects = build(session.client, directory, session.warn, anywhere=anywhere)
    session.write("---\n".join(yaml.dump(obj) for obj in objects))


_RESTRICTORS = ("LoadRestrictionsRootOnly", "LoadRestrictionsNone")
_NO_PROGRAMS = "no other program is started in process"
_FLAGS = (
    Flag("as-current-user", type="bool", refused=_NO_PROGRAMS),
    Flag("enable-alpha-plugins", type="bool", refused=_NO_PROGRAMS),
    Flag("enable-helm", type="bool", refused=_NO_PROGRAMS),
    Flag("env", "e", "array", refused=_NO_PROGRAMS),
    Flag("helm-api-versions", type="array", refused=_NO_PROGRAMS),
    Flag("helm-command", default="helm", refused=_NO_PROGRAMS),
    Flag("helm-debug", type="bool", refused=_NO_PROGRAMS),
    Flag("helm-kube-version", refused=_NO_PROGRAMS),
    Flag("load-restrictor", default=_RESTRICTORS[0]),
    Flag("mount", type="array", refused=_NO_PROGRAMS),
    Flag("network", type="bool", refused=_NO_PROGRAMS),
    Flag("network-name", default="bridge", refused=_NO_PROGRAMS),
    Flag("output", "o", refused="no files are written in process: print the manifests"),
)

VERB = Verb("kustomize", _run, _FLAGS, summary="Build a kustomization target from a directory or URL")
