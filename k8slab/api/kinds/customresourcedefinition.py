"""CustomResourceDefinition. Models apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go and
pkg/registry/customresourcedefinition/strategy.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import Table, defaulter, zero_of
from k8slab.api.kinds._strategy import differs, next_generation, on_status, with_field_of
from k8slab.api.meta import Obj, assoc

_PACKAGE = "apiextensions-apiserver.pkg.apis.apiextensions.v1."


def _with_names(names: Obj) -> Obj:
    """The singular is the kind in lower case; a list's kind ends in List."""
    kind = names.get("kind") or ""
    new: Obj = {}
    if not names.get("singular") and kind:
        new["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        new["listKind"] = f"{kind}List"
    return {**names, **new} if new else names


def _stored_version(definition: Obj) -> str | None:
    for version in (definition.get("spec") or {}).get("versions") or ():
        if version.get("storage"):
            return version.get("name") or ""
    return None


def _with_stored_version(definition: Obj) -> Obj:
    """The version that objects are stored in has been stored from now on."""
    name = _stored_version(definition)
    stored = (definition.get("status") or {}).get("storedVersions") or []
    if name is None or name in stored:
        return definition
    return assoc(definition, "status", "storedVersions", [*stored, name])


def _default_definition(definition: Obj) -> Obj:
    if (definition.get("status") or {}).get("storedVersions"):
        return definition
    return _with_stored_version(definition)


def _with_spec_names(spec: Obj) -> Obj:
    """Only the names in the spec are defaulted, not those accepted in the status."""
    names = spec.get("names")
    if names is None:
        return spec
    filled = _with_names(names)
    return spec if filled is names else {**spec, "names": filled}


_TABLE = Table(
    defaults={
        _PACKAGE + "CustomResourceDefinitionSpec": {"conversion": {"strategy": "None"}},
        _PACKAGE + "ServiceReference": {"port": 443},
    },
    hooks={
        _PACKAGE + "CustomResourceDefinition": _default_definition,
        _PACKAGE + "CustomResourceDefinitionSpec": _with_spec_names,
    },
)
_fresh_status = zero_of(_PACKAGE + "CustomResourceDefinitionStatus", _TABLE)


def _prepare_create(obj: Obj) -> Obj:
    metadata = {**obj["metadata"], "generation": 1}
    return _with_stored_version({**obj, "metadata": metadata, "status": _fresh_status()})


def _prepare_update(new: Obj, old: Obj) -> Obj:
    new = with_field_of(new, old, "status")
    if differs(new, old, "spec"):
        new = next_generation(new, old)
    return _with_stored_version(new)


KIND = Kind(
    kind="CustomResourceDefinition",
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    singular="customresourcedefinition",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=("status",),
    default=defaulter(_PACKAGE + "CustomResourceDefinition", _TABLE),
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_status=on_status(),
    unconditional_update=False,
)
