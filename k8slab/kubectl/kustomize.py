"""Kustomizations: manifests built from a directory with a `kustomization.yaml`.

Known are `resources`, `namePrefix` and `nameSuffix`, `namespace`, `labels` and
`commonLabels`, `commonAnnotations`, `images`, `replicas`, `patches` (and the older
`patchesStrategicMerge`, `patchesJson6902`), `configMapGenerator` and
`secretGenerator` with `generatorOptions`. Any other field is refused by name.

Models sigs.k8s.io/kustomize/api as kubectl v1.36 embeds it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import posixpath
from collections.abc import Callable
from typing import Any, NamedTuple

from k8slab.api import yaml
from k8slab.api.go_text import marshal
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch, merge_patch
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.kubectl.client import Client
from k8slab.kubectl.command import fail

_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_KNOWN = (
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
)
_FIRST = (
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_CLUSTER_SCOPED = (
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "StorageClass",
)
_UNPREFIXED = ("CustomResourceDefinition", "Namespace", "APIService")
_SELECTED = ("Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "Job")
_TEMPLATED = (*_SELECTED, "ReplicationController")
_CONSONANTS = str.maketrans("013ae", "ghkmt")


_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
_DEPRECATED = {
    "bases": "resources",
    "commonLabels": "labels",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
}
Warn = Callable[[str], None]


class _Loader(NamedTuple):
    """Where files come from: `anywhere` says that they needn't lie in or below the kustomization's folder.

    `warn` is told of fields that there are better ones for.
    """

    client: Client
    warn: Warn
    anywhere: bool


class _LoadError(Exception):
    """A file that may not be read, or isn't there, in kustomize's words."""


def build(client: Client, directory: str, warn: Warn, *, anywhere: bool = False) -> list[Obj]:
    """A kustomization's manifests, in the order in which they are applied. KubectlError for a bad one.

    `warn` is told of fields that there are better ones for; `anywhere` lets it read files that don't lie
    in or below its folder.
    """
    return sorted(_built(_Loader(client, warn, anywhere), directory.rstrip("/") or "."), key=_rank)


def _rank(obj: Obj) -> tuple[int, str, str]:
    kind = obj.get("kind", "")
    if kind in _FIRST:
        place = _FIRST.index(kind) - len(_FIRST)
    else:
        place = 1 + _LAST.index(kind) if kind in _LAST else 0
    return place, "" if place else kind, obj["metadata"].get("name", "")


def _join(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join("" if directory == "." else directory, path))


def _read(loader: _Loader, directory: str, path: str) -> str:
    """The text of a file that a kustomization names. _LoadError where there is none for it."""
    full = _join(directory, path)
    shown, root = os.path.abspath(full), os.path.abspath(directory)
    if not loader.anywhere and not shown.startswith(f"{root}/"):
        raise _LoadError(f"security; file '{shown}' is not in or below '{root}'")
    try:
        return loader.client.read_file(full)
    except OSError as error:
        raise _LoadError(f"evalsymlink failure on '{shown}' : {_missing(shown)}") from error


def _missing(path: str) -> str:
    return f"lstat {path}: no such file or directory"


def _kustomization(loader: _Loader, directory: str) -> Obj:
    for name in _FILES:
        try:
            text = _read(loader, directory, name)
        except _LoadError:
            continue
        loaded: Obj = yaml.load(text) or {}
        unknown = [field for field in loaded if field not in _KNOWN]
        if unknown:
            raise fail(f"kustomization fields that are not read here: {', '.join(sorted(unknown))}")
        _check_texts(loaded)
        for field, better in _DEPRECATED.items():
            if loaded.get(field) is not None:
                loader.warn(f"# Warning: '{field}' is deprecated. Please use '{better}' instead. {_FIX}\n")
        return loaded
    if loader.client.list_files(directory, False) == [directory]:
        raise fail(
            f"must build at directory: not a valid directory: evalsymlink failure on '{directory}' : "
            f"{_missing(os.path.abspath(directory))}"
        )
    raise fail(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory "
        f"'{os.path.abspath(directory)}'"
    )


def _check_texts(loaded: Obj) -> None:
    """KubectlError for a label or an annotation that is no text, as Go refuses it."""
    tables = [(f"Kustomization.{name}", loaded.get(name)) for name in ("commonLabels", "commonAnnotations")]
    tables += [("Label.labels.pairs", one.get("pairs")) for one in loaded.get("labels") or ()]
    for where, table in tables:
        for value in (table or {}).values():
            if value is not None and not isinstance(value, str):
                kind = "bool" if isinstance(value, bool) else "number"
                problem = f"json: cannot unmarshal {kind} into Go struct field {where} of type string"
                raise fail(f"invalid Kustomization: {problem}")


def _built(loader: _Loader, directory: str) -> list[Obj]:
    rules = _kustomization(loader, directory)
    objects: list[Obj] = []
    for path in (*(rules.get("resources") or ()), *(rules.get("bases") or ())):
        objects += _resource(loader, directory, path)
    renamed: dict[tuple[str, str], str] = {}
    for kind, field in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
        for generator in rules.get(field) or ():
            objects.append(_generated(loader, directory, rules, kind, generator, renamed))
    objects = _patched(loader, directory, rules, objects)
    objects = [_with_rules(obj, rules) for obj in objects]
    for obj in objects:
        name = obj["metadata"]["name"]
        new = name if obj["kind"] in _UNPREFIXED else _affixed(rules, name)
        renamed.setdefault((obj["kind"], name), new)
    named = [_named(obj, rules, renamed) for obj in objects]
    return [_with_references(obj, renamed) for obj in named]


def _resource(loader: _Loader, directory: str, path: str) -> list[Obj]:
    if "://" in path:
        raise fail(f"accumulating resources: '{path}' is on a network that a lab doesn't have")
    full = _join(directory, path)
    if loader.client.list_files(full, False) != [full]:
        return _built(loader, full)
    try:
        text = _read(loader, directory, path)
    except _LoadError as error:
        shown = os.path.abspath(full)
        reason = f"'{shown}': file is not directory"
        if "security" not in str(error):
            reason = f"not a valid directory: {error}"
        raise fail(
            f"accumulating resources: accumulation err='accumulating resources from '{path}': {error}': "
            f"must build at directory: {reason}"
        ) from error
    return [one for one in yaml.load_all(text) if one]


def _affixed(rules: Obj, name: str) -> str:
    return f"{rules.get('namePrefix') or ''}{name}{rules.get('nameSuffix') or ''}"


def _named(obj: Obj, rules: Obj, renamed: dict[tuple[str, str], str]) -> Obj:
    metadata = obj["metadata"]
    new = renamed[(obj["kind"], metadata["name"])]
    return obj if new == metadata["name"] else {**obj, "metadata": {**metadata, "name": new}}


# Generators.


def _generated(
    loader: _Loader,
    directory: str,
    rules: Obj,
    kind: str,
    generator: Obj,
    renamed: dict[tuple[str, str], str],
) -> Obj:
    """A ConfigMap or Secret of literals and files; its final name carries a hash of its content."""
    data = _sourced(loader, directory, generator)
    if kind == "Secret":
        data = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    obj: Obj = {"apiVersion": "v1", "data": data, "kind": kind, "metadata": {"name": generator["name"]}}
    if kind == "Secret":
        obj["type"] = generator.get("type") or "Opaque"
    options = {**(rules.get("generatorOptions") or {}), **(generator.get("options") or {})}
    for field in ("labels", "annotations"):
        if options.get(field):
            obj["metadata"][field] = options[field]
    if not options.get("disableNameSuffixHash"):
        name = _affixed(rules, generator["name"])
        renamed[(kind, generator["name"])] = f"{name}-{_content_hash(obj)}"
    return obj


def _sourced(loader: _Loader, directory: str, generator: Obj) -> dict[str, str]:
    """The data of a generator's literals, files and lists of variables. KubectlError for a bad source."""
    data: dict[str, str] = {}
    for path in generator.get("envs") or ():
        for line in _source_text(loader, directory, path, f"env source files: [{path}]").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                data[name] = value
    for literal in generator.get("literals") or ():
        name, equals, value = literal.partition("=")
        if not equals:
            raise fail(
                f"loading KV pairs: literal sources [{literal}]: invalid literal source {literal}, "
                "expected key=value"
            )
        data[name] = value.strip("'\"") if value[:1] in ("'", '"') else value
    for source in generator.get("files") or ():
        name, equals, path = source.partition("=")
        text = _source_text(loader, directory, path if equals else source, f"file sources: [{source}]")
        data[name if equals else posixpath.basename(source)] = text
    return data


