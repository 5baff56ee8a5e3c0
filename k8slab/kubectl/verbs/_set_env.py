"""`kubectl set env`: variables of containers, given one by one or taken from a ConfigMap or Secret.

Models staging/src/k8s.io/kubectl/pkg/cmd/set/{set_env.go,env}, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj, dig
from k8slab.kubectl.command import KubectlError, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import check_output
from k8slab.kubectl.resources import Info, select
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._pairs import chosen_containers
from k8slab.kubectl.verbs._workloads import has_pod_template, template_of, with_template

ENV_FLAGS = (
    Flag("containers", "c", default="*"),
    Flag("from"),
    Flag("prefix"),
    Flag("env", "e", "array"),
    Flag("keys", type="strings"),
    Flag("list", type="bool"),
    Flag("resolve", type="bool"),
    Flag("overwrite", type="bool", default=True),
)
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def set_env(session: Session, chosen: Callable[..., list[Info]], apply_changes: Callable[..., None]) -> None:
    """Run the command. `chosen` and `apply_changes` are those of all the `set` commands."""
    flags = session.flags
    if flags["all"] and flags["selector"]:
        raise fail("cannot set --all and --selector at the same time")
    words, specs = _split(session.arguments)
    check_output(session)
    if not words and not flags["filename"]:
        raise fail("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    if flags["list"] and flags["output"]:
        raise fail("--list and --output may not be specified together")
    if flags["keys"] and not flags["from"]:
        raise fail("when specifying --keys, a configmap or secret must be provided with --from")
    added, removed = _parsed(session, [*flags["env"], *specs])
    added = [*added, *_imported(session)]
    if flags["prefix"]:
        added = [{**one, "name": f"{flags['prefix']}{one['name']}"} for one in added]
    infos = chosen(session, words)

    def change(info: Info) -> Obj | None:
        return _changed(session, info, added, removed)

    if flags["list"]:
        for info in infos:
            with session.collecting():
                # Of an object without a template of Pods there is nothing to list.
                if has_pod_template(info.kind):
                    change(info)
        return
    apply_changes(session, infos, change, "env updated", "failed to patch env update to pod template:")


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The resources and the changes behind them; a lone `-` reads variables from standard input."""
    words: list[str] = []
    specs: list[str] = []
    for word in arguments:
        is_spec = word == "-" or ("=" in word and not word.startswith("=")) or word.endswith("-")
        if specs and not is_spec:
            raise fail(f"all resources must be specified before environment changes: {' '.join(arguments)}")
        (specs if is_spec else words).append(word)
    return words, specs


def _parsed(session: Session, specs: Sequence[str]) -> tuple[list[Obj], list[str]]:
    added: list[Obj] = []
    removed: list[str] = []
    seen: dict[str, bool] = {}
    for spec in specs:
        name, equals, value = spec.partition("=")
        if spec == "-":
            for line in session.stdin.splitlines():
                name, equals, value = line.partition("#")[0].partition("=")
                if equals:
                    added.append({"name": name, "value": value})
                    seen[name] = True
            continue
        if equals:
            if not _NAME.fullmatch(name):
                raise fail(
                    f'"{name}" is not a valid key name: a valid environment variable name must consist of '
                    "alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. "
                    "'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
                    "'[-._a-zA-Z][-._a-zA-Z0-9]*')"
                )
            seen[name] = True
            added.append({"name": name, "value": value} if value else {"name": name})
        else:
            removed.append(spec[:-1])
    for name in removed:
        if name in seen:
            raise fail("can not both modify and remove the same environment variable in the same command")
    return added, removed


def _imported(session: Session) -> list[Obj]:
    """Variables that refer to the keys of the ConfigMap or Secret of `--from`."""
    source = session.flags["from"]
    if not source:
        return []
    keys = session.flags["keys"]
    infos = select(session, arguments=[source])
    session.stop_if_failed()
    found: list[Obj] = []
    for info in infos:
        field = {"Secret": "secretKeyRef", "ConfigMap": "configMapKeyRef"}.get(info.kind.kind)
        if field is None:
            raise fail("unsupported resource specified in --from")
        for key in sorted(info.present.get("data") or {}):
            if not keys or key in keys:
                reference = {"name": info.name, "key": key}
                name = re.sub(r"[^a-zA-Z0-9_]", "_", key).upper()
                if name != key:
                    session.warn(f"Warning: key {key} transferred to {name}\n")
                found.append({"name": name, "valueFrom": {field: reference}})
    return found


