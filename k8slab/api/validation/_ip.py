"""IP addresses and CIDRs: how strictly they are read, and what is said about odd ones.

Fields that are older than the strict rules still accept what was stored before.

Models staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go and
pkg/apis/core/validation (ValidateEndpointIP), v1.36 (StrictIPCIDRValidation is on).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from k8slab.api.errors import Cause
from k8slab.api.validation._field import invalid, quote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

_LINK_LOCAL_MULTICAST = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))


@lru_cache(maxsize=4096)
def parse_sloppy(text: str) -> Address | None:
    """The address that a text means, leading zeros allowed; an IPv4-mapped one is IPv4."""
    if "%" in text:
        return None
    head, colon, tail = text.rpartition(":")
    if "." in tail:
        tail = ".".join(_without_zeros(part) for part in tail.split("."))
    try:
        address = ipaddress.ip_address(f"{head}{colon}{tail}")
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _without_zeros(part: str) -> str:
    return part.lstrip("0") or "0" if re.fullmatch("[0-9]+", part) else part


def _is_strict(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_mapped(text: str) -> bool:
    return ":" in text and isinstance(parse_sloppy(text), ipaddress.IPv4Address)


def _check_ip(path: str, text: str) -> tuple[Address | None, list[Cause]]:
    address = parse_sloppy(text)
    if address is None:
        return None, [invalid(path, text, NOT_IP)]
    if not _is_strict(text):
        return address, [invalid(path, text, "must not have leading 0s")]
    if _is_mapped(text):
        return address, [invalid(path, text, "must not be an IPv4-mapped IPv6 address")]
    return address, []


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PLAIN_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
"""The canonical form of an IPv4 address, which nearly every address has."""


def legacy_ip(path: str, text: str, accepted: Sequence[str] = ()) -> list[Cause]:
    """An address in an older field; the texts in `accepted` were stored before."""
    return [] if text in accepted or _PLAIN_IPV4.fullmatch(text) else _check_ip(path, text)[1]


def canonical_ip(path: str, text: str) -> list[Cause]:
    """An address in a newer field, which must be written in the canonical form."""
    address, causes = _check_ip(path, text)
    if not causes and text != str(address):
        causes.append(invalid(path, text, f"must be in canonical form ({quote(str(address))})"))
    return causes


@lru_cache(maxsize=1024)
def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """Address and network of a CIDR, read sloppily."""
    host, slash, bits = text.partition("/")
    address = parse_sloppy(host)
    if not slash or address is None or not re.fullmatch("[0-9]+", bits):
        return None
    length = int(bits)
    if _is_mapped(host):
        length -= 96
    try:
        return address, ipaddress.ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        return None


def _check_cidr(path: str, text: str) -> list[Cause]:
    parsed = parse_cidr(text)
    if parsed is None:
        return [invalid(path, text, NOT_CIDR)]
    host, _, bits = text.partition("/")
    if not _is_strict(host) or (len(bits) > 1 and bits.startswith("0")):
        return [invalid(path, text, "must not have leading 0s in IP or prefix length")]
    if _is_mapped(host):
        return [invalid(path, text, "must not have an IPv4-mapped IPv6 address")]
    if parsed[0] != parsed[1].network_address:
        return [invalid(path, text, "must not have bits set beyond the prefix length")]
    return []


def legacy_cidr(path: str, text: str, accepted: Sequence[str] = ()) -> list[Cause]:
    """A CIDR in an older field; the texts in `accepted` were stored before."""
    return [] if text in accepted else _check_cidr(path, text)


def canonical_cidr(path: str, text: str) -> list[Cause]:
    """A CIDR in a newer field, which must be written in the canonical form."""
    causes = _check_cidr(path, text)
    parsed = parse_cidr(text)
    if not causes and parsed is not None and text != str(parsed[1]):
        causes.append(invalid(path, text, f"must be in canonical form ({quote(str(parsed[1]))})"))
    return causes


def endpoint_ip(text: str, path: str) -> list[Cause]:
    """An address at which something can answer: not unspecified, loopback or link-local."""
    address = parse_sloppy(text)
    if address is None:
        return [invalid(path, text, "must be a valid IP address")]
    causes: list[Cause] = []
    if address.is_unspecified:
        causes.append(invalid(path, text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        causes.append(invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        causes.append(invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if any(address in network for network in _LINK_LOCAL_MULTICAST if network.version == address.version):
        causes.append(
            invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
        )
    return causes


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address."""
    return isinstance(parse_sloppy(text), ipaddress.IPv6Address)


def is_dual_stack(texts: Sequence[str]) -> bool:
    """Whether there is at least one address of each family."""
    families = {is_ipv6(text) for text in texts}
    return len(families) == 2


def is_dual_stack_cidrs(texts: Sequence[str]) -> bool:
    """Whether there is at least one network of each family."""
    return len({parsed[1].version for parsed in map(parse_cidr, texts) if parsed is not None}) == 2


def ip_warnings(path: str, text: str) -> list[str]:
    """What is said about an address that is accepted but oddly written."""
    address = parse_sloppy(text)
    if address is None:
        return []
    if not _is_strict(text) or _is_mapped(text):
        return [f"{path}: non-standard IP address {quote(text)} is invalid: use {quote(str(address))}"]
    if address.version == 6 and str(address) != text:
        return [
            f"{path}: IPv6 address {quote(text)} should be in RFC 5952 canonical format "
            f"({quote(str(address))})"
        ]
    return []


def cidr_warnings(path: str, text: str) -> list[str]:
    """What is said about a CIDR that is accepted but oddly written."""
    parsed = parse_cidr(text)
    if parsed is None:
        return []
    address, network = parsed
    host, _, bits = text.partition("/")
    found: list[str] = []
    if address != network.network_address:
        single = f"{address}/{network.max_prefixlen}"
        found.append(
            f"{path}: CIDR value {quote(text)} is ambiguous in this context "
            f"(should be {quote(str(network))} or {quote(single)}?)"
        )
    if not _is_strict(host) or _is_mapped(host) or (len(bits) > 1 and bits.startswith("0")):
        found.append(f"{path}: non-standard CIDR value {quote(text)} is invalid: use {quote(str(network))}")
    if not found and network.version == 6 and f"{address}/{bits}" != text:
        found.append(
            f"{path}: IPv6 CIDR value {quote(text)} should be in RFC 5952 canonical format "
            f"({quote(f'{address}/{bits}')})"
        )
    return found
