"""Common Expression Language: what Kubernetes adds: lists, patterns, quantities, addresses, URLs.

Models staging/src/k8s.io/apiserver/pkg/cel/library/{lists,regex,quantity,ip,cidr,urls,jsonpatch}.go, v1.36.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

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

    def __str__(self) -> str:
        return str(self.key)


class _Range(Extended):
    cel_type = "net.CIDR"

    def __init__(self, interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface) -> None:
        self.interface = interface
        self.key = str(interface)

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


LIBRARY_FUNCTIONS: Mapping[str, Function] = {
    "cidr": _cidr,
    "ip": _ip,
    "ip.isCanonical": lambda text: _is_ip(text) and str(ipaddress.ip_address(text)) == text,
    "isCIDR": _is_cidr,
    "isIP": _is_ip,
    "isQuantity": _is_quantity,
    "isURL": _is_url,
    "jsonpatch.escapeKey": _escaped_key,
    "quantity": _to_quantity,
    "url": _url,
}

LIBRARY_METHODS: Mapping[str, Function] = {
    "add": lambda value, other: _added(value, other, 1),
    "asApproximateFloat": lambda value: _amount(value) / _NANO,
    "asInteger": _as_integer,
    "compareTo": lambda value, other: (_amount(value) > _amount(other)) - (_amount(value) < _amount(other)),
    "containsCIDR": _contains_cidr,
    "containsIP": _contains_ip,
    "family": _family,
    "find": _find,
    "findAll": _find_all,
    "getEscapedPath": _of_url(lambda parts: parts.path),
    "getHost": _of_url(lambda parts: parts.netloc.rpartition("@")[2]),
    "getHostname": _of_url(lambda parts: parts.hostname or ""),
    "getPort": _of_url(lambda parts: str(parts.port or "")),
    "getQuery": _of_url(lambda parts: parse_qs(parts.query, keep_blank_values=True)),
    "getScheme": _of_url(lambda parts: parts.scheme),
    "indexOf": _index_of,
    "ip": _ip,
    "isGlobalUnicast": _of_address("is_global"),
    "isGreaterThan": lambda value, other: _amount(value) > _amount(other),
    "isInteger": lambda value: _amount(value) % _NANO == 0,
    "isLessThan": lambda value, other: _amount(value) < _amount(other),
    "isLinkLocalMulticast": _of_address("is_multicast"),
    "isLinkLocalUnicast": _of_address("is_link_local"),
    "isLoopback": _of_address("is_loopback"),
    "isSorted": _is_sorted,
    "isUnspecified": _of_address("is_unspecified"),
    "lastIndexOf": _last_index_of,
    "masked": _masked,
    "max": lambda values: _extreme(values, 1, "max"),
    "min": lambda values: _extreme(values, -1, "min"),
    "prefixLength": _prefix_length,
    "sign": lambda value: (_amount(value) > 0) - (_amount(value) < 0),
    "sub": lambda value, other: _added(value, other, -1),
    "sum": _sum,
}
