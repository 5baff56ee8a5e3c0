"""Defaults of Pod specs and Pod templates, shared by Pods and every workload.

What a template's spec becomes is remembered by identity: a controller that
puts its template's spec object into a thousand Pods has it defaulted once, and
all of them share the outcome.

Models pkg/apis/core/v1/defaults.go and pkg/util/parsers/parsers.go, v1.36.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from k8slab.api import quantities
from k8slab.api.kinds._defaulting import Table, defaulter
from k8slab.api.memo import remember
from k8slab.api.meta import Obj

POD_SPEC = "api.core.v1.PodSpec"
POD_TEMPLATE = "api.core.v1.PodTemplateSpec"

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?:{_DOMAIN}/)?{_PART}(?:/{_PART})*(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?",
    re.ASCII,
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
"""A bare image ID is no reference."""


_LONGEST_PATH = 255
"""Letters of an image's path, without its registry, tag and digest; a longer one can't be parsed."""


def _path_of(image: str, found: re.Match[str]) -> str:
    """The path in a reference; without a registry it is Docker's, where a bare name is in `library`."""
    name = image.partition("@")[0]
    name = name.removesuffix(f":{found['tag']}") if found["tag"] else name
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or re.search(r"[.:A-Z]", first)):
        return rest if "/" in rest or first not in ("docker.io", "index.docker.io") else f"library/{rest}"
    return name if slash else f"library/{name}"


@lru_cache(maxsize=4096)
def pull_policy(image: str) -> str:
    """`Always` for an image whose tag is `latest`, which is also the tag where none and no digest is given.

    A reference that can't be parsed has no tag, and so `IfNotPresent`.
    """
    found = _REFERENCE.fullmatch(image)
    if found is None or _IDENTIFIER.fullmatch(image) or len(_path_of(image, found)) > _LONGEST_PATH:
        return "IfNotPresent"
    tag = found["tag"] or ("" if found["digest"] else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"


def _container(container: Obj) -> Obj:
    """SetDefaults_Container, as far as it depends on the image."""
    if container.get("imagePullPolicy"):
        return container
    return {**container, "imagePullPolicy": pull_policy(container.get("image") or "")}


def _volume(volume: Obj) -> Obj:
    """SetDefaults_Volume: a volume without a source is an emptyDir; an image is pulled by its tag."""
    sources = [name for name, value in volume.items() if name != "name" and value is not None]
    if not sources:
        return {**volume, "emptyDir": {}}
    image = volume.get("image")
    if image is not None and not image.get("pullPolicy"):
        return {**volume, "image": {**image, "pullPolicy": pull_policy(image.get("reference") or "")}}
    return volume


def _pod_spec(spec: Obj) -> Obj:
    """The old name of the account's field always says the same as the new one."""
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if not account or spec.get("serviceAccountName") == spec.get("serviceAccount"):
        return spec
    return {**spec, "serviceAccountName": account, "serviceAccount": account}


@lru_cache(maxsize=4096)
def _rounded(text: str) -> str:
    """A resource amount rounded up to thousandths; a text that is no quantity stays as it is."""
    try:
        quantity = quantities.parse(text)
    except quantities.QuantityError:
        return text
    if quantity.nano % quantities.NANO_PER_MILLI == 0:
        return text
    return quantities.from_milli(quantities.milli(text), quantity.format)


def resource_list(amounts: Any) -> Any:
    """SetDefaults_ResourceList: amounts in thousandths at the finest; the same dict where they are."""
    changed: Obj | None = None
    for name, text in amounts.items():
        if isinstance(text, str):
            rounded = _rounded(text)
            if rounded is not text:
                changed = dict(amounts) if changed is None else changed
                changed[name] = rounded
    return amounts if changed is None else changed


RESOURCES = Table(visitors={"api.core.v1.ResourceList": resource_list})
"""For every kind that holds amounts of resources."""

CLAIM_SPEC = Table(defaults={"api.core.v1.PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"}})

_DEFAULT_MODE = {"defaultMode": 0o644}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}

POD_TABLE = Table(
    defaults={
        POD_SPEC: {
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
            "schedulerName": "default-scheduler",
        },
        "api.core.v1.Container": _CONTAINER,
        "api.core.v1.EphemeralContainer": _CONTAINER,
        "api.core.v1.Probe": {
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "api.core.v1.HTTPGetAction": {"path": "/", "scheme": "HTTP"},
        "api.core.v1.ObjectFieldSelector": {"apiVersion": "v1"},
        "api.core.v1.HostPathVolumeSource": {"type": ""},
        "api.core.v1.SecretVolumeSource": _DEFAULT_MODE,
        "api.core.v1.ConfigMapVolumeSource": _DEFAULT_MODE,
        "api.core.v1.DownwardAPIVolumeSource": _DEFAULT_MODE,
        "api.core.v1.ProjectedVolumeSource": _DEFAULT_MODE,
        "api.core.v1.ServiceAccountTokenProjection": {"expirationSeconds": 3600},
        "api.core.v1.AzureDiskVolumeSource": {"cachingMode": "ReadWrite", "kind": "Shared"},
        **CLAIM_SPEC.defaults,
    },
    hooks={
        POD_SPEC: _pod_spec,
        "api.core.v1.Container": _container,
        "api.core.v1.EphemeralContainer": _container,
        "api.core.v1.Volume": _volume,
    },
    visitors=dict(RESOURCES.visitors),
    remembered=("api.core.v1.Container", "api.core.v1.Volume"),
)
"""What every Pod spec defaults to, wherever it stands."""

fill_spec = defaulter(POD_SPEC, POD_TABLE)
"""The defaults of a Pod's or a template's spec: SetDefaults_PodSpec and all below it."""

default_spec = remember(fill_spec, idempotent=True)
"""The same, remembered."""

default_template = remember(
    defaulter(POD_TEMPLATE, Table(visitors={POD_SPEC: default_spec})), idempotent=True
)
"""The defaults of a Pod template."""

TEMPLATES = Table(visitors={POD_TEMPLATE: default_template, **CLAIM_SPEC.visitors, **RESOURCES.visitors})
"""For the kinds that hold Pod templates."""
