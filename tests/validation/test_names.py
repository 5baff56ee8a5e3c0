"""Names, labels, ports, addresses: upstream's own tables of good and bad texts.

From staging/src/k8s.io/apimachinery/pkg/util/validation/{validation,ip}_test.go and
pkg/api/validate/content/*_test.go.
"""

from __future__ import annotations

import pytest

from k8slab.api.validation import _ip, _names
from k8slab.api.validation._names import masked

X = "a"

GOOD_AND_BAD = {
    "dns_label": (
        ["a", "ab", "abc", "a1", "a-1", "a--1--2--b", "0", "01", "012", "1a", "1-a", "1--a--b--2", X * 63],
        [
            "",
            "A",
            "ABC",
            "aBc",
            "A1",
            "A-1",
            "1-A",
            "-",
            "a-",
            "-a",
            "1-",
            "-1",
            "_",
            "a_",
            "_a",
            "a_b",
            "1_",
            "_1",
            "1_2",
            ".",
            "a.",
            ".a",
            "a.b",
            "1.",
            ".1",
            "1.2",
            " ",
            "a ",
            " a",
            "a b",
            "1 ",
            " 1",
            "1 2",
            X * 64,
        ],
    ),
    "dns_subdomain": (
        [
            "a",
            "ab",
            "abc",
            "a1",
            "a-1",
            "a--1--2--b",
            "0",
            "01",
            "012",
            "1a",
            "1-a",
            "1--a--b--2",
            "a.a",
            "ab.a",
            "abc.a",
            "a1.a",
            "a-1.a",
            "a--1--2--b.a",
            "0.a",
            "01.a",
            "012.a",
            "1a.a",
            "1-a.a",
            "a.0",
            "0.aaa.bbb.ccc",
            f"{X * 63}.{X * 63}.{X * 63}.{X * 61}",
            X * 253,
        ],
        [
            "",
            "A",
            "ABC",
            "aBc",
            "-",
            "a-",
            "-a",
            "1-",
            "-1",
            "_",
            "a_",
            "_a",
            "a_b",
            "1_2",
            ".",
            "a.",
            ".a",
            "a..b",
            "1.",
            ".1",
            "1..2",
            " ",
            "a ",
            " a",
            "a b",
            "A.a",
            "aB.a",
            "A1.a",
            "1A.a",
            "0.A",
            "A.B.C.D",
            "aa.bB.cc",
            "a@b",
            "a,b",
            "a:b",
            "a%b",
            X * 254,
        ],
    ),
    "dns_1035_label": (
        ["a", "ab", "abc", "a1", "a-1", "a--1--2--b", X * 63],
        [
            "0",
            "01",
            "012",
            "1a",
            "1-a",
            "1--a--b--2",
            "",
            "A",
            "aBc",
            "-",
            "a-",
            "-a",
            "_",
            "a.",
            "a.b",
            X * 64,
        ],
    ),
    "wildcard_subdomain": (
        ["*.example.com", "*.bar.com", "*.foo.bar.com"],
        ["*.*.bar.com", "*.foo.*.com", "*bar.com", "f*.bar.com", "*"],
    ),
    "label_key": (
        [
            "simple",
            "now-with-dashes",
            "1-starts-with-num",
            "1234",
            "simple/simple",
            "now.with.dots/simple",
            "1-num.2-num/3-num",
            "1.2.3.4/5678",
            "Uppercase_Is_OK_123",
            "example.com/Uppercase_Is_OK_123",
            "requests.storage-foo",
            X * 63,
            f"{X * 253}/{'b' * 63}",
        ],
        [
            "nospecialchars%^=@",
            "cantendwithadash-",
            "-cantstartwithadash-",
            "only/one/slash",
            "Example.com/abc",
            "example_com/abc",
            "example.com/",
            "/simple",
            X * 64,
            f"{X * 254}/abc",
            "",
        ],
    ),
    "label_value": (
        ["simple", "now-with-dashes", "1-starts-with-num", "end-with-num-1", "1234", X * 63, ""],
        [
            "nospecialchars%^=@",
            "Tama-nui-te-rā.is.Māori.sun",
            "\\backslashes\\are\\bad",
            "-starts-with-dash",
            "ends-with-dash-",
            ".starts.with.dot",
            "ends.with.dot.",
            X * 64,
        ],
    ),
    "config_key": (
        ["a", "good", "good-good", "still.good", "THIS.IS.ALSO.GOOD", "_.-", X * 253],
        [".", "..", "..bad", "b*d", "bad!&bad", "", X * 254],
    ),
    "env_name": (
        ["a", "ab", "A_B-C.D", "1startswithdigit", "a b", "x", "!#$%&'()*+,-./:;<>?@[]^_`{|}~"],
        ["", "a=b", "=", "é", "\t"],
    ),
    "port_name": (
        ["telnet", "re-mail-ck", "pop3", "a", "a-1", "1-a", "a-1-b-2-c", "1-a-2-b-3"],
        [
            "longerthan15characters",
            "",
            "1" * 16,
            "12345",
            "1-2-3-4",
            "-begin",
            "end-",
            "two--hyphens",
            "whois++",
        ],
    ),
    "percent": (["1%", "99%", "0%", "100%", "1000%"], ["", "%", "1", "-1%", "1.5%", "a%", "1% "]),
    "http_header": (
        ["Accept-Encoding", "Host", "X-Header-Name", "1"],
        ["Host:", "X-@Home", "", "a b", "a_b"],
    ),
    "c_identifier": (
        ["a", "ab", "abc", "a1", "_a", "a_", "a_b", "a_1", "a__1__2__b", "__abc_123", "A"],
        ["", "1"],
    ),
    "path_segment": (["a", "system:node", "My.Name", "a b"], [".", "..", "a/b", "a%b"]),
}


