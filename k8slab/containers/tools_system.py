"""Tools that ask about or wait for the system: sleep, date, env, uname, expr and their kin."""

from __future__ import annotations

import re
import time
from typing import Any

from k8slab.clock import HOUR_US, SECOND_US, parse_timestamp
from k8slab.containers.patterns import posix
from k8slab.containers.requests import Answer, Call, Now, Read, Sleep
from k8slab.containers.shell import FOREVER_US, CommandError, Shell, Streams
from k8slab.containers.streams import Steps
from k8slab.containers.tools_options import options

_UNITS_US = {"": SECOND_US, "s": SECOND_US, "m": 60 * SECOND_US, "h": HOUR_US, "d": 24 * HOUR_US}


def _sleep(shell: Shell, argv: list[str], io: Streams) -> Steps:
    total = 0
    if len(argv) < 2:
        raise CommandError("sleep: missing operand")
    for word in argv[1:]:
        if word in ("infinity", "inf"):
            total = FOREVER_US
            continue
        match = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)([smhd]?)", word)
        if match is None:
            raise CommandError(f"sleep: invalid number '{word}'")
        total += round(float(match[1]) * _UNITS_US[match[2]])
    if total:
        yield Sleep(total)
    return 0


def _date(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv, "drI", ("date", "iso-8601"))
    now_us = yield Now(wall=True)
    wanted = given.value("d", "date")
    if wanted:
        now_us = _date_of(wanted, now_us)
    template = next((word[1:] for word in given.operands if word.startswith("+")), "")
    if given.has("I", "iso-8601"):
        seconds = "s" in given.value("I", "iso-8601")
        template = "%Y-%m-%dT%H:%M:%S+00:00" if seconds else "%Y-%m-%d"
    elif given.has("R"):
        template = "%a, %d %b %Y %H:%M:%S +0000"
    yield from io.out.write(date_text(template or "%a %b %e %H:%M:%S UTC %Y", now_us) + "\n")
    return 0


def _date_of(text: str, now_us: int) -> int:
    if text.startswith("@"):
        return int(float(text[1:]) * SECOND_US)
    match = re.fullmatch(r"([+-]?\d+) (second|minute|hour|day)s?( ago)?", text.strip())
    if match:
        unit = {"second": "s", "minute": "m", "hour": "h", "day": "d"}[match[2]]
        amount = int(match[1]) * _UNITS_US[unit]
        return now_us - amount if match[3] else now_us + amount
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return parse_timestamp(f"{text}T00:00:00Z")
        return parse_timestamp(text.replace(" ", "T") if text.endswith("Z") else text.replace(" ", "T") + "Z")
    except ValueError:
        raise CommandError(f"date: invalid date '{text}'") from None


def date_text(template: str, at_us: int) -> str:
    """An instant in `date`'s template, in UTC."""
    second, micro = divmod(at_us, SECOND_US)
    at = time.gmtime(second)
    own = {
        "%s": str(second),
        "%N": f"{micro:06}000",
        "%Z": "UTC",
        "%z": "+0000",
        "%3N": f"{micro // 1000:03}",
        "%e": f"{at.tm_mday:2}",
    }
    for name, text in own.items():
        template = template.replace(name, text)
    return time.strftime(template, at)


def _env(shell: Shell, argv: list[str], io: Streams) -> Steps:
    words = [word for word in argv[1:] if word != "-i"]
    twin = shell.fork()
    if "-i" in argv[1:2]:
        twin.variables, twin.exported = {}, {}
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        twin.set(name, value)
        twin.exported[name] = None
    if words:
        return (yield from twin.invoke(words, io))
    for name, value in twin.environment().items():
        yield from io.out.write(f"{name}={value}\n")
    return 0


def _printenv(shell: Shell, argv: list[str], io: Streams) -> Steps:
    if len(argv) == 1:
        return (yield from _env(shell, argv, io))
    values = [shell.get(name) for name in argv[1:]]
    for value in values:
        if value is not None:
            yield from io.out.write(value + "\n")
    return int(None in values)


