"""ServiceAccount: every Pod acts as one, and finds its token mounted.

The token volume's name ends in letters of chance. They are those of the Pod's
controller, where it has one, and not the Pod's own: so the Pods of one
template go on sharing one spec, and nothing that a Pod does depends on them.

Models plugin/pkg/admission/serviceaccount/admission.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from k8slab.api.memo import liken, remember_with
from k8slab.api.meta import Obj, annotations_of, controller_of
from k8slab.api.validation._names import path_segment
from k8slab.chance import suffix
from k8slab.cluster.admission._plugin import Admission, Request, refusal
from k8slab.cluster.node_access import secret_names

DEFAULT_ACCOUNT = "default"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
MIRROR = "kubernetes.io/config.mirror"
ENFORCE_MOUNTABLE_SECRETS = "kubernetes.io/enforce-mountable-secrets"
_TRUE = ("1", "t", "T", "TRUE", "true", "True")

_TOKEN_SOURCE: Obj = {
    "defaultMode": 0o644,
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [
                    {
                        "path": "namespace",
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                    }
                ]
            }
        },
    ],
}


_ANY_LETTERS = "aaaaa"
"""Of the specs of one template's Pods the first one's; chance draws no vowels."""


@lru_cache(maxsize=8192)
def letters_of(seed: int, *name: str) -> str:
    """The letters of chance in the name of a token's volume: of a controller's uid, or of a Pod's name."""
    return suffix(seed, "kube-api-access", *name)


def _mutate(request: Request, obj: Obj) -> Obj:
    if request.subresource or request.operation != "CREATE":
        return obj
    if MIRROR in annotations_of(obj):
        _validate(request._replace(new=obj))
        return obj
    spec = obj["spec"]
    name = spec.get("serviceAccountName") or DEFAULT_ACCOUNT
    account = _account(request, name)
    wanted = spec.get("automountServiceAccountToken")
    if wanted is None:
        wanted = account.get("automountServiceAccountToken")
    letters = ""
    if wanted is not False:
        owner = controller_of(obj)
        metadata = obj["metadata"]
        of = (owner["uid"],) if owner else (request.namespace, metadata.get("name") or "")
        letters = letters_of(request.view.seed, *of)
    secrets = tuple(one.get("name", "") for one in account.get("imagePullSecrets") or ())
    obj = {**obj, "spec": _with_account(spec, name, letters, secrets)}
    _validate(request._replace(new=obj))
    return obj


def _account(request: Request, name: str) -> Obj:
    """The account. 403 where there is none; for a namespace's default one the server waits a little."""
    account = request.view.get("ServiceAccount", (request.namespace, name))
    if account is None:
        faults = path_segment(name)
        missing = f'serviceaccount "{name}" not found'
        if faults:
            missing = f'invalid resource name "{name}": [{" ".join(faults)}]'
        why = f"error looking up service account {request.namespace}/{name}: {missing}"
        error = refusal(request, why)
        if name == DEFAULT_ACCOUNT:
            share = request.view.chance("default account", request.namespace, request.name)
            error.again_us = 100_000 + int(share * 100) * 1000
        raise error
    return account


def _spec_with_account(spec: Obj, name: str, letters: str, secrets: tuple[str, ...]) -> Obj:
    new = {**spec, "serviceAccountName": name, "serviceAccount": name}
    if letters:
        new = _with_token(new, letters)
    if secrets and not spec.get("imagePullSecrets"):
        new["imagePullSecrets"] = [{"name": secret} for secret in secrets]
    if letters and letters != _ANY_LETTERS:
        first = _with_account(spec, name, _ANY_LETTERS, secrets)
        liken(new, first)
        for field in ("containers", "initContainers", "volumes"):
            if new.get(field) is not spec.get(field):
                liken(new[field], first[field])
    return new


_with_account = remember_with(_spec_with_account)


