"""Custom objects in another version than the one in which they are stored.

Without a webhook only their apiVersion changes. A definition whose strategy is
Webhook has a program convert them, which may change anything but what an
object is called: of its metadata only labels and annotations count.

Models staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/
{converter,webhook_converter}.go, v1.36.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from k8slab.api.errors import ApiError
from k8slab.api.go_text import type_name
from k8slab.api.json_text import go_quote
from k8slab.api.meta import Obj
from k8slab.api.validation._metadata import validate_annotations, validate_labels
from k8slab.cluster.calling import CallError, post
from k8slab.cluster.world import World

_SECONDS = 30
_GROUP = "apiextensions.k8s.io"


class _BadObjectError(ValueError):
    """What is wrong with an object that a webhook gave back."""


def has_webhook(definition: Obj | None) -> bool:
    """Whether objects of a definition are converted by a webhook."""
    conversion = definition["spec"].get("conversion") if definition is not None else None
    return conversion is not None and conversion.get("strategy") == "Webhook"


def converted(world: World, definition: Obj, objects: Sequence[Obj], api_version: str) -> list[Obj]:
    """The objects in a version, all of them asked for at once; those that have it already stay.

    ApiError 500 where the webhook fails, in the words of its converter.
    """
    wanted = [obj for obj in objects if obj["apiVersion"] != api_version]
    if not wanted:
        return list(objects)
    alone = len(objects) == 1
    answered = iter(_asked(world, definition, wanted, api_version, alone=alone))
    return [obj if obj["apiVersion"] == api_version else next(answered) for obj in objects]


def _asked(
    world: World, definition: Obj, objects: Sequence[Obj], api_version: str, *, alone: bool
) -> list[Obj]:
    webhook = definition["spec"]["conversion"]["webhook"]
    of_kind = _described(objects[0], alone=alone)
    version = next((one for one in webhook["conversionReviewVersions"] if one in ("v1", "v1beta1")), "")
    text = json.dumps([definition["metadata"]["uid"], world.now_us, world.store.revision, api_version])
    uid = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    asked = {"uid": uid, "desiredAPIVersion": api_version, "objects": list(objects)}
    review = {"kind": "ConversionReview", "apiVersion": f"{_GROUP}/{version}", "request": asked}
    try:
        answer = post(world, webhook["clientConfig"], review, seconds=_SECONDS, now_us=world.now_us)
        found = _objects_of(answer, version, uid)
    except CallError as error:
        raise _failed(f"conversion webhook for {of_kind} failed: {error}") from None
    if len(found) != len(objects):
        raise _failed(
            f"conversion webhook for {of_kind} returned {len(found)} objects, expected {len(objects)}"
        )
    results: list[Obj] = []
    for index, (before, after) in enumerate(zip(objects, found, strict=True)):
        place = "invalid object" if alone else f"invalid converted object at index {index}"
        try:
            results.append(_checked(before, after, api_version))
        except _BadObjectError as error:
            raise _failed(f"conversion webhook for {of_kind} returned {place}: {error}") from None
    return results


def _failed(text: str) -> ApiError:
    return ApiError(500, "", text)


def _described(obj: Obj, *, alone: bool) -> str:
    """A kind as Go prints one: that of the object, or that of the list it is in."""
    return f"{obj['apiVersion']}, Kind={obj['kind']}{'' if alone else 'List'}"


def _objects_of(answer: Any, version: str, uid: str) -> list[Any]:
    """The objects of a review's response. CallError where it is none, or says that it failed."""
    if not isinstance(answer, dict):
        raise CallError("no response provided")
    response = answer.get("response")
    if version == "v1":
        _check_review(answer, response, uid)
    if not isinstance(response, dict):
        raise CallError("no response provided")
    result = response.get("result") or {}
    if result.get("status") != "Success":
        status = result.get("status") or ""
        raise CallError(result.get("message") or f"response.result.status was '{status}', not 'Success'")
    return list(response.get("convertedObjects") or ())


def _check_review(answer: Obj, response: Any, uid: str) -> None:
    """The stricter form: it must be of the kind that was asked for, and answer this very request."""
    sent = (answer.get("apiVersion") or "", answer.get("kind") or "")
    if sent != (f"{_GROUP}/v1", "ConversionReview"):
        raise CallError(
            f"expected webhook response of {_GROUP}/v1, Kind=ConversionReview, got {sent[0]}, Kind={sent[1]}"
        )
    if isinstance(response, dict) and response.get("uid") != uid:
        given = go_quote(str(response.get("uid") or ""))
        raise CallError(f"expected response.uid={go_quote(uid)}, got {given}")


def _checked(before: Obj, after: Any, api_version: str) -> Obj:
    """The converted object with the metadata that it had, but for its labels and annotations."""
    if not isinstance(after, dict):
        raise _BadObjectError(f"invalid type, expected=Unstructured, got={type_name(after)}")
    for name, words, wanted in (
        ("apiVersion", "groupVersion", api_version),
        ("kind", "kind", before["kind"]),
    ):
        if after.get(name) != wanted:
            raise _BadObjectError(f"invalid {words} (expected {wanted}, received {after.get(name) or ''})")
    metadata = after.get("metadata")
    if not isinstance(metadata, dict):
        raise _BadObjectError("missing metadata in converted object")
    for name, words in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        was, now = before["metadata"].get(name) or "", metadata.get(name) or ""
        if was != now:
            raise _BadObjectError(f"must have the same {words}: {was} != {now}")
    return {**after, "metadata": _restored(before["metadata"], metadata)}


def _restored(before: Obj, after: Obj) -> Obj:
    kept = {name: value for name, value in before.items() if name not in ("labels", "annotations")}
    for name, check in (("labels", validate_labels), ("annotations", validate_annotations)):
        given = after.get(name)
        if given is None:
            continue
        if not isinstance(given, dict):
            raise _BadObjectError(f"invalid metadata.{name} of type {type_name(given)} in converted object")
        if given != before.get(name):
            faults = check(given, "metadata.labels" if name == "labels" else "metadata.annotation")
            if faults:
                raise _BadObjectError(f"{faults[0].field}: {faults[0].message}")
        kept[name] = given
    return kept