def _rows(index: int) -> list[object]:
    return [
        pytest.param(rule, text, id=f"{rule}:{text[:30]!r}")
        for rule, table in GOOD_AND_BAD.items()
        for text in table[index]
    ]


@pytest.mark.parametrize(("rule", "text"), _rows(0))
def test_good(rule: str, text: str) -> None:
    assert getattr(_names, rule)(text) == ()


@pytest.mark.parametrize(("rule", "text"), _rows(1))
def test_bad(rule: str, text: str) -> None:
    assert getattr(_names, rule)(text) != ()


MESSAGES = {
    "label with dots": ("dns_label", "a.b", ["must not contain dots"]),
    "label too long": ("dns_label", "a" * 64, ["must be no more than 63 characters"]),
    "label value too long": ("label_value", "a" * 64, ["must be no more than 63 bytes"]),
    "key without name": (
        "label_key",
        "example.com/",
        ["name part must be non-empty", f"name part {_names.NOT_LABEL_KEY}"],
    ),
    "key without prefix": ("label_key", "/simple", ["prefix part must be non-empty"]),
    "key with long prefix": ("label_key", "a" * 254 + "/b", ["prefix part must be no more than 253 bytes"]),
    "port name of digits": ("port_name", "12345", ["must contain at least one letter (a-z)"]),
    "port name with dashes": (
        "port_name",
        "-a--b-",
        ["must not contain consecutive hyphens", "must not begin or end with a hyphen"],
    ),
    "climbing key": ("config_key", "..bad", ["must not start with '..'"]),
    "no variable": ("env_name", "", ["environment variable name must be non-empty"]),
    "slash and percent": ("path_segment", "a/%", ["may not contain '/'", "may not contain '%'"]),
}


@pytest.mark.parametrize(("rule", "text", "messages"), MESSAGES.values(), ids=MESSAGES)
def test_messages(rule: str, text: str, messages: list[str]) -> None:
    assert list(getattr(_names, rule)(text)) == messages


def test_a_prefix_may_end_in_a_dash() -> None:
    assert masked(_names.dns_subdomain)("web-") == ()
    assert masked(_names.dns_subdomain)("web_") != ()


