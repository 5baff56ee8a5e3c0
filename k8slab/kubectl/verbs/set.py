"""`kubectl set`: change images, variables, resources, selectors, accounts and subjects of objects.

Models staging/src/k8s.io/kubectl/pkg/cmd/set, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8slab.api import quantities
from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, fail, plain_message
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import DRY_RUN, FIELD_MANAGER, OUTPUT_FLAGS, check_output, dry_run, print_done
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import (
    ALWAYS_RECURSIVE,
    FILE_FLAGS,
    FILENAME,
    NOTHING_NAMED,
    SELECTOR,
    Info,
    full_name,
    select,
)
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._create_policies import label_selector
from k8slab.kubectl.verbs._pairs import chosen_containers, parse_pairs, split_pairs
from k8slab.kubectl.verbs._set_env import ENV_FLAGS, set_env
from k8slab.kubectl.verbs._workloads import send_patch, template_of, two_way_patch, with_template

Change = Callable[[Info], Obj | None]
_COMMON = (*OUTPUT_FLAGS, DRY_RUN, FIELD_MANAGER, Flag("all", type="bool"), Flag("local", type="bool"))
_FLAGS = (*FILE_FLAGS, *_COMMON, SELECTOR)
_LOCAL_ERROR = (
    "error: you can only specify the --local flag with a file or stdin: resource/name "
    "arguments need a server\n"
)

_ONLY_FILES = (
    "error: you must specify resources by --filename when --local is set.\n"
    "Example resource specifications include:\n"
    "   '-f rsrc.yaml'\n"
    "   '--filename=rsrc.json'"
)
_UNAWARE = ("set env", "set serviceaccount")
"""Commands that don't look at what is named with `--local`, and so miss it."""