def _source_text(loader: _Loader, directory: str, path: str, what: str) -> str:
    try:
        return _read(loader, directory, path)
    except _LoadError as error:
        raise fail(f"loading KV pairs: {what}: {error}") from error


def _content_hash(obj: Obj) -> str:
    # Kustomize looks for a field that is called "metadata/name", and so hashes no name.
    content = {"kind": obj["kind"], "name": "", "data": obj["data"]}
    if obj["kind"] == "Secret":
        content["type"] = obj["type"]
    return hashlib.sha256(marshal(content).encode()).hexdigest()[:10].translate(_CONSONANTS)


# Patches.


def _patched(loader: _Loader, directory: str, rules: Obj, objects: list[Obj]) -> list[Obj]:
    for entry in (*(rules.get("patches") or ()), *(rules.get("patchesJson6902") or ())):
        text = entry.get("patch") or _patch_text(loader, directory, entry.get("path") or "")
        objects = _with_patch(objects, _parsed_patch(text, entry), entry.get("target"))
    for entry in rules.get("patchesStrategicMerge") or ():
        for patch in yaml.load_all(_older_patch_text(loader, directory, entry)):
            objects = _with_patch(objects, patch, None)
    return objects


def _patch_text(loader: _Loader, directory: str, path: str) -> str:
    try:
        return _read(loader, directory, path)
    except _LoadError as error:
        raise fail(
            f"trouble configuring builtin PatchTransformer with config: `\npath: {path}\n`: "
            f"failed to get the patch file from path({path}): {error}"
        ) from error