def _changed(session: Session, info: Info, added: list[Obj], removed: list[str]) -> Obj | None:
    template = template_of(info.kind, info.present)
    spec = dict(template["spec"])
    pattern = session.flags["containers"]
    found = False
    for part in ("containers", "initContainers"):
        marks = chosen_containers(spec.get(part), pattern)
        if not any(marks):
            continue
        found = True
        containers = []
        for container, mark in zip(spec[part], marks, strict=True):
            if mark:
                container = _updated(session, container, added, removed)
                if session.flags["list"]:
                    _list(session, info, container)
            containers.append(container)
        spec[part] = containers
    if not found:
        session.warn(
            f'Warning: {info.kind.kind}/{info.name} does not have any containers matching "{pattern}"\n'
        )
        return None
    return with_template(info.kind, info.present, {**template, "spec": spec})


def _updated(session: Session, container: Obj, added: list[Obj], removed: list[str]) -> Obj:
    present: list[Obj] = container.get("env") or []
    new = {one["name"]: one for one in reversed(added)}
    if not session.flags["overwrite"]:
        for one in present:
            if one["name"] in new and new[one["name"]].get("value", "") != one.get("value", ""):
                raise fail(
                    f"'{one['name']}' already has a value ({one.get('value', '')}), and --overwrite is false"
                )
    covered = dict.fromkeys(removed, True)
    result: list[Obj] = []
    for one in present:
        if one["name"] in covered:
            continue
        if one["name"] in new:
            covered[one["name"]] = True
            result.append(new[one["name"]])
        else:
            result.append(one)
    for one in added:
        if one["name"] not in covered:
            covered[one["name"]] = True
            result.append(new[one["name"]])
    if result == present:
        return container
    return {**{k: v for k, v in container.items() if k != "env"}, **({"env": result} if result else {})}


# Listing.


def _list(session: Session, info: Info, container: Obj) -> None:
    session.write(f"# {info.kind.kind} {info.name}, container {container['name']}\n")
    problems: dict[str, list[str]] = {}
    for one in container.get("env") or ():
        source = one.get("valueFrom")
        if source is None:
            session.write(f"{one['name']}={one.get('value', '')}\n")
            continue
        text = f"# {one['name']} from {reference_text(source)}\n"
        if session.flags["resolve"]:
            try:
                text = f"{one['name']}={_resolved(session, info, source)}\n"
            except (ApiError, KubectlError) as error:
                problems.setdefault(str(error), []).append(one["name"])
        session.write(text)
    for problem in sorted(problems):
        session.warn(f"error retrieving reference for {', '.join(sorted(problems[problem]))}: {problem}\n")
    if problems:
        raise fail("failed to retrieve valueFrom references")


def reference_text(source: Obj) -> str:
    """What a variable's value is taken from, in words."""
    if "configMapKeyRef" in source:
        return f"configmap {source['configMapKeyRef']['name']}, key {source['configMapKeyRef']['key']}"
    if "secretKeyRef" in source:
        return f"secret {source['secretKeyRef']['name']}, key {source['secretKeyRef']['key']}"
    if "fieldRef" in source:
        return f"field path {source['fieldRef']['fieldPath']}"
    if "resourceFieldRef" in source:
        reference = source["resourceFieldRef"]
        prefix = f"{reference['containerName']}/" if reference.get("containerName") else ""
        return f"resource field {prefix}{reference['resource']}"
    return "invalid valueFrom"


def _resolved(session: Session, info: Info, source: Obj) -> str:
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        reference = source.get(field)
        if reference is None:
            continue
        obj = session.get(kinds()[kind], session.namespace, reference["name"])
        value = (obj.get("data") or {}).get(reference["key"])
        if value is None:
            raise fail(f"key {reference['key']} not found in {kind.lower()} {reference['name']}")
        return base64.b64decode(value).decode("utf-8", "replace") if kind == "Secret" else str(value)
    if "fieldRef" in source:
        found: Any = dig(info.present, *source["fieldRef"]["fieldPath"].split("."), default="")
        return str(found)
    raise fail("invalid valueFrom")
