"""`kubectl get`: list objects as the server's tables, or whole in any format; `-w` follows them.

A watch runs for `--request-timeout` of lab time; without one, until the cluster
has settled.

Models staging/src/k8s.io/kubectl/pkg/cmd/get/get.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.cluster.request import Response
from k8slab.kubectl.command import FailuresError, KubectlError, Verb, fail, message_of, server_text
from k8slab.kubectl.flags import Flag, duration
from k8slab.kubectl.get_text import (
    Answer,
    GetFlags,
    Resource,
    WatchPrinter,
    flag_error,
    get_text,
    wants_table,
)
from k8slab.kubectl.output.json import raw_text
from k8slab.kubectl.printing import OUTPUT_FLAGS
from k8slab.kubectl.resources import (
    ALL_NAMESPACES,
    CHUNK_SIZE,
    FILE_FLAGS,
    NOTHING_NAMED,
    Info,
    check_list,
    check_namespace,
    enhanced,
    kinds_of,
    named,
    one_kind_each,
    refuse_words,
    streamed,
)
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.verbs._raw import check_raw_path, raw_request

_TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
    "application/json"
)
_JSON = "application/json"
_NEED = (
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list '
    "of supported resources.\n\nerror: Required resource not specified.\n"
    'Use "kubectl explain <resource>" for a detailed description of that resource '
    "(e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples\n"
)


class _Target(NamedTuple):
    """One request: a collection or, with a name, one object."""

    kind: Kind
    namespace: str
    name: str
    subresource: str = ""
    manifest: Obj | None = None
    """The object itself, where it comes from a file that doesn't name it."""
    is_listed: bool = False

    @property
    def path(self) -> str:
        return path_of(self.kind, self.namespace, self.name, self.subresource)


def _run(session: Session) -> None:
    flags = _get_flags(session)
    _check_flags(session, flags)
    if session.flags["raw"]:
        session.write(raw_text(raw_request(session, "GET", session.flags["raw"]).body))
        return
    targets = _targets(session)
    if session.flags["watch"] or session.flags["watch-only"]:
        _watch(session, targets, flags)
        return
    answers: list[Answer] = []
    errors: list[KubectlError | ApiError] = []
    lines: list[str] = []
    accept = _TABLE if wants_table(flags) else _JSON
    for target in targets:
        if isinstance(target, KubectlError):
            errors.append(target)
            lines.append(message_of(target))
            continue
        if target.manifest is not None:
            answers.append(Answer(_resource(target.kind), target.manifest))
            continue
        try:
            query = _query(session, target)
            with enhanced(target.kind, query) if not target.name else nullcontext():
                body = session.request("GET", target.path, query=query, accept=accept).body
        except ApiError as failed:
            error = _missing(session, target, failed)
            if not (error.code == 404 and flags.ignore_not_found):
                # What an object of a list lacks is an error within another, and told barely.
                lines.append(error.message if target.is_listed else server_text(error).rstrip("\n"))
                errors.append(error)
            continue
        answers.append(Answer(_resource(target.kind), _with_type(target, body)))
    if errors and _is_of_one_file(session) and flags.output not in ("", "wide"):
        raise FailuresError(errors)
    output = get_text(
        answers,
        flags,
        namespace=session.namespace,
        now_us=session.client.now_us,
        errors=lines,
        single=len(targets) == 1 and isinstance(targets[0], _Target) and bool(targets[0].name),
        read_file=session.client.read_file,
    )
    session.write(output.stdout)
    session.warn(output.stderr)
    session.code = output.exit_code


def _target_of(info: Info) -> _Target | KubectlError:
    """What a file's object asks for. A subresource is asked for of objects that are named only."""
    try:
        check_namespace(info)
    except KubectlError as error:
        return error
    manifest = None if info.name else info.present
    return _Target(info.kind, info.namespace, info.name, "", manifest, info.is_listed)


def _missing(session: Session, target: _Target, error: ApiError) -> ApiError:
    """Why an object isn't there: it may be that its namespace isn't."""
    try:
        if target.name:
            session.check_namespace(target.namespace, error)
    except ApiError as other:
        return other
    return error


def _is_of_one_file(session: Session) -> bool:
    """Whether what is read stands in one file, which kubectl takes for one object until it is read."""
    paths = session.flags["filename"]
    return len(paths) == 1 and paths != ["-"] and paths == session.client.list_files(paths[0], False)


def _check_flags(session: Session, flags: GetFlags) -> None:
    """Refuse flags that do not go together, in the order in which kubectl looks at them."""
    given = session.flags
    if given["raw"]:
        if session.arguments:
            raise fail("arguments may not be passed when --raw is specified")
        if given["watch"] or given["watch-only"] or given["selector"]:
            raise fail(
                "--raw may not be specified with other flags that filter the server request or alter "
                "the output"
            )
        if given["output"]:
            raise fail("--raw and --output are mutually exclusive")
        check_raw_path(given["raw"])
    elif given["sort-by"] and given["watch"]:
        session.warn("warning: --watch requested, --sort-by will be ignored for watch events received\n")
    elif given["sort-by"] and given["watch-only"]:
        session.warn("warning: --watch-only requested, --sort-by will be ignored\n")
    problem = flag_error(flags)
    if problem:
        raise fail(problem)
    if given["output-watch-events"] and not (given["watch"] or given["watch-only"]):
        raise fail("--output-watch-events option can only be used with --watch or --watch-only")


def _with_type(target: _Target, body: Obj) -> Obj:
    """Items of a list get the kind that the list's own kind implies."""
    if target.name or "items" not in body:
        return body
    version = body["apiVersion"]
    items = [{"apiVersion": version, "kind": target.kind.kind, **item} for item in body["items"]]
    return {**body, "items": items}


