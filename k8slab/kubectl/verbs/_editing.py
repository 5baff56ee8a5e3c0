"""What edit, `create --edit` and `apply edit-last-applied` share: a text, and what was made of it.

A notebook has no editor: the cell is the editor. The text that an editor would be opened with is
printed; with standard input (`%%kubectl edit …`) the cell's text is what was saved in it. Where
the server refuses it, the text is shown again with the reasons, as it would be reopened.

Models staging/src/k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from k8slab.api import yaml
from k8slab.api.errors import ApiError
from k8slab.api.go_text import marshal, quote
from k8slab.api.meta import Obj, dissoc
from k8slab.api.schema import type_of_kind
from k8slab.kubectl.command import KubectlError, fail, plain_message
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import LAST_APPLIED, SAVE_CONFIG, field_validation, last_applied, noted
from k8slab.kubectl.output.json import json_text
from k8slab.kubectl.output.kyaml import kyaml_text
from k8slab.kubectl.printing import print_done, write_query
from k8slab.kubectl.resources import Info, documents_of, grouped_plural, select
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import two_way_patch

_OBJECT_HEADER = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n"
    "#\n"
)
_ANNOTATION_HEADER = (
    "# Please edit the 'last-applied-configuration' annotations below.\n"
    "# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n"
    "#\n"
)
_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"

LINE_ENDINGS = Flag("windows-line-endings", type="bool", idle="what is edited is a cell's text, not a file")
EDIT_FLAGS = (SAVE_CONFIG, LINE_ENDINGS)

Send = Callable[[Info, Info], None]
"""What is done with an object as it was and as it was saved."""


class _RefusedError(Exception):
    """The server refused what was saved: the reasons with which the text is shown again."""

    def __init__(self, head: str, others: Sequence[str] = ()) -> None:
        super().__init__(head)
        self.head = head
        self.others = tuple(others)


def edit_objects(session: Session) -> None:
    """`kubectl edit`: objects of the cluster, as one text."""
    infos = select(session, all_by_default=True)
    session.stop_if_failed()
    if not infos:
        raise fail("edit cancelled, no objects found")
    field_validation(session)
    _edit(session, infos, _OBJECT_HEADER, lambda before, after: _send_patch(session, before, after))


def edit_annotations(session: Session) -> None:
    """`kubectl apply edit-last-applied`: the manifests that are noted in the objects."""
    noted_infos: list[Info] = []
    for info in select(session, all_by_default=True):
        text = last_applied(info.present)
        if text is not None:
            noted_infos += documents_of(session, text, "edited-file")
    session.stop_if_failed()
    if not noted_infos:
        raise fail(
            "no last-applied-configuration annotation found on resources, to create the annotation, use "
            "command `kubectl apply set-last-applied --create-annotation`"
        )
    _edit(session, noted_infos, _ANNOTATION_HEADER, lambda before, after: _send_note(session, before, after))


def edit_before_create(session: Session, info: Info, create: Callable[[Info], None]) -> None:
    """`kubectl create --edit`: one object that isn't in the cluster yet."""
    _edit(session, [info], _OBJECT_HEADER, lambda before, after: create(after))


def _edit(session: Session, infos: Sequence[Info], header: str, send: Send) -> None:
    """One sitting at the editor. KubectlError where what was saved can't be used."""
    output = session.flags["output"]
    if output not in ("", "json", "kyaml", "yaml"):
        raise fail(
            f"unable to match a printer suitable for the output format {quote(output)}, allowed formats are: "
            "json,kyaml,yaml"
        )
    header = "" if output == "json" else header
    text = header + _text(session, [dissoc(info.present, "metadata", "managedFields") for info in infos])
    saved = session.stdin
    if not saved:
        session.write(text)
        saved = text
    try:
        if _meaning(saved) == _meaning(text):
            session.warn("Edit cancelled, no changes made.\n")
            return
        _send_all(session, infos, _saved_infos(session, saved, infos[0]), send)
    except _RefusedError as refusal:
        session.write(header + _reasons(refusal) + _without_comments(saved))
        raise fail("Edit cancelled, no valid changes were saved.") from refusal


def _text(session: Session, objects: Sequence[Obj]) -> str:
    shown: Obj = {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {}}
    if len(objects) == 1:
        shown = objects[0]
    print_as = {"json": json_text, "kyaml": kyaml_text}.get(session.flags["output"], yaml.dump)
    return print_as(shown)


