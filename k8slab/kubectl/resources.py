"""Which objects a command line means: types, names, files and selectors.

Models staging/src/k8s.io/cli-runtime/pkg/resource/{builder,visitor,mapper}.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from k8slab.api import schema, unmarshal
from k8slab.api.errors import ApiError
from k8slab.api.go_text import quote
from k8slab.api.kind import Kind, kinds
from k8slab.api.meta import Obj, group_version
from k8slab.api.selectors import matches, parse_selector
from k8slab.cluster.kinds import virtual_kinds
from k8slab.kubectl.command import FailuresError, KubectlError, fail
from k8slab.kubectl.discovery import resources
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session, path_of

FILENAME = Flag("filename", "f", "strings")
KUSTOMIZE = Flag("kustomize", "k")
RECURSIVE = Flag("recursive", "R", "bool")
ALWAYS_RECURSIVE = RECURSIVE._replace(default=True)
FILE_FLAGS = (FILENAME, KUSTOMIZE, RECURSIVE)
SELECTOR = Flag("selector", "l")
SELECTOR_FLAGS = (SELECTOR, Flag("all", "", "bool"))
ALL_NAMESPACES = Flag("all-namespaces", "A", "bool")
FIELD_SELECTOR = Flag("field-selector")
CHUNK_SIZE = Flag("chunk-size", type="int", default=500, idle="lists are read whole")

NOTHING_NAMED = """\
error: You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'
"""

_GROUPS = ("events.k8s.io",)
"""Groups whose kinds are known in another group as well, which is preferred."""

_EXTENSIONS = (".json", ".yaml", ".yml")


class UnmappedError(KubectlError):
    """A document of a kind that the server doesn't know; the others of its file go on."""


class Info(NamedTuple):
    """One object that a command works on. `obj` is the manifest of a file, or what was read.

    `api_version` is the version that a file's manifest is written in.
    """

    kind: Kind
    namespace: str
    name: str
    obj: Obj | None = None
    source: str = ""
    is_listed: bool = False
    """Whether it stands in a list within its file."""

    @property
    def present(self) -> Obj:
        """The object, which was read or is in a file."""
        assert self.obj is not None, "the object was read"
        return self.obj


def kinds_of(session: Session, text: str) -> list[Kind]:
    """The kinds that `pods,svc` or `all` names, each once. KubectlError for an unknown one."""
    found: dict[str, Kind] = {}
    for part in text.split(","):
        members = _in_category(session, part)
        found.update((f"{kind.group}/{kind.kind}", kind) for kind in members)
        if not members:
            kind = kind_named(part, session)
            found[f"{kind.group}/{kind.kind}"] = kind
    return list(found.values())


def _in_category(session: Session, name: str) -> list[Kind]:
    """The kinds of a category, in the order in which the server tells of them; none for another word."""
    if any(name in _names(kind) for kind in _known_kinds()):
        # No category is called as a kind is, so the server needn't be asked.
        return []
    members = [one for one in resources(session) if name in one.categories]
    return [kind_named(f"{one.name}.{one.version}.{one.group}", session) for one in members]


def kind_named(text: str, session: Session | None = None) -> Kind:
    """The kind that a resource's name, short name, `name.group` or `name.version.group` means.

    With a session, kinds that only this cluster serves are known too, and it is
    warned of short names that mean two kinds. KubectlError for none.
    """
    name, _, rest = text.lower().partition(".")
    for kind in _known_kinds():
        if name in _names(kind) and _is_in(kind, rest):
            if session is not None and name == "ev" and not rest:
                session.warn(
                    'Warning: short name "ev" could also match lower priority resource events.events.k8s.io\n'
                )
            # A short name is expanded to the preferred version, whichever one stands behind it.
            return kind if name in kind.short_names and rest not in _groups(kind) else _as_served(kind, rest)
    for kind in _custom_kinds(session):
        if name in _names(kind) and _is_in(kind, rest):
            return kind
    raise fail(f'the server doesn\'t have a resource type "{text.partition(".")[0]}"')