def _hostname(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    name = shell.context.hostname
    if given.has("i", "I"):
        name = shell.context.ip
    elif given.has("f", "fqdn"):
        hosts = (yield Read("/etc/hosts")) or ""
        line = next((one for one in hosts.splitlines() if one.startswith(f"{shell.context.ip}\t")), "")
        name = line.split("\t")[1] if line else name
    elif given.has("s"):
        name = name.partition(".")[0]
    yield from io.out.write(name + "\n")
    return 0


def _uname(shell: Shell, argv: list[str], io: Streams) -> Steps:
    given = options(argv)
    parts = {
        "s": "Linux",
        "n": shell.context.hostname,
        "r": "6.12.57",
        "v": "#1 SMP PREEMPT_DYNAMIC",
        "m": "x86_64",
    }
    wanted = "snrvm" if given.has("a") else "".join(letter for letter in parts if given.has(letter)) or "s"
    text = " ".join(parts[letter] for letter in wanted) + (" GNU/Linux" if given.has("a") else "")
    yield from io.out.write(text + "\n")
    return 0


def _nproc(shell: Shell, argv: list[str], io: Streams) -> Steps:
    yield from io.out.write("4\n")
    return 0


def _free(shell: Shell, argv: list[str], io: Streams) -> Steps:
    yield from io.out.write(
        "              total        used        free      shared  buff/cache   available\n"
    )
    yield from io.out.write(
        "Mem:        8388608     1048576     6291456        1024     1048576     7340032\n"
    )
    return 0


def _uptime(shell: Shell, argv: list[str], io: Streams) -> Steps:
    now_us = yield Now()
    text = time.strftime("%H:%M:%S", time.gmtime(now_us // SECOND_US))
    minutes = (now_us - shell.context.started_us) // (60 * SECOND_US)
    yield from io.out.write(f" {text} up {minutes} min,  load average: 0.00, 0.00, 0.00\n")
    return 0


def _which(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return (yield from shell.invoke(["command", "-v", *argv[1:]], io))


def _timeout(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """Run a command for a while. Its sleeps are counted; one that goes too far ends it."""
    words = argv[1:]
    while words and words[0].startswith("-"):
        flag = words.pop(0)
        if flag in ("-s", "-k", "-t") and words and flag != "-t":
            words.pop(0)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", words[0]) if words else None
    if match is None:
        raise CommandError("timeout: invalid time interval", 125)
    left_us = round(float(match[1]) * _UNITS_US[match[2]])
    command = shell.invoke(words[1:], io)
    value: Any = None
    while True:
        try:
            request = command.send(value)
        except StopIteration as stop:
            return stop.value
        if isinstance(request, Sleep):
            if request.duration_us >= left_us:
                yield Sleep(left_us)
                command.close()
                return 124
            left_us -= request.duration_us
        if isinstance(request, Call):
            request = request._replace(timeout_us=min(request.timeout_us, left_us))
        value = yield request
        if isinstance(value, Answer):
            left_us -= value.took_us


def _nohup(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return (yield from shell.invoke(argv[1:], io))


def _expr(shell: Shell, argv: list[str], io: Streams) -> Steps:
    value = _Expr(argv[1:]).value()
    yield from io.out.write(f"{value}\n")
    return int(value in ("", "0"))


class _Expr:
    """`expr`'s expressions."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def value(self) -> str:
        result = self._level(0)
        if self.words:
            raise CommandError("expr: syntax error", 2)
        return result

    _LEVELS = (("|",), ("&",), ("=", "==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"), (":",))

    def _level(self, level: int) -> str:
        if level == len(self._LEVELS):
            return self._atom()
        left = self._level(level + 1)
        while self.words and self.words[0] in self._LEVELS[level]:
            operator = self.words.pop(0)
            left = _combined(left, operator, self._level(level + 1))
        return left

    def _atom(self) -> str:
        if not self.words:
            raise CommandError("expr: syntax error", 2)
        word = self.words.pop(0)
        if word == "(":
            value = self._level(0)
            if self.words:
                self.words.pop(0)
            return value
        if word == "length" and self.words:
            return str(len(self.words.pop(0)))
        if word == "substr" and len(self.words) >= 3:
            text, start, length = self.words.pop(0), int(self.words.pop(0)), int(self.words.pop(0))
            return text[start - 1 : start - 1 + length]
        return word


def _combined(left: str, operator: str, right: str) -> str:
    if operator == "|":
        return left if left not in ("", "0") else right
    if operator == "&":
        return left if left not in ("", "0") and right not in ("", "0") else "0"
    if operator == ":":
        match = posix(right).match(left)
        if match is None:
            return "" if r"\(" in right else "0"
        return (match[1] or "") if match.re.groups else str(match.end())
    numeric = all(re.fullmatch(r"-?\d+", one) for one in (left, right))
    if operator in ("+", "-", "*", "/", "%"):
        if not numeric:
            raise CommandError("expr: non-numeric argument", 2)
        a, b = int(left), int(right)
        if operator in "/%" and not b:
            raise CommandError("expr: division by zero", 2)
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if operator in "/%" else 0
        table = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - quotient * b}
        return str(table[operator])
    x: Any = int(left) if numeric else left
    y: Any = int(right) if numeric else right
    compared = {
        "=": x == y,
        "==": x == y,
        "!=": x != y,
        "<": x < y,
        "<=": x <= y,
        ">": x > y,
        ">=": x >= y,
    }
    return str(int(compared[operator]))


def _nothing(shell: Shell, argv: list[str], io: Streams) -> Steps:
    return 0
    yield


def _sysctl(shell: Shell, argv: list[str], io: Streams) -> Steps:
    """Show kernel settings; none can be changed from inside."""
    given = options(argv)
    code = 0
    for word in given.operands:
        written, equals, _ = word.partition("=")
        path, name = f"/proc/sys/{written.replace('.', '/')}", written.replace("/", ".")
        text = yield Read(path)
        if text is None:
            yield from io.err.write(f"sysctl: error: '{name}' is an unknown key\n")
            code = 1
        elif equals:
            yield from io.err.write(f"sysctl: error setting key '{name}': Read-only file system\n")
            code = 1
        else:
            value = text.strip()
            yield from io.out.write(f"{value}\n" if given.has("n") else f"{name} = {value}\n")
    return code


SYSTEM_TOOLS: dict[str, Any] = {
    "sleep": _sleep,
    "date": _date,
    "env": _env,
    "printenv": _printenv,
    "hostname": _hostname,
    "uname": _uname,
    "nproc": _nproc,
    "free": _free,
    "uptime": _uptime,
    "which": _which,
    "timeout": _timeout,
    "nohup": _nohup,
    "expr": _expr,
    "clear": _nothing,
    "apt-get": _nothing,
    "apt": _nothing,
    "apk": _nothing,
    "sysctl": _sysctl,
}
"""Tools about the system by name."""
