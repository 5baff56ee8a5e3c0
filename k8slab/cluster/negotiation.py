"""Content negotiation: what a client sends, what it accepts, and the refusals of both.

Models staging/src/k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go,
RequestScope.AllowsMediaTypeTransform, and go-restful's routing by media types, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.cluster.request import Request

JSON = "application/json"
YAML = "application/yaml"
MEDIA_TYPES = (JSON, YAML, "application/vnd.kubernetes.protobuf")
STREAM_FORMS = (f"{JSON};stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_CONVERSIONS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


class Output(NamedTuple):
    """How to answer: a media type, and into what to convert (`Table` …; empty: nothing)."""

    media_type: str = JSON
    convert: str = ""
    convert_version: str = "v1"


class _Clause(NamedTuple):
    media_type: str
    parameters: Mapping[str, str]
    quality: float


def header(request: Request, name: str) -> str:
    """A header of a request, whatever the case of its name."""
    found = request.headers.get(name)
    if found is not None:
        return found
    lowered = name.lower()
    return next((value for key, value in request.headers.items() if key.lower() == lowered), "")


@lru_cache(maxsize=256)
def _clauses(accept: str) -> tuple[_Clause, ...]:
    """The clauses of an Accept header, best first."""
    found: list[_Clause] = []
    for part in accept.split(","):
        media_type, *rest = (piece.strip() for piece in part.split(";"))
        parameters: dict[str, str] = {}
        quality = 1.0
        for piece in rest:
            name, _, value = piece.partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 1.0
            else:
                parameters[name] = value.strip('"')
        if media_type:
            found.append(_Clause(media_type, parameters, quality))
    return tuple(sorted(found, key=lambda one: -one.quality))


def accepted_types(request: Request) -> tuple[str, ...]:
    """The media types that a client accepts, best first."""
    return tuple(clause.media_type for clause in _clauses(header(request, "Accept") or "*/*"))


def output_of(request: Request, *, tables: bool = True, streams: bool = False) -> Output:
    """How to answer a request, with a stream or an object. 406 where nothing fits that the client accepts."""
    accept = header(request, "Accept")
    if not accept:
        return Output()
    found = _best(accept, tables)
    if found is None:
        raise not_acceptable(MEDIA_TYPES)
    if streams and found.media_type == YAML:
        raise not_acceptable(STREAM_FORMS)
    return found


def not_acceptable(offered: Sequence[str]) -> ApiError:
    """406 for a client that accepts none of these media types."""
    text = f"only the following media types are accepted: {', '.join(offered)}"
    return ApiError(406, "NotAcceptable", text)


def _best(accept: str, tables: bool) -> Output | None:
    for clause in _clauses(accept):
        for media_type in (JSON, YAML):
            if clause.media_type not in (media_type, "application/*", "*/*"):
                continue
            convert = _conversion(clause.parameters, tables)
            if convert is not None:
                return convert._replace(media_type=media_type)
    return None


def plain_type(request: Request) -> str:
    """The media type of what can't be converted, such as a refusal; empty where the client accepts none."""
    accept = header(request, "Accept")
    for clause in _clauses(accept):
        if any(name in clause.parameters for name in ("as", "g", "v")):
            continue
        if clause.parameters.get("stream", "watch") not in ("", "watch"):
            continue
        for media_type in (JSON, YAML):
            if clause.media_type in (media_type, "application/*", "*/*"):
                return media_type
    return "" if accept else JSON


def check_routed(request: Request, offered: Sequence[str]) -> None:
    """406 where the router finds no route: it looks first, and at media types without their parameters."""
    accept = header(request, "Accept")
    if not accept or "*/*" in offered:
        return
    for clause in _clauses(accept):
        if clause.media_type == "*/*" or clause.media_type in offered:
            return
    text = f"406: Not Acceptable\n\nAvailable representations: {', '.join(offered)}"
    raise ApiError(406, "NotAcceptable", text, details={})


def _conversion(parameters: Mapping[str, str], tables: bool) -> Output | None:
    """What a clause's parameters ask for; None where it can't be had."""
    if parameters.get("stream", "watch") not in ("", "watch"):
        return None
    if not any(name in parameters for name in ("as", "g", "v")):
        return Output()
    wanted, version = parameters.get("as", ""), parameters.get("v", "")
    if parameters.get("g") != "meta.k8s.io" or version not in ("v1", "v1beta1"):
        return None
    if wanted not in _CONVERSIONS or (wanted == "Table" and not tables):
        return None
    return Output(JSON, wanted, version)


def input_type(request: Request) -> str:
    """The media type of a body that is an object. 415 for one that the server can't read."""
    content_type = header(request, "Content-Type").split(";")[0].strip().lower()
    if not header(request, "Content-Type"):
        return JSON
    if content_type not in MEDIA_TYPES or not _has_good_parameters(header(request, "Content-Type")):
        text = "the body of the request was in an unknown format - accepted media types include: "
        raise ApiError(415, "UnsupportedMediaType", text + ", ".join(MEDIA_TYPES))
    return content_type


def _has_good_parameters(content_type: str) -> bool:
    """Whether Go's `mime.ParseMediaType` can read what follows the type: pairs, and one `;` at the end."""
    pieces = [piece.strip() for piece in content_type.split(";")[1:]]
    return all("=" in piece for piece in (pieces[:-1] if pieces and not pieces[-1] else pieces))


def patch_type(request: Request, *, custom: bool = False) -> str:
    """The kind of patch that a body is. 415 for a media type that is no patch, or none of a custom kind."""
    content_type = header(request, "Content-Type").split(";")[0].strip()
    if custom:
        offered = [one for one in PATCH_TYPES if "strategic" not in one]
        if content_type not in offered:
            text = "the body of the request was in an unknown format - accepted media types include: "
            raise ApiError(415, "UnsupportedMediaType", text + ", ".join(offered))
    elif content_type not in PATCH_TYPES:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})
    return content_type
