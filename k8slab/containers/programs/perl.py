"""perl, as far as the Job tutorial needs it: `perl -Mbignum=bpi -wle 'print bpi(2000)'` computes pi."""

from __future__ import annotations

import re
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.program import Executable, Family
from k8slab.containers.requests import Sleep
from k8slab.containers.shell_syntax import unescape
from k8slab.containers.streams import Steps


def pi_digits(digits: int) -> str:
    """Pi to that many significant digits, by Machin's formula in integers."""
    guard = 10
    unit = 10 ** (digits + guard)

    def arctan_of_inverse(number: int) -> int:
        total: int = unit // number
        term = total
        square, divisor, sign = number * number, 3, -1
        while term:
            term //= square
            total += sign * (term // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    value: int = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    rounded = (value + 10**guard // 2 * 10) // 10 ** (guard + 1)
    text = str(rounded)
    return f"{text[0]}.{text[1:]}" if digits > 1 else text[0]


def _perl(call: Any, argv: list[str]) -> Steps:
    script = argv[-1] if len(argv) > 1 else ""
    newline = "\n" if any(re.fullmatch(r"-[a-zA-Z]*l[a-zA-Z]*", word) for word in argv[1:-1]) else ""
    found = re.search(r"print\s+bpi\((\d+)\)", script)
    if found:
        digits = int(found[1])
        # A real perl takes some seconds for 2,000 digits; they pass on the lab's clock.
        yield Sleep(SECOND_US + digits * SECOND_US // 600)
        yield from call.io.out.write(pi_digits(digits) + newline)
        return 0
    literal = re.fullmatch(r"\s*print\s+(?:\"([^\"]*)\"|'([^']*)'|(\d+))\s*;?\s*", script)
    if literal:
        text = literal[1] if literal[1] is not None else literal[2] if literal[2] is not None else literal[3]
        yield from call.io.out.write(unescape(text) + newline)
        return 0
    ended = re.fullmatch(r"\s*exit\s*\(?\s*(\d+)?\s*\)?\s*;?\s*", script)
    if ended:
        return int(ended[1] or 0)
    yield from call.io.err.write(f'syntax error at -e line 1, near "{script[:20]}"\n')
    return 255


PROGRAM = Family(images=("perl",), command=("perl", "-de0"), executables={"perl": Executable(run=_perl)})