def _with_token(spec: Obj, letters: str) -> Obj:
    """The spec with the token mounted wherever nothing else is mounted in its place."""
    volumes = spec.get("volumes") or []
    present = next((one["name"] for one in volumes if one.get("name", "").startswith(VOLUME_PREFIX)), "")
    volume = present or VOLUME_PREFIX + letters
    mount = {"name": volume, "readOnly": True, "mountPath": TOKEN_PATH}
    new = dict(spec)
    for field in ("initContainers", "containers"):
        if spec.get(field):
            new[field] = [_mounted(container, mount) for container in spec[field]]
    changed = any(new.get(field) != spec.get(field) for field in ("initContainers", "containers"))
    if changed and not present:
        new["volumes"] = [*volumes, {"name": volume, "projected": _TOKEN_SOURCE}]
    return new


def _mounted(container: Obj, mount: Obj) -> Obj:
    mounts = container.get("volumeMounts") or []
    if any(one.get("mountPath") == TOKEN_PATH for one in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, mount]}


# Judging.


def _validate(request: Request) -> None:
    pod = request.new
    if pod is None:
        return
    if request.subresource == "ephemeralcontainers" and request.operation == "UPDATE":
        account = _account(request, _account_name(request, pod))
        _check_secrets(request, account, pod, (("ephemeralContainers", "ephemeral container"),))
        return
    if request.subresource or request.operation != "CREATE":
        return
    if MIRROR in annotations_of(pod):
        _check_mirror(request, pod)
        return
    name = _account_name(request, pod)
    fields = (("initContainers", "init container"), ("containers", "container"))
    _check_secrets(request, _account(request, name), pod, fields)


def _account_name(request: Request, pod: Obj) -> str:
    """The name of a Pod's account. 403 where it has none."""
    name: str = pod["spec"].get("serviceAccountName") or ""
    if not name:
        pod_name = pod["metadata"].get("name", "")
        raise refusal(request, f"no service account specified for pod {request.namespace}/{pod_name}")
    return name


def _check_mirror(request: Request, pod: Obj) -> None:
    """A mirror Pod shows what a kubelet runs by itself: it can't draw on the API."""
    spec = pod["spec"]
    if spec.get("serviceAccountName"):
        raise refusal(request, "a mirror pod may not reference service accounts")
    if any(secret_names(spec)):
        raise refusal(request, "a mirror pod may not reference secrets")
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if source.get("serviceAccountToken"):
                raise refusal(request, "a mirror pod may not use ServiceAccountToken volume projections")


def _check_secrets(request: Request, account: Obj, pod: Obj, fields: tuple[tuple[str, str], ...]) -> None:
    """Where the account says so, a Pod may only use the Secrets that the account lists."""
    if annotations_of(account).get(ENFORCE_MOUNTABLE_SECRETS) not in _TRUE:
        return
    name, spec = account["metadata"]["name"], pod["spec"]
    allowed = [one.get("name") for one in account.get("secrets") or ()]
    unlisted = f"is not allowed because service account {name} does not reference that"
    ephemeral = fields[0][0] == "ephemeralContainers"
    for volume in () if ephemeral else spec.get("volumes") or ():
        secret = (volume.get("secret") or {}).get("secretName")
        if volume.get("secret") and secret not in allowed:
            raise refusal(request, f'volume with secret.secretName="{secret}" {unlisted} secret')
    for field, label in fields:
        for container in spec.get(field) or ():
            for text, secret in _secrets_of(container):
                if secret not in allowed:
                    subject = f"{label} {container.get('name', '')} with {text}"
                    why = f'{subject} referencing secret.secretName="{secret}" {unlisted} secret'
                    raise refusal(request, why)
    pull = [one.get("name") for one in account.get("imagePullSecrets") or ()]
    for index, reference in enumerate(() if ephemeral else spec.get("imagePullSecrets") or ()):
        if reference.get("name") not in pull:
            why = f'imagePullSecrets[{index}].name="{reference.get("name")}" {unlisted} imagePullSecret'
            raise refusal(request, why)


def _secrets_of(container: Obj) -> Iterator[tuple[str, str]]:
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if reference:
            yield f"envVar {variable.get('name', '')}", reference.get("name", "")
    for source in container.get("envFrom") or ():
        if source.get("secretRef"):
            yield "envFrom", source["secretRef"].get("name", "")


ADMISSION = Admission("ServiceAccount", _mutate, _validate, kinds=("Pod",))
