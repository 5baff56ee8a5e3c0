"""What Go says of a text that is no URL.

Models net/url (Parse) of the Go release with which v1.36 is built.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from k8slab.api.json_text import go_quote

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)?:")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})(.{0,2})", re.DOTALL)
_PORT = re.compile(r"(:[0-9]*)?")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_NOT_IN_HOST = re.compile(r"[^A-Za-z0-9!$&'()*+,;=:\[\]<>\"\-_.~%\x80-\U0010ffff]")
_NOT_ESCAPED_IN_HOST = re.compile(r"%(?!25)[0-7][0-9A-Fa-f]")


def url_fault(text: str) -> str:
    """The error of parsing a text as a URL; nothing where it is one."""
    before, _, fragment = text.partition("#")
    fault, shown = _fault(before), before
    if not fault:
        fault, shown = _escapes(fragment), text
    return f"parse {go_quote(shown)}: {fault}" if fault else ""


def _fault(text: str) -> str:
    if _CONTROL.search(text):
        return "net/url: invalid control character in URL"
    scheme = _SCHEME.match(text)
    if scheme and not scheme[1]:
        return "missing protocol scheme"
    rest = (text[scheme.end() :] if scheme else text).partition("?")[0]
    if not rest.startswith("/"):
        if not scheme and ":" in rest.partition("/")[0]:
            return "first path segment in URL cannot contain colon"
        return "" if scheme else _escapes(rest)
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        return _of_authority(authority) or _escapes(slash + path)
    return _escapes(rest)


def _escapes(text: str) -> str:
    """The first percent sign that no two hexadecimal digits follow."""
    found = _ESCAPE.search(text)
    return f"invalid URL escape {go_quote(found[0])}" if found else ""


def _of_authority(authority: str) -> str:
    user, _, host = authority.rpartition("@")
    fault = _of_host(host)
    if fault or not user:
        return fault
    return _escapes(user) if _USER.fullmatch(user) else "net/url: invalid userinfo"


def _of_host(host: str) -> str:
    if "[" in host:
        return _of_literal(host)
    colon = host.find(":")
    if colon >= 0 and not _PORT.fullmatch(host[colon:]):
        return f"invalid port {go_quote(host[colon:])} after host"
    return _in_host(host)


def _of_literal(host: str) -> str:
    """An IPv6 address in brackets, perhaps with a zone, perhaps with a port."""
    inside, bracket, port = host.rpartition("[")[2].rpartition("]")
    if not bracket:
        return "missing ']' in host"
    if not _PORT.fullmatch(port):
        return f"invalid port {go_quote(port)} after host"
    address = inside.partition("%25")[0]
    try:
        IPv6Address(address)
    except AddressValueError:
        return f"invalid host: ParseAddr({go_quote(address)}): unable to parse IP"
    return ""


def _in_host(host: str) -> str:
    """Letters that may not stand in the name of a host, and escapes of those that may."""
    fault = _escapes(host)
    wrong = _NOT_ESCAPED_IN_HOST.search(host)
    if not fault and wrong:
        return f"invalid URL escape {go_quote(wrong[0])}"
    letter = _NOT_IN_HOST.search(host)
    return fault or (f"invalid character {go_quote(letter[0])} in host name" if letter else "")
