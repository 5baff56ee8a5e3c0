"""Common Expression Language: what Kubernetes adds: lists, patterns, quantities, addresses, URLs.

Models staging/src/k8s.io/apiserver/pkg/cel/library/{lists,regex,quantity,ip,cidr,urls,jsonpatch}.go, v1.36.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import cmp_to_key
from typing import Any
from urllib.parse import parse_qs, urlsplit

from k8slab.api.cel.formats import FORMAT_FUNCTIONS, validate
from k8slab.api.cel.functions import OPERATORS, compiled
from k8slab.api.cel.values import CelError, Extended, compared, equal, no_overload
from k8slab.api.quantities import Quantity, QuantityError, to_text
from k8slab.api.quantities import parse as parse_quantity

Function = Callable[..., Any]


# Lists.


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise no_overload()
    return value


def _sum(values: Any) -> Any:
    total: Any = None
    for value in _list(values):
        total = value if total is None else OPERATORS["_+_"](total, value)
    return 0 if total is None else total


def _extreme(values: Any, sign: int, name: str) -> Any:
    if not _list(values):
        raise CelError(f"{name} called on empty list")
    best = values[0]
    for value in values[1:]:
        if compared(value, best) == sign:
            best = value
    return best


def _is_sorted(values: Any) -> bool:
    return all(compared(one, other) <= 0 for one, other in zip(_list(values), values[1:], strict=False))


def _place_of(values: Any, wanted: Any) -> int:
    return next((at for at, one in enumerate(values) if equal(one, wanted)), -1)


def _index_of(value: Any, part: Any, *rest: Any) -> int:
    if isinstance(value, list):
        return _place_of(value, part)
    from k8slab.api.cel.functions import METHODS

    found: int = METHODS["indexOf"](value, part, *rest)
    return found


def _last_index_of(value: Any, part: Any, *rest: Any) -> int:
    if isinstance(value, list):
        found = _place_of(value[::-1], part)
        return found if found < 0 else len(value) - 1 - found
    from k8slab.api.cel.functions import METHODS

    place: int = METHODS["lastIndexOf"](value, part, *rest)
    return place


# Patterns.


def _find(text: Any, pattern: Any) -> str:
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise no_overload()
    found = compiled(pattern).search(text)
    return found.group() if found else ""


def _find_all(text: Any, pattern: Any, most: Any = -1) -> list[str]:
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise no_overload()
    found = [one.group() for one in compiled(pattern).finditer(text)]
    return found if most < 0 else found[:most]


# Quantities.


class _Quantity(Extended):
    cel_type = "kubernetes.Quantity"

    def __init__(self, quantity: Quantity) -> None:
        self.quantity = quantity
        self.key = quantity.nano

    def __str__(self) -> str:
        return to_text(self.quantity)


_NANO = 10**9


def _to_quantity(text: Any) -> _Quantity:
    if not isinstance(text, str):
        raise no_overload()
    try:
        return _Quantity(parse_quantity(text))
    except (QuantityError, ValueError) as error:
        raise CelError(str(error)) from None


def _is_quantity(text: Any) -> bool:
    if not isinstance(text, str):
        raise no_overload()
    try:
        parse_quantity(text)
    except (QuantityError, ValueError):
        return False
    return True


def _amount(value: Any) -> int:
    """A quantity's nanos."""
    if isinstance(value, _Quantity):
        return value.quantity.nano
    if isinstance(value, int) and not isinstance(value, bool):
        return value * _NANO
    raise no_overload()


def _as_integer(value: Any) -> int:
    nano = _amount(value)
    if nano % _NANO:
        raise CelError("cannot convert value to integer")
    return nano // _NANO


def _added(value: Any, other: Any, sign: int) -> _Quantity:
    if not isinstance(value, _Quantity):
        raise no_overload()
    return _Quantity(value.quantity._replace(nano=value.quantity.nano + sign * _amount(other)))


# Addresses.