def _names(kind: Kind) -> tuple[str, ...]:
    return (kind.plural, kind.singular, *kind.short_names, kind.kind.lower())


def _is_in(kind: Kind, rest: str) -> bool:
    """Whether `group` or `version.group` behind a resource's name fits the kind."""
    served = [(kind.group, kind.version), *((one.group, one.version) for one in kind.other_versions)]
    names = [name for group, version in served for name in (group, f"{version}.{group}")]
    return not rest or rest in names


def _as_served(kind: Kind, rest: str) -> Kind:
    """The kind as the group or version that is asked for serves it, where that isn't the preferred one."""
    if not rest or rest.rstrip(".") in (kind.group, f"{kind.version}.{kind.group}".rstrip(".")):
        return kind
    for other in kind.other_versions:
        if rest in (other.group, f"{other.version}.{other.group}"):
            return kind._replace(group=other.group, version=other.version)
    return kind


def _groups(kind: Kind) -> tuple[str, ...]:
    return (kind.group, *(other.group for other in kind.other_versions))


@cache
def _known_kinds() -> tuple[Kind, ...]:
    """Every kind that each cluster serves."""
    return (*kinds().values(), *virtual_kinds().values())


def _custom_kinds(session: Session | None) -> list[Kind]:
    """The kinds that this cluster serves beside those, as discovery tells."""
    if session is None:
        return []
    if session.custom_kinds is None:
        known = {(kind.group, kind.kind): True for kind in _known_kinds()}
        session.custom_kinds = [
            Kind(
                one.kind,
                one.group,
                one.version,
                one.name,
                one.singular or one.kind.lower(),
                one.namespaced,
                short_names=one.short_names,
                categories=one.categories,
                verbs=one.verbs,
            )
            for one in resources(session)
            if (one.group, one.kind) not in known and one.group not in _GROUPS
        ]
    return session.custom_kinds


def full_name(kind: Kind, name: str) -> str:
    """How kubectl names an object in its messages: `deployment.apps/web`."""
    return f"{grouped(kind)}/{name}"


def grouped(kind: Kind) -> str:
    """`deployment.apps`, or `pod`."""
    return f"{kind.kind.lower()}.{kind.group}" if kind.group else kind.kind.lower()


def grouped_plural(kind: Kind) -> str:
    """`deployments.apps`, or `pods`."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def named(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Type and name of each object that the arguments name; names are empty where only types stand.

    KubectlError where `TYPE/NAME` and `TYPE NAME` are mixed.
    """
    words = list(arguments)
    if not words:
        return []
    if len(words) > 1 and "," in words[0] and "/" not in words[0]:
        words = [f"{part}/{name}" for part in words[0].split(",") if part for name in words[1:]]
    if any("/" in one for one in words):
        return [type_and_name(one) for one in words]
    if len(words) == 1:
        return [(words[0], "")]
    if not all(words[1:]):
        raise fail("resource name may not be empty")
    return [(words[0], name) for name in words[1:]]


def type_and_name(word: str) -> tuple[str, str]:
    """The two parts of `TYPE/NAME`. KubectlError for any other word."""
    resource, slash, name = word.partition("/")
    if not slash:
        raise fail(
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of "
            "'kubectl get resource "
            "resource/<resource_name>'"
        )
    if "/" in name:
        raise fail("arguments in resource/name form may not have more than one slash")
    if not resource or not name or "," in resource:
        raise fail("arguments in resource/name form must have a single resource and name")
    return resource, name


# Files.


def from_files(session: Session, *, validated: bool = False) -> list[Info]:
    """The objects of the files that `-f` and `-k` name, in their order.

    With `validated`, a document without kind or version is refused in the words
    of the check that comes before it is sent. KubectlError for a file that can't be read.
    """
    infos, errors = [], []
    for one in streamed(session, validated=validated):
        if isinstance(one, KubectlError):
            errors.append(one)
        else:
            infos.append(one)
    _tell(session, errors)
    return infos


