"""nonewprivs: a program of root's that runs as root (setuid), unless its process may not gain rights.

Models test/images/nonewprivs, v1.36.
"""

from __future__ import annotations

from k8slab.containers.program import Executable, Family
from k8slab.containers.requests import Read
from k8slab.containers.shell import Invocation
from k8slab.containers.streams import Steps


def _say_user(call: Invocation, argv: list[str]) -> Steps:
    status = yield Read("/proc/self/status")
    may_not_gain = "NoNewPrivs:\t1\n" in (status or "")
    yield from call.io.out.write(f"Effective uid: {call.context.user if may_not_gain else 0}\n")
    return 0


PROGRAM = Family(images=("nonewprivs",), command=("nnp",), executables={"nnp": Executable(run=_say_user)})
