"""Which objects a command line means: types, names, files and selectors.

Models staging/src/k8s.io/cli-runtime/pkg/resource/builder.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj, group_version
from k8slab.kubectl.command import KubectlError
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session

FILE_FLAGS = (
    Flag("filename", "f", "strings"),
    Flag("kustomize", "k"),
    Flag("recursive", "R", "bool"),
)
SELECTOR_FLAGS = (Flag("selector", "l"), Flag("all", "", "bool"))
ALL_NAMESPACES = Flag("all-namespaces", "A", "bool")

_ALL_CATEGORY = (
    "Pod",
    "ReplicationController",
    "Service",
    "DaemonSet",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "CronJob",
    "Job",
)


class Info(NamedTuple):
    """One object that a command works on. `obj` is the manifest of a file, or what was read."""

    kind: Kind
    namespace: str
    name: str
    obj: Obj | None = None
    source: str = ""


def kinds_of(session: Session, text: str) -> list[Kind]:
    """The kinds that `pods,svc` or `all` names. KubectlError for an unknown one."""
    found: list[Kind] = []
    for part in text.split(","):
        if part == "all":
            found.extend(kinds()[name] for name in _ALL_CATEGORY if name in kinds())
        else:
            found.append(kind_named(part))
    return found


def kind_named(text: str) -> Kind:
    """The kind that a resource's name, short name or `name.group` means. KubectlError for none."""
    name, _, rest = text.lower().partition(".")
    for kind in kinds().values():
        if name in (kind.plural, kind.singular, *kind.short_names, kind.kind.lower()):
            groups = {kind.group, *(other.group for other in kind.other_versions)}
            if not rest or rest in groups or rest.partition(".")[2] in groups:
                return kind
    raise KubectlError(f'error: the server doesn\'t have a resource type "{text}"\n')


def full_name(kind: Kind, name: str) -> str:
    """How kubectl names an object in its messages: `deployment.apps/web`."""
    return f"{kind.singular}.{kind.group}/{name}" if kind.group else f"{kind.singular}/{name}"


def grouped(kind: Kind) -> str:
    """`deployment.apps`, or `pod`."""
    return f"{kind.singular}.{kind.group}" if kind.group else kind.singular


def named(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Type and name of each object that the arguments name; names are empty where only types stand.

    KubectlError where `TYPE/NAME` and `TYPE NAME` are mixed.
    """
    if not arguments:
        return []
    if any("/" in one for one in arguments):
        pairs = []
        for one in arguments:
            resource, slash, name = one.partition("/")
            if not slash:
                raise KubectlError(
                    "error: there is no need to specify a resource type as a separate argument when passing "
                    "arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of "
                    "'kubectl get resource resource/<resource_name>'\n"
                )
            if not resource or not name or "/" in name:
                raise KubectlError(
                    "error: arguments in resource/name form must have a single resource and name\n"
                )
            pairs.append((resource, name))
        return pairs
    if len(arguments) == 1:
        return [(arguments[0], "")]
    return [(arguments[0], name) for name in arguments[1:]]


def from_files(session: Session) -> list[Info]:
    """The objects of the files that `-f` names, in their order."""
    found: list[Info] = []
    for path in session.flags["filename"]:
        if path == "-":
            found.extend(_documents(session, session.stdin, "STDIN"))
            continue
        try:
            names = session.client.list_files(path, session.flags.get("recursive", False))
            for name in names:
                found.extend(_documents(session, session.client.read_file(name), name))
        except OSError as error:
            raise KubectlError(f'error: the path "{path}" does not exist\n') from error
    return found


def _documents(session: Session, text: str, source: str) -> list[Info]:
    from k8slab.api.yaml import load_all

    found: list[Info] = []
    try:
        documents = load_all(text)
    except ValueError as error:
        raise KubectlError(f"error: error parsing {source}: {error}\n") from error
    for document in documents:
        if document is None:
            continue
        if isinstance(document, dict) and document.get("kind") == "List":
            items = document.get("items") or []
        else:
            items = [document]
        found.extend(_info(session, item, source) for item in items)
    return found


def _info(session: Session, manifest: Obj, source: str) -> Info:
    if not isinstance(manifest, dict) or not manifest.get("kind"):
        raise KubectlError(f"error: unable to decode {source!r}: Object 'Kind' is missing in '{manifest}'\n")
    version = manifest.get("apiVersion", "")
    if not version:
        raise KubectlError(f"error: unable to decode {source!r}: Object 'apiVersion' is missing\n")
    kind = kinds().get(manifest["kind"])
    served = kind is not None and _serves(kind, version)
    if kind is None or not served:
        group, number = group_version(version)
        shown = f"{group}/{number}" if group else number
        named_metadata = manifest.get("metadata") or {}
        raise KubectlError(
            f'error: resource mapping not found for name: "{named_metadata.get("name", "")}" '
            f'namespace: "{named_metadata.get("namespace", "")}" from "{source}": '
            f'no matches for kind "{manifest["kind"]}" in version "{shown}"\n'
            "ensure CRDs are installed first\n"
        )
    metadata = manifest.get("metadata") or {}
    namespace = ""
    if kind.namespaced:
        namespace = metadata.get("namespace") or session.namespace
        asked = session.flags.get("namespace")
        if asked and metadata.get("namespace") and metadata["namespace"] != asked:
            raise KubectlError(
                f'error: the namespace from the provided object "{metadata["namespace"]}" does not match the '
                f"namespace \"{asked}\". You must pass '--namespace={metadata['namespace']}' to perform this "
                "operation.\n"
            )
        manifest = {**manifest, "metadata": {**metadata, "namespace": namespace}}
    return Info(kind, namespace, metadata.get("name", ""), manifest, source)


def _serves(kind: Kind, version: str) -> bool:
    if version == kind.api_version:
        return True
    return any(
        version == (f"{one.group}/{one.version}" if one.group else one.version) for one in kind.other_versions
    )


def select(session: Session, *, need: str = "", arguments: Sequence[str] | None = None) -> list[Info]:
    """The objects that files, names, selector or `--all` mean; existing ones are read.

    Errors of single names are collected: what is found comes back, what is not is
    printed and makes the command fail. `need` is said where nothing is named.
    """
    if session.flags.get("filename"):
        return from_files(session)
    words = session.arguments if arguments is None else arguments
    pairs = named(words)
    if not pairs:
        raise KubectlError(need or "error: You must provide one or more resources by argument or filename.\n")
    found: list[Info] = []
    selector = session.flags.get("selector", "")
    everywhere = session.flags.get("all-namespaces", False)
    for resource, name in pairs:
        for kind in kinds_of(session, resource):
            if name:
                if selector:
                    raise KubectlError("error: name cannot be provided when a selector is specified\n")
                found.extend(_read(session, kind, name))
            elif selector or session.flags.get("all") or everywhere:
                query = {"labelSelector": selector} if selector else {}
                fields = session.flags.get("field-selector", "")
                if fields:
                    query["fieldSelector"] = fields
                objects = session.list(kind, None if everywhere else session.namespace, **query)
                found.extend(
                    Info(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], obj)
                    for obj in objects
                )
            else:
                raise KubectlError("error: resource(s) were provided, but no name was specified\n")
    return found


def _read(session: Session, kind: Kind, name: str) -> list[Info]:
    from k8slab.kubectl.command import server_text

    try:
        obj = session.get(kind, session.namespace, name)
    except ApiError as error:
        session.warn(server_text(error))
        session.code = 1
        return []
    return [Info(kind, obj["metadata"].get("namespace", ""), name, obj)]