def streamed(session: Session, *, validated: bool = False) -> Iterator[Info | KubectlError]:
    """The objects of the files, and what is wrong with the documents that are none, in their order.

    A text ends with a document that can't be read; the next file goes on.
    """
    directory = session.flags.get("kustomize")
    if directory:
        yield from _selected(session, [_info(session, one, directory) for one in _built(session, directory)])
        return
    for source, text in [one for path in session.flags["filename"] for one in _texts(session, path)]:
        try:
            for one in _documents(session, text, source, validated=validated):
                if isinstance(one, KubectlError):
                    yield one
                else:
                    yield from _selected(session, [one])
        except KubectlError as error:
            yield error


def _built(session: Session, directory: str) -> list[Obj]:
    """The objects that a kustomization makes."""
    from k8slab.kubectl.kustomize import build

    if session.flags["filename"]:
        raise fail("only one of -f or -k can be specified")
    try:
        return build(session.client, directory, session.warn)
    except KubectlError as error:
        # These two tell of it as of one error among several, which has no prefix.
        bare = session.command in ("describe", "get")
        raise KubectlError(error.text.removeprefix("error: ") if bare else error.text) from error


_IN_ORDER = ("annotate", "label", "set")
"""Commands that tell what is wrong with a file as so many errors of their own."""

_AT_LAST = (
    *("autoscale", "create", "delete", "expose", "patch", "replace", "rollout status", "scale"),
    *("rollout history", "rollout undo", "set selector", "wait"),
)
"""Commands that do with each object as it comes, and tell what is wrong with the files behind that."""


def _tell(session: Session, errors: Sequence[Exception]) -> None:
    """Note what is wrong with the documents of files, which is one error beside those of the objects."""
    if not errors:
        return
    if session.command == "diff":
        raise errors[0]
    if session.command in _AT_LAST:
        session.late_failures.append(FailuresError(errors))
    elif session.command.split()[0] in _IN_ORDER:
        session.failures.extend(errors)
    else:
        session.failures.append(FailuresError(errors))


def _selected(session: Session, infos: list[Info]) -> list[Info]:
    text = session.flags.get("selector", "")
    if not text:
        return infos
    selector = parse_selector(text)
    return [one for one in infos if matches(selector, one.present["metadata"].get("labels") or {})]


def _texts(session: Session, path: str) -> list[tuple[str, str]]:
    """The texts that one `-f` names, each with the name that messages give it."""
    if path == "-":
        return [("STDIN", session.stdin)]
    if path.startswith(("http://", "https://")):
        raise fail(
            f'unable to read URL "{path}": a lab has no network: save the manifest beside the notebook'
        )
    try:
        names = session.client.list_files(path, session.flags.get("recursive", False))
        if names != [path]:
            names = [name for name in names if name.endswith(_EXTENSIONS)]
            if not names:
                raise fail(f"error reading [{path}]: recognized file extensions are [.json .yaml .yml]")
        return [(name, session.client.read_file(name)) for name in names]
    except OSError as error:
        raise fail(f'the path "{path}" does not exist') from error


def documents_of(session: Session, text: str, source: str, *, validated: bool = False) -> list[Info]:
    """The objects of a text, with the name that messages give it. KubectlError for one that can't be read."""
    infos, errors = [], []
    for one in _documents(session, text, source, validated=validated):
        if isinstance(one, KubectlError):
            errors.append(one)
        else:
            infos.append(one)
    session.failures.extend(errors)
    return infos


def _documents(session: Session, text: str, source: str, *, validated: bool) -> Iterator[Info | KubectlError]:
    """The objects of a text, or why a document is none. KubectlError where no more can be read."""
    from k8slab.api.yaml import YamlError, load_each

    documents = load_each(text)
    while True:
        try:
            document = next(documents, None)
        except YamlError as error:
            raise fail(f"error parsing {source}: {error}") from error
        if document is None:
            return
        if validated and session.flags.get("validate") not in ("false", "ignore"):
            _check_type(document, source)
        if not _is_list(session, document):
            yield _held(session, document, source)
            continue
        for item in document.get("items") or ():
            found = _held(session, _with_kind_of(document, item), source)
            yield found._replace(is_listed=True) if isinstance(found, Info) else found