def chosen(session: Session, arguments: Sequence[str]) -> list[Info]:
    """The objects of the command line, all read; errors end the command."""
    if session.flags["local"]:
        if arguments:
            if session.command in _UNAWARE:
                raise KubectlError(NOTHING_NAMED)
            raise fail(_ONLY_FILES)
        if dry_run(session) == "server":
            raise fail("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
    infos = select(session, arguments=arguments, latest=not session.flags["local"])
    session.stop_if_failed()
    return infos


def apply_changes(
    session: Session, infos: Sequence[Info], change: Change, words: str, failure: str, *, always: bool = False
) -> None:
    """Change objects and send the differences. `failure` begins what is said of a refused one.

    With `always` an object that stays the same is sent and told too.
    """
    for info in infos:
        try:
            after = change(info)
        except KubectlError as error:
            session.failures.append(_named_failure(session, info, plain_message(error)))
            continue
        if after is None:
            continue
        after = recorded(session, after)
        patch = two_way_patch(info.present, after)
        if not patch and not always:
            continue
        with session.collecting():
            if not session.flags["local"] and dry_run(session) != "client":
                try:
                    after = send_patch(session, info, patch, "kubectl-set")
                except ApiError as error:
                    raise fail(f"{failure} {error.message}") from error
            print_done(session, after, words)


def _failure(text: str) -> KubectlError:
    """An error that has its prefix as one of several too."""
    return KubectlError(f"error: error: {text}\n")


def _named_failure(session: Session, info: Info, text: str) -> KubectlError:
    """The error of one object. A file's isn't mapped with `--local`, and is named by its kind."""
    name = f"{info.kind.plural}/{info.name}"
    if session.flags["local"]:
        name = full_name(info.kind, info.name) + ("\n" if info.kind.group else "")
    return _failure(f"{name} {text}\n")


# Images.


def _image(session: Session) -> None:
    check_output(session)
    words, pairs = split_pairs(session.arguments, "image")
    images, _ = parse_pairs(pairs, "image")
    infos = chosen(session, words)
    problems = []
    if session.flags["all"] and session.flags["selector"]:
        problems.append("cannot set --all and --selector at the same time")
    if not images:
        problems.append("at least one image update is required")
    elif len(images) > 1 and "*" in images:
        problems.append(
            "all containers are already specified by *, but saw more than one "
            "container_name=container_image pairs"
        )
    session.failures.extend(fail(problem) for problem in problems)
    session.stop_if_failed()

    def change(info: Info) -> Obj:
        template = template_of(info.kind, info.present)
        spec = template["spec"]
        for name, image in images.items():
            after = {**spec, **_with_image(spec, name, image)}
            if after == spec and not _has_container(spec, name):
                session.failures.append(_failure(f'unable to find container named "{name}"'))
            spec = after
        return with_template(info.kind, info.present, {**template, "spec": spec})

    apply_changes(session, infos, change, "image updated", "failed to patch image update to pod template:")


_LISTS = ("initContainers", "containers")


def _has_container(spec: Obj, name: str) -> bool:
    return any(name in ("*", one["name"]) for part in _LISTS for one in spec.get(part) or ())


def _with_image(spec: Obj, name: str, image: str) -> Obj:
    return {
        part: [{**one, "image": image} if name in ("*", one["name"]) else one for one in spec[part]]
        for part in _LISTS
        if spec.get(part)
    }


# Resources.


def _amounts(text: str) -> Obj:
    amounts: Obj = {}
    for pair in filter(None, text.split(",")):
        parts = pair.split("=")
        if len(parts) != 2:
            raise fail(f"Invalid argument syntax {pair}, expected <resource>=<value>")
        try:
            amounts[parts[0]] = quantities.canonical(parts[1])
        except ValueError as error:
            raise fail(str(error)) from error
    return amounts


def _resources(session: Session) -> None:
    check_output(session)
    flags = session.flags
    infos = chosen(session, session.arguments)
    if flags["all"] and flags["selector"]:
        raise fail("cannot set --all and --selector at the same time")
    if not flags["limits"] and not flags["requests"]:
        raise fail("you must specify an update to requests or limits (in the form of --requests/--limits)")
    wanted = {part: _amounts(flags[part]) for part in ("limits", "requests")}

    def change(info: Info) -> Obj | None:
        template = template_of(info.kind, info.present)
        spec = dict(template["spec"])
        found = False
        for part in _LISTS:
            marks = chosen_containers(spec.get(part), flags["containers"])
            found = found or any(marks)
            if any(marks):
                spec[part] = [
                    _with_resources(one, wanted) if mark else one
                    for one, mark in zip(spec[part], marks, strict=True)
                ]
        if not found:
            session.failures.append(_failure(f"unable to find container named {flags['containers']}"))
            return None
        return with_template(info.kind, info.present, {**template, "spec": spec})

    apply_changes(
        session,
        infos,
        change,
        "resource requirements updated",
        "failed to patch resources update to pod template",
    )


def _with_resources(container: Obj, wanted: Obj) -> Obj:
    resources = dict(container.get("resources") or {})
    for part, amounts in wanted.items():
        if amounts:
            resources[part] = {**(resources.get(part) or {}), **amounts}
    return {**container, "resources": resources}


# Selectors, accounts and subjects.


def _selector(session: Session) -> None:
    check_output(session)
    words = session.arguments
    wanted = label_selector(words[-1]) if words else None
    if wanted and words[:-1] and session.flags["local"]:
        raise fail(_ONLY_FILES)
    infos = select(session, arguments=words[:-1], latest=not session.flags["local"]) if wanted else []
    if wanted is None:
        raise fail("one selector is required")
    for info in infos:
        with session.collecting():
            if info.kind.kind != "Service":
                raise fail("setting a selector is only supported for Services")
            if wanted.get("matchExpressions"):
                shown = " ".join(map(_expression_text, wanted["matchExpressions"]))
                raise fail(f"match expression [{shown}] not supported on this object")
            before = info.present
            after = {**before, "spec": {**before["spec"], "selector": wanted.get("matchLabels") or {}}}
            if not session.flags["local"] and dry_run(session) != "client":
                patch = two_way_patch(before, after)
                version = session.flags["resource-version"]
                if version:
                    patch = {**patch, "metadata": {"resourceVersion": version}}
                after = send_patch(session, info, patch, "kubectl-set")
            print_done(session, after, "selector updated")


def _expression_text(expression: Obj) -> str:
    """A selector's requirement as Go's `%v` prints it."""
    values = " ".join(expression.get("values") or ())
    return f"{{{expression['key']} {expression['operator']} [{values}]}}"


def _service_account(session: Session) -> None:
    check_output(session)
    words = session.arguments
    if not words:
        raise fail("serviceaccount is required")
    infos = chosen(session, words[:-1])

    def change(info: Info) -> Obj:
        template = template_of(info.kind, info.present)
        spec = {**template["spec"], "serviceAccountName": words[-1]}
        return with_template(info.kind, info.present, {**template, "spec": spec})

    apply_changes(
        session,
        infos,
        change,
        "serviceaccount updated",
        "failed to patch ServiceAccountName",
        always=True,
    )


def _subject(session: Session) -> None:
    check_output(session)
    flags = session.flags
    infos = chosen(session, session.arguments)
    if flags["all"] and flags["selector"]:
        raise fail("cannot set --all and --selector at the same time")
    if not flags["user"] and not flags["group"] and not flags["serviceaccount"]:
        raise fail("you must specify at least one value of user, group or serviceaccount")
    added = _subjects(session, any(info.kind.kind == "ClusterRoleBinding" for info in infos))

    def change(info: Info) -> Obj | None:
        if info.kind.kind not in ("RoleBinding", "ClusterRoleBinding"):
            raise fail("setting subjects is only supported for RoleBinding/ClusterRoleBinding")
        present = info.present.get("subjects") or []
        new = [one for one in added if one not in present]
        return {**info.present, "subjects": [*present, *new]} if new else None

    apply_changes(session, infos, change, "subjects updated", "failed to patch subjects to rolebinding:")


def _subjects(session: Session, in_cluster: bool) -> list[Obj]:
    flags = session.flags
    group = "rbac.authorization.k8s.io"
    found: list[Obj] = []
    found += [
        {"kind": "User", "apiGroup": group, "name": one} for one in sorted(dict.fromkeys(flags["user"]))
    ]
    found += [
        {"kind": "Group", "apiGroup": group, "name": one} for one in sorted(dict.fromkeys(flags["group"]))
    ]
    for text in sorted(dict.fromkeys(flags["serviceaccount"])):
        parts = text.split(":")
        if len(parts) != 2 or not parts[1]:
            raise fail("serviceaccount must be <namespace>:<name>")
        if in_cluster and not parts[0]:
            raise fail("serviceaccount must be <namespace>:<name>, namespace must be specified")
        found.append({"kind": "ServiceAccount", "name": parts[1], "namespace": parts[0] or session.namespace})
    return found


def _env(session: Session) -> None:
    set_env(session, chosen, apply_changes)


_CONTAINERS = Flag("containers", "c", default="*")
VERB = Verb(
    "set",
    subcommands=(
        Verb("env", _env, (*_FLAGS, *ENV_FLAGS), summary="Update environment variables on a pod template"),
        Verb("image", _image, (*_FLAGS, RECORD), summary="Update the image of a pod template"),
        Verb(
            "resources",
            _resources,
            (*_FLAGS, RECORD, _CONTAINERS, Flag("limits"), Flag("requests")),
            summary="Update resource requests/limits on objects with pod templates",
        ),
        Verb(
            "selector",
            _selector,
            (FILENAME, ALWAYS_RECURSIVE, *_COMMON, RECORD, Flag("resource-version")),
            summary="Set the selector on a resource",
        ),
        Verb(
            "serviceaccount",
            _service_account,
            (*FILE_FLAGS, *_COMMON, RECORD),
            aliases=("sa",),
            summary="Update the service account of a resource",
        ),
        Verb(
            "subject",
            _subject,
            (
                *_FLAGS,
                Flag("user", type="array"),
                Flag("group", type="array"),
                Flag("serviceaccount", type="array"),
            ),
            summary="Update the user, group, or service account in a role binding or cluster role binding",
        ),
    ),
    summary="Set specific features on objects",
)
