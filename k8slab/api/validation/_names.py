"""Rules for names, labels, ports and the like: each gives the messages about one text.

The same rule exists twice upstream with two wordings of the length ("characters"
and "bytes"); label keys and values use the newer one.

Models staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go and
pkg/api/validate/content/{dns,kube,identifier}.go, pkg/api/validation/generic.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from k8slab.api.errors import Cause
from k8slab.api.validation._field import invalid, required

Messages = tuple[str, ...]
NameRule = Callable[[str], Messages]

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = LABEL + r"(\." + LABEL + ")*"
LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
SUBDOMAIN_UNDERSCORE = LABEL_UNDERSCORE + r"(\." + LABEL_UNDERSCORE + ")*"
LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
WILDCARD = r"\*\." + SUBDOMAIN
LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_VALUE = f"({LABEL_KEY})?"
CONFIG_KEY = "[-._a-zA-Z0-9]+"
HTTP_HEADER = "[-A-Za-z0-9]+"
HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
PERCENT = "[0-9]+%"
C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"

_ENDS = "and must start and end with an alphanumeric character"


def regex_message(message: str, pattern: str, *examples: str) -> str:
    """A message that shows the regular expression and examples, as upstream words it."""
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def max_length(length: int) -> str:
    """Too long, in the older wording."""
    return f"must be no more than {length} characters"


def inclusive_range(low: int, high: int) -> str:
    """Out of range."""
    return f"must be between {low} and {high}, inclusive"


NO_DOTS = "must not contain dots"
NOT_LABEL = regex_message(
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ENDS}",
    LABEL,
    "my-name",
    "123-abc",
)
NOT_SUBDOMAIN = regex_message(
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS}",
    SUBDOMAIN,
    "example.com",
)
NOT_SUBDOMAIN_UNDERSCORE = regex_message(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    + _ENDS,
    SUBDOMAIN_UNDERSCORE,
    "example.com",
)
NOT_LABEL_1035 = regex_message(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    LABEL_1035,
    "my-name",
    "abc-123",
)
NOT_WILDCARD = regex_message(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
    "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    WILDCARD,
    "*.example.com",
)
NOT_LABEL_KEY = regex_message(
    f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    LABEL_KEY,
    "MyName",
    "my.name",
    "123-abc",
)
NOT_LABEL_VALUE = regex_message(
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
NOT_CONFIG_KEY = regex_message(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)
NOT_PERCENT = regex_message(
    "a valid percent string must be a numeric string followed by an ending '%'", PERCENT, "1%", "93%"
)
NOT_HTTP_HEADER = regex_message(
    "a valid HTTP header must consist of alphanumeric characters or '-'", HTTP_HEADER, "X-Header-Name"
)
NOT_C_IDENTIFIER = regex_message(
    "a valid C identifier must start with alphabetic character or '_', followed by a string of "
    "alphanumeric characters or '_'",
    C_IDENTIFIER,
    "my_name",
    "MY_NAME",
    "MyName",
)
NOT_ENV_NAME = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)


_COMPILED = {
    pattern: re.compile(pattern).fullmatch
    for pattern in (
        LABEL,
        SUBDOMAIN,
        SUBDOMAIN_UNDERSCORE,
        LABEL_1035,
        WILDCARD,
        LABEL_KEY,
        LABEL_VALUE,
        CONFIG_KEY,
        HTTP_HEADER,
        HTTP_PATH,
        PERCENT,
        C_IDENTIFIER,
    )
}
_is_subdomain = _COMPILED[SUBDOMAIN]


def _matches(pattern: str, text: str) -> bool:
    return _COMPILED[pattern](text) is not None


def byte_length(text: str) -> int:
    """The length that Go's len counts."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _dns(text: str, most: int, pattern: str, message: str) -> Messages:
    found = (max_length(most),) if byte_length(text) > most else ()
    return found if _matches(pattern, text) else (*found, message)


@lru_cache(maxsize=4096)
def dns_label(text: str) -> Messages:
    """An RFC 1123 label, up to 63 letters."""
    found = (max_length(63),) if byte_length(text) > 63 else ()
    if _matches(LABEL, text):
        return found
    return (*found, NO_DOTS if _matches(SUBDOMAIN, text) else NOT_LABEL)


def dns_subdomain(text: str) -> Messages:
    """An RFC 1123 subdomain, up to 253 letters: the name of most objects."""
    if len(text) <= 253 and _is_subdomain(text):
        return ()
    return _dns(text, 253, SUBDOMAIN, NOT_SUBDOMAIN)


def dns_subdomain_underscore(text: str) -> Messages:
    """A subdomain in which underscores may stand."""
    return _dns(text, 253, SUBDOMAIN_UNDERSCORE, NOT_SUBDOMAIN_UNDERSCORE)