def _is_list(session: Session, document: Any) -> bool:
    """Whether a document is a list, of objects of any kind or of one."""
    if not isinstance(document, dict):
        return False
    name, version = str(document.get("kind") or ""), str(document.get("apiVersion") or "")
    if name == "List":
        return True
    is_whole = name.endswith("List") and isinstance(document.get("items"), list)
    return is_whole and kind_of_manifest(session, name.removesuffix("List"), version) is not None


def _with_kind_of(document: Obj, item: Any) -> Any:
    """An item that says neither kind nor version has those that its list is of."""
    name = str(document["kind"]).removesuffix("List")
    if not name or not isinstance(item, dict) or item.get("kind") or item.get("apiVersion"):
        return item
    return {"apiVersion": document["apiVersion"], "kind": name, **item}


def _held(session: Session, manifest: Obj, source: str) -> Info | KubectlError:
    """The object of a manifest, or why the command can't hold it."""
    problem = _decoding_problem(session, manifest)
    if problem:
        return fail(f'unable to decode "{source}": {problem}')
    try:
        return _info(session, manifest, source)
    except KubectlError as error:
        return error


def _decoding_problem(session: Session, manifest: object) -> str:
    """Why a command that holds Go structs can't hold a manifest; empty where it can."""
    if not session.holds_structs or not isinstance(manifest, dict) or not manifest.get("kind"):
        return ""
    name, version = str(manifest["kind"]), str(manifest.get("apiVersion") or "")
    type_name = schema.type_of_kind(version, name)
    if not type_name:
        return session.unheld(name, version)
    try:
        unmarshal.unmarshal(type_name, manifest)
    except unmarshal.DecodeError as error:
        return str(error)
    return ""


def _check_type(document: object, source: str) -> None:
    """Refuse a document that says neither kind nor version, as the check before sending does."""
    missing = ["invalid object to validate"]
    if isinstance(document, dict):
        missing = [f"{name} not set" for name in ("apiVersion", "kind") if not document.get(name)]
    if isinstance(document, dict) and str(document.get("apiVersion")).count("/") > 1:
        missing = [f"unexpected GroupVersion string: {document['apiVersion']}"]
    if missing:
        listed = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        raise fail(
            f'error validating "{source}": error validating data: {listed}; if you choose to ignore these '
            "errors, turn validation off with --validate=false"
        )


def _info(session: Session, manifest: Obj, source: str) -> Info:
    misnamed = isinstance(manifest, dict) and str(manifest.get("apiVersion")).count("/") > 1
    if not isinstance(manifest, dict) or not manifest.get("kind") or misnamed:
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
        raise fail(f"unable to decode \"{source}\": Object 'Kind' is missing in '{text}'")
    version = str(manifest.get("apiVersion") or "")
    _check_metadata(manifest, source)
    metadata = manifest.get("metadata") or {}
    kind = kind_of_manifest(session, str(manifest["kind"]), version)
    if kind is None:
        group, number = group_version(version)
        shown = f"{group}/{number}" if group else number
        raise UnmappedError(
            f'error: resource mapping not found for name: "{metadata.get("name") or ""}" '
            f'namespace: "{metadata.get("namespace") or ""}" from "{source}": '
            f'no matches for kind "{manifest["kind"]}" in version "{shown}"\n'
            "ensure CRDs are installed first\n"
        )
    namespace = ""
    is_local = session.flags.get("local") or session.command == "auth reconcile"
    if kind.namespaced and not (is_local and not metadata.get("namespace")):
        everywhere = session.flags.get("all-namespaces")
        namespace = metadata.get("namespace") or ("" if everywhere else session.namespace)
        asked = session.asked_namespace
        if asked and metadata.get("namespace") and metadata["namespace"] != asked:
            raise fail(
                f'the namespace from the provided object "{metadata["namespace"]}" does not match the '
                f"namespace \"{asked}\". You must pass '--namespace={metadata['namespace']}' to perform this "
                "operation."
            )
        if namespace and metadata.get("namespace") != namespace:
            manifest = {**manifest, "metadata": {**metadata, "namespace": namespace}}
    if "metadata" not in manifest:
        manifest = {**manifest, "metadata": {}}
    return Info(kind, namespace, str(metadata.get("name") or ""), manifest, source)