def _meaning(text: str) -> object:
    """What a text says without its comments: a value, or the bare lines of what can't be read."""
    try:
        return yaml.load_all(text)
    except ValueError:
        return _without_comments(text)


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith("#"))


def _reasons(refusal: _RefusedError) -> str:
    head = refusal.head.replace("\n", "\n# ")
    lines = [f"# {head}:\n" if refusal.others else f"# {head}\n"]
    lines += [f"# * {one}\n".replace("\n", "\n# ").removesuffix("# ") for one in refusal.others]
    return "".join([*lines, "#\n"])


def _saved_infos(session: Session, saved: str, first: Info) -> list[Info]:
    """The objects that were saved. What can't be read is put down to the first that was edited."""
    try:
        infos = documents_of(session, saved, "edited-file", validated=True)
        problem = "" if infos else "invalid object to validate"
    except KubectlError as error:
        infos, problem = [], plain_message(error)
    if problem:
        name = f'{grouped_plural(first.kind)} "{first.name}"'
        session.warn(f"error: {name} is invalid\n")
        cause = f'<nil>: Invalid value: "The edited file failed validation": {problem}'
        raise _RefusedError(f"{name} was not valid", (cause,))
    for info in infos:
        if info.namespace and info.namespace != session.namespace:
            raise fail(
                f'the namespace from the provided object "{info.namespace}" does not match the namespace '
                f"\"{session.namespace}\". You must pass '--namespace={info.namespace}' to perform this "
                "operation."
            )
    return infos


def _send_all(session: Session, before: Sequence[Info], after: Sequence[Info], send: Send) -> None:
    originals = {info.present["metadata"].get("uid", ""): info for info in before}
    for info in after:
        original = originals.get(info.present["metadata"].get("uid", ""))
        if original is None:
            raise fail(f"no original object found for {marshal(info.present)}")
        shown = dissoc(original.present, "metadata", "managedFields")
        if info.present == shown and session.command != "create":
            print_done(session, info.present, "skipped", is_typed=False)
            continue
        if session.flags.get("save-config"):
            info = info._replace(obj=noted(info.present))
        send(original._replace(obj=shown), info)


def _send_patch(session: Session, before: Info, after: Info) -> None:
    """Change one object of the cluster to what was saved."""
    old, new = before.present, after.present
    same_name = old["metadata"]["name"] == new["metadata"].get("name")
    if not same_name or any(old[name] != new.get(name) for name in ("apiVersion", "kind")):
        raise fail("At least one of apiVersion, kind and name was changed")
    is_known = bool(type_of_kind(old["apiVersion"], old["kind"]))
    patch = two_way_patch(old, new)
    if session.flags["output-patch"]:
        session.write(f"Patch: {marshal(patch)}\n")
    path = path_of(before.kind, before.namespace, before.name, session.flags["subresource"])
    query = {**write_query(session, "kubectl-edit"), "fieldValidation": field_validation(session)}
    content_type = _STRATEGIC if is_known else _MERGE
    try:
        stored = session.request("PATCH", path, query=query, body=patch, content_type=content_type).body
    except ApiError as error:
        _refuse(session, before, error)
        return
    print_done(session, stored, "edited", is_typed=False)


def _refuse(session: Session, info: Info, error: ApiError) -> None:
    """Say why one object could not be changed. What is invalid is shown again."""
    name = f'{grouped_plural(info.kind)} "{info.name}"'
    if error.code == 422:
        session.warn(f"error: {name} is invalid\n")
        causes = [f"{cause.field}: {cause.message}" for cause in error.causes]
        raise _RefusedError(f"{name} was not valid", causes)
    what = "could not be found on the server"
    if error.code != 404:
        what = f"could not be patched: {error.message}"
    session.warn(f"error: {name} {what}\n")
    session.code = 1


def _send_note(session: Session, before: Info, after: Info) -> None:
    """Note in an object of the cluster what was saved."""
    body = {"metadata": {"annotations": {LAST_APPLIED: f"{marshal(after.present)}\n"}}}
    path = path_of(before.kind, session.namespace, before.name)
    query = write_query(session, "kubectl-client-side-apply")
    session.request("PATCH", path, query=query, body=body, content_type=_MERGE)
    print_done(session, after.present, "edited", is_typed=False)