class _Address(Extended):
    cel_type = "net.IP"

    def __init__(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
        self.address = address
        self.key = str(address)
        self.size = len(address.packed)

    def __str__(self) -> str:
        return str(self.key)


class _Range(Extended):
    cel_type = "net.CIDR"

    def __init__(self, interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> None:
        self.interface = interface
        self.key = str(interface)
        self.size = -(-interface.network.prefixlen // 8)

    def __str__(self) -> str:
        return str(self.key)


def _ip(value: Any) -> _Address:
    if isinstance(value, _Range):
        return _Address(value.interface.ip)
    if not isinstance(value, str):
        raise no_overload()
    try:
        return _Address(ipaddress.ip_address(value))
    except ValueError:
        raise CelError(f"IP Address {value!r} parse error during conversion from string") from None


def _is_ip(value: Any) -> bool:
    if not isinstance(value, str):
        raise no_overload()
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _cidr(value: Any) -> _Range:
    if not isinstance(value, str) or "/" not in value:
        raise CelError("network address parse error during conversion from string")
    try:
        return _Range(ipaddress.ip_interface(value))
    except ValueError:
        raise CelError("network address parse error during conversion from string") from None


def _is_cidr(value: Any) -> bool:
    if not isinstance(value, str):
        raise no_overload()
    try:
        _cidr(value)
    except CelError:
        return False
    return True


def _contains_ip(range_: Any, address: Any) -> bool:
    wanted = _ip(address) if isinstance(address, str) else address
    if not isinstance(range_, _Range) or not isinstance(wanted, _Address):
        raise no_overload()
    return wanted.address in range_.interface.network


def _contains_cidr(range_: Any, other: Any) -> bool:
    wanted = _cidr(other) if isinstance(other, str) else other
    if not isinstance(range_, _Range) or not isinstance(wanted, _Range):
        raise no_overload()
    outer, inner = range_.interface.network, wanted.interface.network
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _of_address(name: str) -> Function:
    def called(value: Any) -> bool:
        if not isinstance(value, _Address):
            raise no_overload()
        return bool(getattr(value.address, name))

    return called


def _family(value: Any) -> int:
    if isinstance(value, _Address):
        return value.address.version
    if isinstance(value, _Range):
        return value.interface.version
    raise no_overload()


def _masked(value: Any) -> _Range:
    if not isinstance(value, _Range):
        raise no_overload()
    return _Range(ipaddress.ip_interface(str(value.interface.network)))


def _prefix_length(value: Any) -> int:
    if not isinstance(value, _Range):
        raise no_overload()
    return value.interface.network.prefixlen


# URLs.


class _Url(Extended):
    cel_type = "net.URL"

    def __init__(self, text: str) -> None:
        self.parts = urlsplit(text)
        self.key = text

    def __str__(self) -> str:
        return str(self.key)


def _url(text: Any) -> _Url:
    if not isinstance(text, str):
        raise no_overload()
    if not _is_url(text):
        raise CelError(
            f"URL parse error during conversion from string: parse {text!r}: invalid URI for request"
        )
    return _Url(text)


def _is_url(text: Any) -> bool:
    if not isinstance(text, str):
        raise no_overload()
    if text.startswith("/"):
        return True
    parts = urlsplit(text)
    return bool(parts.scheme) and (bool(parts.netloc) or text.startswith(f"{parts.scheme}:/"))


def _of_url(part: Callable[[Any], Any]) -> Function:
    def called(value: Any) -> Any:
        if not isinstance(value, _Url):
            raise no_overload()
        return part(value.parts)

    return called


def _escaped_key(text: Any) -> str:
    """A key as a part of a JSON pointer."""
    if not isinstance(text, str):
        raise no_overload()
    return text.replace("~", "~0").replace("/", "~1")


# Lists, beyond what all of them have.


def _flattened(values: Any, depth: Any = 1) -> list[Any]:
    if depth < 0:
        raise CelError("level must be non-negative")
    found: list[Any] = []
    for one in _list(values):
        if isinstance(one, list) and depth > 0:
            found.extend(_flattened(one, depth - 1))
        else:
            found.append(one)
    return found


def sorted_by(values: Any, keys: list[Any]) -> list[Any]:
    """A list in the order of the keys of its elements."""
    listed = _list(values)
    if not keys:
        return listed

    def by_key(one: int, other: int) -> int:
        return compared(keys[one], keys[other])

    return [listed[place] for place in sorted(range(len(keys)), key=cmp_to_key(by_key))]


def _distinct(values: Any) -> list[Any]:
    found: list[Any] = []
    for one in _list(values):
        if not any(equal(one, other) for other in found):
            found.append(one)
    return found


def _sorted(values: Any) -> list[Any]:
    return sorted(_list(values), key=cmp_to_key(compared))


def _slice(values: Any, start: Any, end: Any) -> list[Any]:
    if not 0 <= start <= end <= len(_list(values)):
        raise CelError(f"cannot slice({start}, {end}), list is length {len(values)}")
    return list(values[start:end])


# Versions.

_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?", re.ASCII
)


class _Semver(Extended):
    """A semantic version, ordered as semver.org says."""

    cel_type = "kubernetes.Semver"

    def __init__(self, numbers: tuple[int, int, int], before: str) -> None:
        self.numbers = numbers
        parts = before.split(".") if before else []
        named = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in parts)
        self.key = (numbers, (0, named) if parts else (1, ()))


def _parsed_version(text: Any, normalized: Any = False) -> _Semver | None:
    if not isinstance(text, str):
        raise no_overload()
    if normalized:
        text = text.removeprefix("v")
        head = text[: len(text) - len(text.lstrip("0123456789."))]
        rest = text.removeprefix(head)
        numbers = [str(int(one)) if one.isdigit() else one for one in head.split(".")]
        text = ".".join([*numbers, *["0"] * (3 - len(numbers))]) + rest
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    return _Semver((int(found[1]), int(found[2]), int(found[3])), found[4] or "")


def _version(text: Any, normalized: Any = False) -> _Semver:
    found = _parsed_version(text, normalized)
    if found is None:
        raise CelError("No Major.Minor.Patch elements found")
    return found


def _number_of_version(place: int) -> Function:
    def called(value: Any) -> int:
        if not isinstance(value, _Semver):
            raise no_overload()
        return value.numbers[place]

    return called


def _order(left: Any, right: Any) -> int:
    """How two versions, or two quantities, stand to each other."""
    if isinstance(left, _Semver) and isinstance(right, _Semver):
        return int(left.key > right.key) - int(left.key < right.key)
    return (_amount(left) > _amount(right)) - (_amount(left) < _amount(right))


LIBRARY_FUNCTIONS: Mapping[str, Function] = {
    **FORMAT_FUNCTIONS,
    "cidr": _cidr,
    "ip": _ip,
    "ip.isCanonical": lambda text: _is_ip(text) and str(ipaddress.ip_address(text)) == text,
    "isCIDR": _is_cidr,
    "isIP": _is_ip,
    "isQuantity": _is_quantity,
    "isSemver": lambda text, normalized=False: _parsed_version(text, normalized) is not None,
    "isURL": _is_url,
    "jsonpatch.escapeKey": _escaped_key,
    "lists.range": lambda count: list(range(count)),
    "quantity": _to_quantity,
    "semver": _version,
    "url": _url,
}

LIBRARY_METHODS: Mapping[str, Function] = {
    "add": lambda value, other: _added(value, other, 1),
    "asApproximateFloat": lambda value: _amount(value) / _NANO,
    "asInteger": _as_integer,
    "compareTo": _order,
    "containsCIDR": _contains_cidr,
    "containsIP": _contains_ip,
    "distinct": _distinct,
    "family": _family,
    "find": _find,
    "findAll": _find_all,
    "flatten": _flattened,
    "getEscapedPath": _of_url(lambda parts: parts.path),
    "getHost": _of_url(lambda parts: parts.netloc.rpartition("@")[2]),
    "getHostname": _of_url(lambda parts: parts.hostname or ""),
    "getPort": _of_url(lambda parts: str(parts.port or "")),
    "getQuery": _of_url(lambda parts: parse_qs(parts.query, keep_blank_values=True)),
    "getScheme": _of_url(lambda parts: parts.scheme),
    "indexOf": _index_of,
    "ip": _ip,
    "isGlobalUnicast": _of_address("is_global"),
    "isGreaterThan": lambda value, other: _order(value, other) > 0,
    "isInteger": lambda value: _amount(value) % _NANO == 0,
    "isLessThan": lambda value, other: _order(value, other) < 0,
    "isLinkLocalMulticast": _of_address("is_multicast"),
    "isLinkLocalUnicast": _of_address("is_link_local"),
    "isLoopback": _of_address("is_loopback"),
    "isSorted": _is_sorted,
    "isUnspecified": _of_address("is_unspecified"),
    "lastIndexOf": _last_index_of,
    "major": _number_of_version(0),
    "masked": _masked,
    "max": lambda values: _extreme(values, 1, "max"),
    "min": lambda values: _extreme(values, -1, "min"),
    "minor": _number_of_version(1),
    "patch": _number_of_version(2),
    "prefixLength": _prefix_length,
    "sign": lambda value: (_amount(value) > 0) - (_amount(value) < 0),
    "slice": _slice,
    "sort": _sorted,
    "sub": lambda value, other: _added(value, other, -1),
    "sum": _sum,
    "validate": validate,
}


def quantity_value(text: str) -> Any:
    """A quantity as expressions see it."""
    return _to_quantity(text)


def version_value(text: str) -> Any:
    """A semantic version as expressions see it."""
    return _version(text)
