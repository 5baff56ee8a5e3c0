"""What `kubectl apply` notes on an object: the manifest that was applied last.

Models staging/src/k8s.io/kubectl/pkg/util/apply.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.go_text import marshal
from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
VALIDATE = Flag("validate", default="strict", bare="strict")
SAVE_CONFIG = Flag("save-config", type="bool")

_DIRECTIVES = {
    **dict.fromkeys(("true", "strict", "t", "1"), "Strict"),
    "warn": "Warn",
    **dict.fromkeys(("false", "ignore", "f", "0"), "Ignore"),
}


def last_applied(obj: Obj) -> str | None:
    """The text of the manifest that was last applied; None where nothing is noted."""
    text: str | None = (obj["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    return text


def unnoted(manifest: Obj) -> Obj:
    """The manifest without what is noted of itself in its annotations; those that are null are empty."""
    metadata = manifest["metadata"]
    annotations = {
        name: "" if value is None else value
        for name, value in (metadata.get("annotations") or {}).items()
        if name != LAST_APPLIED
    }
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def noted(manifest: Obj) -> Obj:
    """The manifest with itself noted in its annotations, as the next apply will want it."""
    bare = unnoted(manifest)
    annotations = {**bare["metadata"]["annotations"], LAST_APPLIED: marshal(bare) + "\n"}
    return {**manifest, "metadata": {**bare["metadata"], "annotations": annotations}}


def noted_if_asked(session: Session, manifest: Obj) -> Obj:
    """With `--save-config` or where something is noted already, the manifest with itself noted."""
    if session.flags.get("save-config") or last_applied(manifest) is not None:
        return noted(manifest)
    return manifest


def field_validation(session: Session) -> str:
    """What the server does with unknown fields, by `--validate`. KubectlError for another word."""
    value = str(session.flags.get("validate", "strict"))
    directive = _DIRECTIVES.get(value.lower())
    if directive is None:
        raise fail(
            f'invalid - validate option "{value}"; must be one of: strict (or true), warn, ignore (or false)'
        )
    return directive
