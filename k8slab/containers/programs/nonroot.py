"""nonroot: an image of upstream's tests whose user is not root.

Models test/images/nonroot, v1.36.
"""

from __future__ import annotations

from k8slab.containers.program import Executable, Family
from k8slab.containers.shell import Invocation
from k8slab.containers.streams import Steps


def _say_user(call: Invocation, argv: list[str]) -> Steps:
    yield from call.io.out.write(f"Effective uid: {call.context.user}\n")
    return 0


PROGRAM = Family(
    images=("nonroot",),
    entrypoint=("/nnp",),
    executables={"nnp": Executable(run=_say_user)},
    user=1234,
)
