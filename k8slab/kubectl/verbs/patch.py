"""`kubectl patch`: change fields of an object by a strategic merge, merge or JSON patch.

Models staging/src/k8s.io/kubectl/pkg/cmd/patch/patch.go, v1.36.
"""

from __future__ import annotations

import json
from typing import Any

from k8slab.api import patch as patches
from k8slab.api import schema, strategic, yaml
from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import DRY_RUN, FIELD_MANAGER, OUTPUT_FLAGS, dry_run, print_done, write_query
from k8slab.kubectl.recording import RECORD, record_after
from k8slab.kubectl.resources import FILE_FLAGS, Info, in_turn, select
from k8slab.kubectl.session import Session, path_of

_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


def _run(session: Session) -> None:
    flags = session.flags
    if flags["patch"] and flags["patch-file"]:
        raise fail("cannot specify --patch and --patch-file together")
    if not flags["patch"] and not flags["patch-file"]:
        raise fail("must specify --patch or --patch-file containing the contents of the patch")
    if flags["local"] and session.arguments:
        raise fail("cannot specify --local and server resources")
    patch_type = flags["type"].lower()
    if patch_type not in _TYPES:
        raise fail(f'--type must be one of [{" ".join(sorted(_TYPES))}], not "{flags["type"]}"')
    body = _body(session)
    count = 0
    for info in in_turn(session, select(session, latest=False)):
        count += 1
        with session.collecting():
            _patch(session, info, patch_type, body)
    session.stop_if_failed()
    if not count:
        raise fail("no objects passed to patch")


def _body(session: Session) -> str:
    """The patch as JSON text; what is not JSON is read as YAML."""
    flags = session.flags
    text: str = flags["patch"]
    if flags["patch-file"]:
        try:
            text = session.client.read_file(flags["patch-file"])
        except OSError as error:
            raise fail(
                f"unable to read patch file: open {flags['patch-file']}: no such file or directory"
            ) from error
    if text.lstrip()[:1] in ("{", "["):
        return text
    try:
        return json.dumps(yaml.load(text))
    except ValueError as error:
        raise fail(f'unable to parse "{flags["patch"]}": {error}') from error


def _patch(session: Session, info: Info, patch_type: str, body: str) -> None:
    before = info.present
    if session.flags["local"] or dry_run(session) == "client":
        after = _patched(before, patch_type, json.loads(body))
    else:
        path = path_of(info.kind, info.namespace, info.name, session.flags["subresource"])
        after = _sent(session, info, path, patch_type, body)
        if not session.flags["subresource"]:
            recorded_after = record_after(session, info, after)
            word = "patched" if after != before else "patched (no change)"
            session.printed = 0  # each object has a printer of its own
            print_done(session, recorded_after, word, is_typed=False, ending="")
            return
    word = "patched" if after != before else "patched (no change)"
    session.printed = 0  # each object has a printer of its own
    print_done(session, after, word, is_typed=False, ending="")


def _sent(session: Session, info: Info, path: str, patch_type: str, body: str) -> Obj:
    query, content_type = write_query(session, "kubectl-patch"), _TYPES[patch_type]
    try:
        after: Obj = session.request("PATCH", path, query=query, body=body, content_type=content_type).body
    except ApiError as error:
        if error.code != 415:
            raise
        kind = f"{info.kind.api_version}, Kind={info.kind.kind}"
        raise fail(f"{content_type} is not supported by {kind}: {error.message}") from error
    return after


def _patched(obj: Obj, patch_type: str, patch: Any) -> Obj:
    """The object with the patch laid over it here, not by the server."""
    if patch_type == "json":
        result: Obj = patches.json_patch(obj, patch)
        return result
    if patch_type == "merge":
        merged: Obj = patches.merge_patch(obj, patch)
        return merged
    return strategic.strategic_merge_patch(schema.type_of_kind(obj["apiVersion"], obj["kind"]), obj, patch)


VERB = Verb(
    "patch",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        Flag("patch", "p"),
        Flag("patch-file"),
        Flag("type", default="strategic"),
        Flag("subresource"),
        Flag("local", type="bool"),
        RECORD,
        DRY_RUN,
        FIELD_MANAGER,
    ),
    summary="Update fields of a resource.",
)