def _parsed_patch(text: str, entry: Obj) -> Any:
    """A patch as data. What begins as a JSON list must be one. KubectlError where it isn't."""
    if not text.startswith("["):
        return yaml.load(text)
    try:
        return json.loads(text)
    except ValueError as error:
        raise fail(
            f"trouble configuring builtin PatchTransformer with config: `\n{yaml.dump(entry)}`: unable to "
            f"parse SM or JSON patch from [patch: {go_quote(text)}]"
        ) from error


def _older_patch_text(loader: _Loader, directory: str, entry: str) -> str:
    """A patch that stands in the list itself, or in the file that it names."""
    if "\n" in entry:
        return entry
    try:
        return _read(loader, directory, entry)
    except _LoadError as error:
        raise fail(
            "trouble configuring builtin PatchStrategicMergeTransformer with config: `\npaths:\n"
            f"- {entry}\n`: {error}"
        ) from error


def _with_patch(objects: list[Obj], patch: Any, target: Obj | None) -> list[Obj]:
    if target is None:
        target = {"kind": patch["kind"], "name": patch["metadata"]["name"]}
    found = [obj for obj in objects if _fits(obj, target)]
    if not found:
        raise fail(f"no resource matches the patch target {marshal(target)}")
    return [_patched_one(obj, patch) if _fits(obj, target) else obj for obj in objects]


def _fits(obj: Obj, target: Obj) -> bool:
    group = obj["apiVersion"].rpartition("/")[0]
    return bool(
        target.get("kind", obj["kind"]) == obj["kind"]
        and target.get("name", obj["metadata"]["name"]) == obj["metadata"]["name"]
        and target.get("group", group) == group
    )


def _patched_one(obj: Obj, patch: Any) -> Obj:
    if isinstance(patch, list):
        return json_patch(obj, patch)
    type_name = type_of_kind(obj["apiVersion"], obj["kind"])
    named = {**patch, "metadata": {**(patch.get("metadata") or {}), "name": obj["metadata"]["name"]}}
    if not type_name:
        merged: Obj = merge_patch(obj, named)
        return merged
    return strategic_merge_patch(type_name, obj, named)


# Labels, namespaces, images and replicas.