def _get_flags(session: Session) -> GetFlags:
    flags = session.flags
    return GetFlags(
        output=flags["output"],
        template=flags["template"],
        no_headers=flags["no-headers"],
        show_labels=flags["show-labels"],
        show_kind=flags["show-kind"],
        label_columns=tuple(flags["label-columns"]),
        all_namespaces=flags["all-namespaces"],
        sort_by=flags["sort-by"],
        show_managed_fields=flags["show-managed-fields"],
        allow_missing_template_keys=flags["allow-missing-template-keys"],
        ignore_not_found=flags["ignore-not-found"],
        server_print=flags["server-print"],
    )


def _resource(kind: Kind) -> Resource:
    return Resource(kind.kind, kind.group, kind.version, kind.plural, kind.namespaced)


def _targets(session: Session) -> Sequence[_Target | KubectlError]:
    flags = session.flags
    subresource = flags["subresource"]
    if flags["filename"] or flags["kustomize"]:
        refuse_words(session.arguments)
        return [one if isinstance(one, KubectlError) else _target_of(one) for one in streamed(session)]
    pairs = named(session.arguments)
    if not pairs:
        if flags["watch"] or flags["watch-only"]:
            raise KubectlError(NOTHING_NAMED)
        raise KubectlError(_NEED)
    if flags["selector"].strip() or flags["field-selector"].strip():
        check_list(session.arguments, pairs)
    if pairs[0][1]:
        return [
            _Target(kind, session.namespace if kind.namespaced else "", name, subresource)
            for kind, name in one_kind_each(session, pairs)
        ]
    if subresource:
        raise fail("subresource cannot be used when bulk resources are specified")
    everywhere = flags["all-namespaces"]
    return [
        _Target(kind, "" if everywhere or not kind.namespaced else session.namespace, "")
        for kind in kinds_of(session, pairs[0][0])
    ]


def _query(session: Session, target: _Target) -> dict[str, str]:
    if target.name:
        return {}
    query = {}
    for flag, name in (("selector", "labelSelector"), ("field-selector", "fieldSelector")):
        if session.flags[flag]:
            query[name] = session.flags[flag]
    if session.flags["sort-by"]:
        query["includeObject"] = "Object"
    return query


def _watch(session: Session, targets: Sequence[_Target | KubectlError], flags: GetFlags) -> None:
    """Print what there is, then each change as lab time passes."""
    if len(targets) != 1:
        raise KubectlError("error: you may only specify a single resource type\n")
    target = targets[0]
    if isinstance(target, KubectlError):
        raise target
    accept = _TABLE if wants_table(flags) else _JSON
    printer = WatchPrinter(
        _resource(target.kind), flags, session.flags["output-watch-events"], session.client.read_file
    )
    answer = session.request("GET", target.path, query=_query(session, target), accept=accept)
    if not session.flags["watch-only"]:
        for body in _initial(target, answer):
            session.write(printer.text(body, session.client.now_us))
    revision = answer.body["metadata"]["resourceVersion"]
    if target.name:
        revision = session.request("GET", path_of(target.kind, target.namespace)).body["metadata"][
            "resourceVersion"
        ]
    _follow(session, target, accept, revision, printer)


def _initial(target: _Target, answer: Response) -> list[Obj]:
    body = _with_type(target, answer.body)
    if body.get("kind") == "Table":
        return [body] if body["rows"] else []
    items: list[Obj] = body.get("items", [body])
    return items


def _follow(session: Session, target: _Target, accept: str, revision: str, printer: WatchPrinter) -> None:
    """Let lab time pass and print each change when it happens.

    Nobody sits by to press ^C, so this ends by itself once nothing more happens. Who
    watches for what hasn't begun yet, such as a CronJob's next run, is shown one more
    minute.
    """
    client = session.client
    seen, has_shown = revision, False

    def look() -> bool:
        nonlocal seen, has_shown
        query = {**_query(session, target), "watch": "true", "resourceVersion": seen}
        if target.name:
            query["fieldSelector"] = f"metadata.name={target.name}"
        path = path_of(target.kind, target.namespace)
        answer = session.request("GET", path, query=query, accept=accept)
        for event in answer.body:
            session.write(printer.text(event["object"], client.now_us, event["type"]))
            has_shown = True
        if answer.watch is not None:
            seen = str(answer.watch.after_revision)
        return False

    timeout = session.flags["request-timeout"]
    if timeout not in ("", "0"):
        limit_us = duration(timeout if not timeout.isdigit() else f"{timeout}s")
        client.run_until(look, limit_us)
        return
    client.run_until_settled(look, _SETTLED_US)
    if not has_shown and client.run_until(lambda: look() or has_shown, _PATIENCE_US):
        client.run_until_settled(look, _SETTLED_US)


_SETTLED_US = 30 * SECOND_US
_PATIENCE_US = 60 * SECOND_US

VERB = Verb(
    "get",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        ALL_NAMESPACES,
        Flag("selector", "l"),
        Flag("field-selector"),
        Flag("no-headers", type="bool"),
        Flag("show-labels", type="bool"),
        Flag("show-kind", type="bool"),
        Flag("label-columns", "L", "strings"),
        Flag("sort-by"),
        Flag("ignore-not-found", type="bool"),
        Flag("server-print", type="bool", default=True),
        CHUNK_SIZE,
        Flag("watch", "w", "bool"),
        Flag("watch-only", type="bool"),
        Flag("output-watch-events", type="bool"),
        Flag("raw"),
        Flag("subresource"),
    ),
    summary="Display one or many resources.",
)
