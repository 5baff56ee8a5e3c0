"""Whatever image nobody wrote a program for: a server that runs for ever and answers everything."""

from __future__ import annotations

from k8slab.containers.program import Executable, Family
from k8slab.containers.programs._http import any_port_server

PROGRAM = Family(
    images=("generic",),
    entrypoint=("/app",),
    executables={"app": Executable(server=any_port_server("ok\n"))},
)