def _check_metadata(manifest: Obj, source: str) -> None:
    """Refuse metadata that Go could not hold, in its words (`metadataValidatingDecoder`)."""
    if manifest.get("metadata") is None:
        return
    try:
        unmarshal.unmarshal(schema.type_of_kind("v1", "ConfigMap"), {"metadata": manifest["metadata"]})
    except unmarshal.DecodeError as error:
        problem = str(error).replace(" ConfigMap.", " metadataOnlyObject.")
        raise fail(f'unable to decode "{source}": {problem}') from error


def kind_of_manifest(session: Session, name: str, version: str) -> Kind | None:
    """The kind of that name, or of that name in small letters, as that version serves it, if it does."""
    for kind in (*_known_kinds(), *_custom_kinds(session)):
        served = _served(kind, version) if name in (kind.kind, kind.kind.lower()) else None
        if served is not None:
            return served
    return None


def _served(kind: Kind, version: str) -> Kind | None:
    """The kind at the place of one of its versions: an object is sent where its manifest says."""
    if version == kind.api_version:
        return kind
    for one in kind.other_versions:
        if version == (f"{one.group}/{one.version}" if one.group else one.version):
            return kind._replace(group=one.group, version=one.version)
    return None


# Selecting.


def select(
    session: Session,
    *,
    need: str = "",
    arguments: Sequence[str] | None = None,
    all_by_default: bool = False,
    latest: bool = True,
    by_selector: bool = True,
    from_file: bool = True,
) -> list[Info]:
    """The objects that files, names, a selector or `--all` mean, as they are in the cluster.

    What can't be read is collected among the session's failures, and the rest
    comes back (`stop_if_failed()` ends a command that does nothing then). `need`
    is said where nothing is named; with `all_by_default` a type alone means all
    of its objects; without `latest` a file's manifest stands for the object. Without
    `by_selector` the command's selector chooses something else, without `from_file` its files do.
    """
    words = list(session.arguments if arguments is None else arguments)
    if from_file and (session.flags.get("filename") or session.flags.get("kustomize")):
        refuse_words(words)
        if session.command == "describe":
            # It looks its objects up itself, after the files.
            return [found for info in from_files(session) for found in _read(session, info)]
        return _read_in_order(session) if latest else from_files(session)
    pairs = named(words)
    if not pairs:
        raise KubectlError(need or NOTHING_NAMED)
    alone = len(pairs) == 1 and not pairs[0][1]
    if (by_selector and _wants_list(session)) or (alone and (all_by_default or session.flags.get("all"))):
        return _listed(session, words, pairs)
    if alone:
        kinds_of(session, pairs[0][0])
        raise fail("resource(s) were provided, but no name was specified")
    found: list[Info] = []
    for kind, name in one_kind_each(session, pairs):
        read = _read(session, Info(kind, session.namespace if kind.namespaced else "", name))
        if not read:
            session.unread.append((len(found), session.failures[-1]))
        found.extend(read)
    return found


def in_turn(session: Session, infos: Sequence[Info]) -> Iterator[Info]:
    """The selected objects, one after the other; one that couldn't be read fails when its turn comes."""
    unread = [one for one in session.unread if any(one[1] is error for error in session.failures)]
    session.unread = []
    session.failures = [one for one in session.failures if all(one is not error for _, error in unread)]
    for place, info in enumerate(infos):
        session.failures += [error for before, error in unread if before == place]
        yield info
    session.failures += [error for before, error in unread if before == len(infos)]


def refuse_words(words: Sequence[str]) -> None:
    """KubectlError for arguments beside files."""
    if any("/" in word for word in words):
        raise fail("resource/name arguments cannot be provided when a path is specified")
    if words:
        raise fail(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )


def _read_in_order(session: Session) -> list[Info]:
    """The objects of the files as they are in the cluster; what can't be read is told in their order too."""
    found: list[Info] = []
    errors: list[Exception] = []
    for one in streamed(session):
        if isinstance(one, KubectlError):
            errors.append(one)
            continue
        try:
            found.append(_current(session, one))
        except (ApiError, KubectlError, FailuresError) as error:
            errors.append(error)
    _tell(session, errors)
    return found


def one_kind_each(session: Session, pairs: Sequence[tuple[str, str]]) -> list[tuple[Kind, str]]:
    """The kind and the name of each object that is named. KubectlError for a category, or everywhere."""
    found: list[tuple[Kind, str]] = []
    for resource, name in pairs:
        kinds_named = kinds_of(session, resource)
        if len(kinds_named) > 1:
            raise fail("you must specify only one resource")
        if kinds_named[0].namespaced and session.flags.get("all-namespaces"):
            raise fail("a resource cannot be retrieved by name across all namespaces")
        found.append((kinds_named[0], name))
    return found


def _wants_list(session: Session) -> bool:
    flags = session.flags
    return bool(flags.get("selector", "").strip() or flags.get("field-selector", "").strip())


def check_list(words: Sequence[str], pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse names beside a selector."""
    if any("/" in word for word in words):
        raise fail("selectors and the all flag cannot be used when passing resource/name arguments")
    if any(name for _, name in pairs):
        raise fail("name cannot be provided when a selector is specified")


def _listed(session: Session, words: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[Info]:
    """Every object that the selectors choose."""
    check_list(words, pairs)
    flags = session.flags
    query = {}
    for flag, name in (("selector", "labelSelector"), ("field-selector", "fieldSelector")):
        if flags.get(flag):
            query[name] = flags[flag]
    namespace = None if flags.get("all-namespaces") else session.namespace
    found: list[Info] = []
    for kind in kinds_of(session, pairs[0][0]):
        with session.collecting():
            with enhanced(kind, query):
                objects = session.list(kind, namespace, **query)
            found.extend(
                Info(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], obj)
                for obj in objects
            )
    return found


@contextmanager
def enhanced(kind: Kind, query: Mapping[str, str]) -> Iterator[None]:
    """Let the refusal of a list say what was listed (`EnhanceListError`)."""
    try:
        yield
    except ApiError as error:
        if error.code not in (400, 404):
            raise
        labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
        subject = quote(f"{kind.group}/{kind.version}, Resource={kind.plural}")
        text = f"Unable to list {subject}: {error.message}"
        if labels or fields:
            text = (
                f"Unable to find {subject} that match label selector {quote(labels)}, "
                f"field selector {quote(fields)}: {error.message}"
            )
        raise ApiError(error.code, error.reason, text, error.causes, error.details) from error


def _read(session: Session, info: Info) -> list[Info]:
    """The object as it is in the cluster. Where it can't be read, that is a failure and nothing comes."""
    try:
        return [_current(session, info)]
    except (ApiError, KubectlError, FailuresError) as error:
        session.failures.append(error)
        return []


def check_namespace(info: Info) -> None:
    """Refuse what is in no namespace: a file's object that names none, with `--all-namespaces`."""
    if info.kind.namespaced and not info.namespace:
        kind = info.kind
        resource = f"{kind.group}/{kind.version}, Resource={kind.plural}"
        raise fail(f"no namespace set on resource {resource} {quote(info.name)}")


def _current(session: Session, info: Info) -> Info:
    if not info.name:
        raise fail("resource name may not be empty")
    if session.command != "describe":
        # That one doesn't look before it asks.
        check_namespace(info)
    if session.command == "patch" and session.flags["subresource"]:
        path = path_of(info.kind, info.namespace, info.name, session.flags["subresource"])
        return info._replace(obj=session.request("GET", path).body)
    return info._replace(obj=session.find(info.kind, info.namespace, info.name))