def dns_1035_label(text: str) -> Messages:
    """A label that starts with a letter."""
    return _dns(text, 63, LABEL_1035, NOT_LABEL_1035)


def wildcard_subdomain(text: str) -> Messages:
    """`*.` and a subdomain."""
    return _dns(text, 253, WILDCARD, NOT_WILDCARD)


def path_segment(text: str) -> Messages:
    """A name that can stand in a URL: all that RBAC's kinds ask."""
    if text in (".", ".."):
        return (f"may not be '{text}'",)
    return tuple(f"may not contain '{letter}'" for letter in "/%" if letter in text)


def masked(rule: NameRule) -> NameRule:
    """The rule for a prefix, which may end in a dash since letters will follow."""

    def check(text: str) -> Messages:
        return rule(text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text)

    return check


@lru_cache(maxsize=4096)
def label_key(text: str) -> Messages:
    """A qualified name: the key of a label, with an optional prefix."""
    parts = text.split("/")
    if len(parts) > 2:
        return (
            f"a valid label key {NOT_LABEL_KEY} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')",
        )
    found: list[str] = []
    if len(parts) == 2:
        if not parts[0]:
            found.append("prefix part must be non-empty")
        else:
            found += [f"prefix part {newer(message)}" for message in dns_subdomain(parts[0])]
    name = parts[-1]
    if not name:
        found.append("name part must be non-empty")
    elif byte_length(name) > 63:
        found.append("name part must be no more than 63 bytes")
    if not _matches(LABEL_KEY, name):
        found.append(f"name part {NOT_LABEL_KEY}")
    return tuple(found)


@lru_cache(maxsize=4096)
def label_value(text: str) -> Messages:
    """The value of a label."""
    found = ("must be no more than 63 bytes",) if byte_length(text) > 63 else ()
    return found if _matches(LABEL_VALUE, text) else (*found, NOT_LABEL_VALUE)


def newer(message: str) -> str:
    """The message in the newer wording, which counts bytes."""
    if message.startswith("must be no more than "):
        return message.replace("characters", "bytes")
    return message


def _no_climbing(text: str) -> Messages:
    if text in (".", ".."):
        return (f"must not be '{text}'",)
    return ("must not start with '..'",) if text.startswith("..") else ()


def config_key(text: str) -> Messages:
    """A key of a ConfigMap or Secret."""
    return (*_dns(text, 253, CONFIG_KEY, NOT_CONFIG_KEY), *_no_climbing(text))


def env_name(text: str) -> Messages:
    """The name of an environment variable: anything printable but `=`."""
    found = () if text else ("environment variable name must be non-empty",)
    bad = any(letter == "=" or not " " <= letter <= "~" for letter in text)
    return (*found, NOT_ENV_NAME) if bad else found


def port_number(number: int) -> Messages:
    """1 to 65535."""
    return () if 1 <= number <= 65535 else (inclusive_range(1, 65535),)


def port_name(text: str) -> Messages:
    """An IANA service name."""
    found: list[str] = []
    if byte_length(text) > 15:
        found.append(max_length(15))
    if not re.fullmatch("[-a-z0-9]+", text):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        found.append("must contain at least one letter (a-z)")
    if "--" in text:
        found.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return tuple(found)


def percent(text: str) -> Messages:
    """A number with a percent sign."""
    return () if _matches(PERCENT, text) else (NOT_PERCENT,)


def http_header(text: str) -> Messages:
    """The name of an HTTP header."""
    return () if _matches(HTTP_HEADER, text) else (NOT_HTTP_HEADER,)


def c_identifier(text: str) -> Messages:
    """An identifier of the language C."""
    return () if _matches(C_IDENTIFIER, text) else (NOT_C_IDENTIFIER,)


def user_id(number: int) -> Messages:
    """A user or group number."""
    return () if 0 <= number <= 2147483647 else (inclusive_range(0, 2147483647),)


def domain_prefixed_path(path: str, text: str) -> list[Cause]:
    """A host and a path: `acme.io/foo`."""
    if not text:
        return [required(path)]
    host, slash, rest = text.partition("/")
    if not slash or not host or not rest:
        return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    causes = [invalid(path, host, message) for message in dns_subdomain(host)]
    if not _matches(HTTP_PATH, rest):
        causes.append(invalid(path, rest, regex_message("Invalid path", HTTP_PATH)))
    return causes


def fully_qualified_name(path: str, text: str, segments: int = 3, word: str = "three") -> list[Cause]:
    """A domain of at least so many segments."""
    if not text:
        return [required(path)]
    messages = dns_subdomain(text)
    if messages:
        return [invalid(path, text, ",".join(messages))]
    if len(text.split(".")) < segments:
        return [invalid(path, text, f"should be a domain with at least {word} segments separated by dots")]
    return []
