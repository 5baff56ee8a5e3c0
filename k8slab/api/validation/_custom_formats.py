"""The formats of texts and numbers that schemas of custom resources may name.

Models apiextensions-apiserver/pkg/apiserver/validation/formats.go and
vendor/k8s.io/kube-openapi/pkg/validation/strfmt, v1.36.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable

_HEX = "[0-9a-f]"
_UUID = rf"{_HEX}{{8}}-?{_HEX}{{4}}-?%s{_HEX}{{%d}}-?%s-?{_HEX}{{12}}"
_ANY, _VARIANT = f"{_HEX}{{4}}", f"[89ab]{_HEX}{{3}}"
_UNITS = "ns nano us µs micro ms milli s sec m min h hr hour d day w wk week"
_OPEN_UNITS = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_LETTER = r"[^\W_]"
_HOST = re.compile(
    rf"{_LETTER}(-?{_LETTER}{{0,62}})?|({_LETTER}([\w-]{{0,61}}{_LETTER})?\.)+[^\W\d_]{{2,63}}",
)
_CARD = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})"
)


def _pattern(text: str, flags: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(text, flags)
    return lambda value: compiled.fullmatch(value) is not None


def _is_date(value: str) -> bool:
    try:
        return len(value) == 10 and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def _is_date_time(value: str) -> bool:
    date, _, rest = value.lower().partition("t")
    time = rest.partition("t")[0]
    found = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(.[0-9]+)?(z|[+-]\d\d:\d\d)", time, re.ASCII)
    return bool(found and _is_date(date) and found[1] <= "23" and found[2] <= "59" and found[3] <= "59")


def _is_duration(value: str) -> bool:
    if re.fullmatch(r"[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", value, re.ASCII):
        return True
    return any(
        unit.lower() in _UNITS.split() or unit.lower().startswith(_OPEN_UNITS)
        for unit in re.findall(r"[0-9]+\s*([A-Za-zµ]+)", value)
    )


def _without_zeros(value: str) -> str:
    """Leading zeros of the parts of an IPv4 address are passed over."""
    return re.sub(r"(^|\.)0+(?=\d)", r"\1", value)


def _is_ipv4(value: str) -> bool:
    return "." in value and _is_address(value)


def _is_address(value: str) -> bool:
    try:
        return bool(ipaddress.ip_address(_without_zeros(value))) and "%" not in value
    except ValueError:
        return False


def _is_ipv6(value: str) -> bool:
    return ":" in value and _is_address(value)


def _is_cidr(value: str) -> bool:
    try:
        return bool(re.fullmatch(r"[^/]+/[0-9]+", value)) and bool(
            ipaddress.ip_interface(_without_zeros(value))
        )
    except ValueError:
        return False


def _is_hostname(value: str) -> bool:
    parts = value.split(".")
    return len(value) <= 255 and all(len(part) <= 63 for part in parts) and bool(_HOST.fullmatch(value))


def _is_uri(value: str) -> bool:
    """A request's URI: absolute, or a path."""
    if any(ord(one) < 0x20 or ord(one) == 0x7F for one in value):
        return False
    if value.startswith("/"):
        return True
    found = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?://([^/]*))?", value)
    return found is not None and " " not in (found[1] or "")


def _is_isbn10(value: str) -> bool:
    digits = re.sub(r"[ -]", "", value)
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        return False
    return sum((10 if one == "X" else int(one)) * (at + 1) for at, one in enumerate(digits)) % 11 == 0


def _is_isbn13(value: str) -> bool:
    digits = re.sub(r"[ -]", "", value)
    if not re.fullmatch(r"[0-9]{13}", digits):
        return False
    return sum(int(one) * (3 if at % 2 else 1) for at, one in enumerate(digits)) % 10 == 0


def _is_card(value: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", value)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [int(one) * (2 if at % 2 else 1) for at, one in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _is_base64(value: str) -> bool:
    return bool(
        re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})", value)
    )


_CHANNEL = r"(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"
_TEXTS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _pattern(r"[0-9a-fA-F]{24}"),
    "uri": _is_uri,
    "email": _pattern(r"\s*([^<>@\s]+|[^<>]*<[^<>@\s]+)@[^<>@\s]+>?\s*"),
    "hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "cidr": _is_cidr,
    "mac": _pattern(
        r"[0-9a-fA-F]{2}([:-])([0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(\1[0-9a-fA-F]{2}\1[0-9a-fA-F]{2})?"
        r"|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4})?"
    ),
    "uuid": _pattern(_UUID % ("", 4, _ANY), re.IGNORECASE),
    "uuid3": _pattern(_UUID % ("3", 3, _ANY), re.IGNORECASE),
    "uuid4": _pattern(_UUID % ("4", 3, _VARIANT), re.IGNORECASE),
    "uuid5": _pattern(_UUID % ("5", 3, _VARIANT), re.IGNORECASE),
    "isbn": lambda value: _is_isbn10(value) or _is_isbn13(value),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_card,
    "ssn": _pattern(r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    "hexcolor": _pattern(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _pattern(rf"rgb\(\s*{_CHANNEL}\s*,\s*{_CHANNEL}\s*,\s*{_CHANNEL}\s*\)", re.ASCII),
    "byte": _is_base64,
    "password": lambda value: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_date_time,
    "k8sshortname": lambda value: bool(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", value)),
    "k8slongname": lambda value: (
        len(value) <= 253
        and bool(re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", value))
    ),
}
_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def is_known(form: str, kind: str) -> bool:
    """Whether a format means something for a type of values."""
    if kind in ("", "string"):
        return form.replace("-", "") in _TEXTS
    return form in _NUMBERS.get(kind, ())


def fits(form: str, value: str) -> bool:
    """Whether a text has a format; formats of numbers say nothing about texts."""
    rule = _TEXTS.get(form.replace("-", ""))
    return rule is None or rule(value)
