"""Formats of texts, as expressions name them: `format.dns1123Label().validate(text)`.

A format answers what is wrong with a text as an optional list, which is absent
where nothing is.

Models staging/src/k8s.io/apiserver/pkg/cel/library/format.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from k8slab.api.cel.values import NOTHING, Extended, Optional, no_overload

Faults = Callable[[str], Sequence[str]]
_PATTERN_LENGTHS = {
    **dict.fromkeys(("dns1035Label", "dns1035LabelPrefix", "dns1123Label", "dns1123LabelPrefix"), 30),
    **dict.fromkeys(("dns1123Subdomain", "dns1123SubdomainPrefix", "qualifiedName"), 60),
    "byte": 84,
    "date": 71,
    "datetime": 71,
    "labelValue": 40,
    "uri": 1103,
    "uuid": 70,
}
"""How long the regular expression of a format is taken to be, which is what looking for it costs by."""


class Format(Extended):
    """A named format."""

    cel_type = "kubernetes.NamedFormat"

    def __init__(self, name: str, faults: Faults) -> None:
        self.key = name
        self.faults = faults
        self.pattern_length = _PATTERN_LENGTHS[name]


def _formats() -> dict[str, Faults]:
    from k8slab.api.validation import _names as names
    from k8slab.api.validation._custom_formats import fits

    def checked(form: str, words: str) -> Faults:
        return lambda text: () if fits(form, text) else (words,)

    return {
        "byte": checked("byte", "invalid base64"),
        "date": checked("date", "invalid date"),
        "datetime": checked("datetime", "invalid datetime"),
        "dns1035Label": names.dns_1035_label,
        "dns1035LabelPrefix": names.masked(names.dns_1035_label),
        "dns1123Label": names.dns_label,
        "dns1123LabelPrefix": names.masked(names.dns_label),
        "dns1123Subdomain": names.dns_subdomain,
        "dns1123SubdomainPrefix": names.masked(names.dns_subdomain),
        "labelValue": names.label_value,
        "qualifiedName": names.label_key,
        "uri": _faults_of_uri,
        "uuid": checked("uuid", "does not match the UUID format"),
    }


NAMES = (
    *("byte", "date", "datetime", "dns1035Label", "dns1035LabelPrefix", "dns1123Label", "dns1123LabelPrefix"),
    *("dns1123Subdomain", "dns1123SubdomainPrefix", "labelValue", "qualifiedName", "uri", "uuid"),
)


def _faults_of_uri(text: str) -> Sequence[str]:
    """A URI that can be asked for: it has a scheme, or is a path from the root."""
    shown = f'parse "{text}": '
    if not text:
        return (f"{shown}empty url",)
    try:
        parts = urlsplit(text)
    except ValueError:
        return (f"{shown}invalid URI for request",)
    return () if parts.scheme or text.startswith("/") else (f"{shown}invalid URI for request",)


def _named(name: Any) -> Optional:
    if not isinstance(name, str):
        raise no_overload()
    found = _formats().get(name)
    return NOTHING if found is None else Optional(True, Format(name, found))


def _of_name(name: str) -> Callable[[], Format]:
    return lambda: Format(name, _formats()[name])


def validate(form: Any, text: Any) -> Optional:
    """What a format has against a text."""
    if not isinstance(form, Format) or not isinstance(text, str):
        raise no_overload()
    faults = list(form.faults(text))
    return Optional(True, faults) if faults else NOTHING


FORMAT_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "format.named": _named,
    **{f"format.{name}": _of_name(name) for name in NAMES},
}