IPS = {
    "1.2.3.4": "",
    "1.2.3.0": "",
    "0.0.0.0": "",
    "1234::abcd": "",
    "::": "",
    "::1": "",
    "1.2.3.04": "must not have leading 0s",
    "010.2.3.4": "must not have leading 0s",
    "::ffff:1.2.3.4": "must not be an IPv4-mapped IPv6 address",
    "": _ip.NOT_IP,
    "aaa": _ip.NOT_IP,
    "myhost.mydomain": _ip.NOT_IP,
    "-1.0.0.0": _ip.NOT_IP,
    "1.0.0.256": _ip.NOT_IP,
    "1.0.0.1.1": _ip.NOT_IP,
    "2001:db8:0:0:0::0::0": _ip.NOT_IP,
    "fe80::1%eth0": _ip.NOT_IP,
    " 1.2.3.4": _ip.NOT_IP,
}


@pytest.mark.parametrize(("text", "detail"), IPS.items(), ids=repr)
def test_addresses(text: str, detail: str) -> None:
    details = [cause.message.rpartition(f'"{text}": ')[2] for cause in _ip.legacy_ip("ip", text)]
    assert details == ([detail] if detail else [])


CIDRS = {
    "1.2.3.4/32": "",
    "1.2.3.0/24": "",
    "1.2.3.4/24": "must not have bits set beyond the prefix length",
    "10.0.0.0/08": "must not have leading 0s in IP or prefix length",
    "010.0.0.0/8": "must not have leading 0s in IP or prefix length",
    "::ffff:1.2.3.0/120": "must not have an IPv4-mapped IPv6 address",
    "2001:db8::/64": "",
    "2001:db8::1/64": "must not have bits set beyond the prefix length",
    "1.2.3.4": _ip.NOT_CIDR,
    "1.2.3.0/33": _ip.NOT_CIDR,
    "1.2.3.0/": _ip.NOT_CIDR,
    "1.2.3.0/-1": _ip.NOT_CIDR,
    "2001:db8::/129": _ip.NOT_CIDR,
    "": _ip.NOT_CIDR,
}


@pytest.mark.parametrize(("text", "detail"), CIDRS.items(), ids=repr)
def test_ranges(text: str, detail: str) -> None:
    details = [cause.message.rpartition(f'"{text}": ')[2] for cause in _ip.legacy_cidr("cidr", text)]
    assert details == ([detail] if detail else [])


def test_a_text_that_was_stored_is_accepted_again() -> None:
    assert _ip.legacy_ip("ip", "1.2.3.04", ["1.2.3.04"]) == []
    assert _ip.legacy_cidr("cidr", "1.2.3.4/24", ["1.2.3.4/24"]) == []


ENDPOINT_IPS = {
    "10.0.0.1": "",
    "2001:db8::1": "",
    "0.0.0.0": "may not be unspecified (0.0.0.0)",
    "127.0.0.1": "may not be in the loopback range (127.0.0.0/8, ::1/128)",
    "::1": "may not be in the loopback range (127.0.0.0/8, ::1/128)",
    "169.254.1.1": "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
    "fe80::1": "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
    "224.0.0.1": "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
    "": "must be a valid IP address",
}


@pytest.mark.parametrize(("text", "detail"), ENDPOINT_IPS.items(), ids=repr)
def test_endpoint_addresses(text: str, detail: str) -> None:
    details = [cause.message.rpartition(f'"{text}": ')[2] for cause in _ip.endpoint_ip(text, "ip")]
    assert details == ([detail] if detail else [])


WARNINGS = {
    ("ip", "1.2.3.4"): [],
    ("ip", "1.2.3.04"): ['p: non-standard IP address "1.2.3.04" is invalid: use "1.2.3.4"'],
    ("ip", "2001:DB8::1"): [
        'p: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'
    ],
    ("cidr", "1.2.3.0/24"): [],
    ("cidr", "1.2.3.4/24"): [
        'p: CIDR value "1.2.3.4/24" is ambiguous in this context (should be "1.2.3.0/24" or "1.2.3.4/32"?)'
    ],
    ("cidr", "010.0.0.0/8"): ['p: non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"'],
}


@pytest.mark.parametrize(("row", "expected"), WARNINGS.items(), ids=lambda value: str(value)[:40])
def test_warnings(row: tuple[str, str], expected: list[str]) -> None:
    warn = _ip.ip_warnings if row[0] == "ip" else _ip.cidr_warnings
    assert warn("p", row[1]) == expected
