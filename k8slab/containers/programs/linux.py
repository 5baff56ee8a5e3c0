"""The plain Linux images: a shell and the small tools, and nothing that runs by itself."""

from __future__ import annotations

from k8slab.containers.program import Family

PROGRAM = Family(
    images=(
        "busybox",
        "alpine",
        "bash",
        "toolbox",
        "curl",
        "dnsutils",
    ),
    command=("sh",),
)