def _with_rules(obj: Obj, rules: Obj) -> Obj:
    namespace = rules.get("namespace")
    if namespace and obj["kind"] not in _CLUSTER_SCOPED:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
    for entry in rules.get("labels") or ():
        pairs = entry.get("pairs") or {}
        obj = _labelled(
            obj, pairs, entry.get("includeSelectors", False), entry.get("includeTemplates", False)
        )
    if rules.get("commonLabels"):
        obj = _labelled(obj, rules["commonLabels"], True, True)
    if rules.get("commonAnnotations"):
        obj = _with_metadata(obj, "annotations", rules["commonAnnotations"])
        obj = _in_template(obj, lambda one: _with_metadata(one, "annotations", rules["commonAnnotations"]))
    for entry in rules.get("replicas") or ():
        if obj["metadata"]["name"] == entry["name"] and "spec" in obj and obj["kind"] in _TEMPLATED:
            obj = {**obj, "spec": {**obj["spec"], "replicas": entry["count"]}}
    if rules.get("images"):
        obj = _with_images(obj, rules["images"])
    return obj


def _with_metadata(obj: Obj, field: str, values: Obj) -> Obj:
    metadata = obj.get("metadata") or {}
    return {**obj, "metadata": {**metadata, field: {**(metadata.get(field) or {}), **values}}}


def _in_template(obj: Obj, change: Any) -> Obj:
    if obj["kind"] not in _TEMPLATED or "template" not in (obj.get("spec") or {}):
        return obj
    return {**obj, "spec": {**obj["spec"], "template": change(obj["spec"]["template"])}}


def _labelled(obj: Obj, pairs: Obj, in_selectors: bool, in_templates: bool) -> Obj:
    obj = _with_metadata(obj, "labels", pairs)
    if in_selectors or in_templates:
        obj = _in_template(obj, lambda one: _with_metadata(one, "labels", pairs))
    if not in_selectors:
        return obj
    spec = obj.get("spec") or {}
    if obj["kind"] == "Service" and spec.get("selector"):
        return {**obj, "spec": {**spec, "selector": {**spec["selector"], **pairs}}}
    if obj["kind"] in _SELECTED and obj["kind"] != "Job":
        selector = spec.get("selector") or {}
        labels = {**(selector.get("matchLabels") or {}), **pairs}
        return {**obj, "spec": {**spec, "selector": {**selector, "matchLabels": labels}}}
    return obj


def _with_images(value: Any, images: list[Obj]) -> Any:
    """The same with the images of its containers replaced."""
    if isinstance(value, list):
        return [_with_images(item, images) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _with_images(item, images) for name, item in value.items()}
    if isinstance(changed.get("image"), str) and "name" in changed:
        changed["image"] = _image(changed["image"], images)
    return changed


def _image(image: str, images: list[Obj]) -> str:
    name, at, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, ""
    for rule in images:
        if rule["name"] != head:
            continue
        head = rule.get("newName") or head
        if rule.get("digest"):
            return f"{head}@{rule['digest']}"
        if rule.get("newTag"):
            return f"{head}:{rule['newTag']}"
        return f"{head}{f':{tag}' if tag else ''}{at}{digest}"
    return image


# References.

_REFERENCES = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "configMap": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
}
_NAME_FIELDS = {
    "serviceAccountName": "ServiceAccount",
    "serviceName": "Service",
    "secretName": "Secret",
    "claimName": "PersistentVolumeClaim",
}


def _with_references(value: Any, renamed: dict[tuple[str, str], str]) -> Any:
    """The same with the names of renamed objects in its references."""
    if isinstance(value, list):
        return [_with_references(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    changed: dict[str, Any] = {}
    for name, item in value.items():
        item = _with_references(item, renamed)
        if name in _REFERENCES and isinstance(item, dict) and "name" in item:
            new = renamed.get((_REFERENCES[name], item["name"]), item["name"])
            item = {**item, "name": new}
        elif name in _NAME_FIELDS and isinstance(item, str):
            item = renamed.get((_NAME_FIELDS[name], item), item)
        elif name in ("roleRef", "scaleTargetRef") and isinstance(item, dict):
            item = {
                **item,
                "name": renamed.get((item.get("kind", ""), item.get("name", "")), item.get("name")),
            }
        changed[name] = item
    return changed
