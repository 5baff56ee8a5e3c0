"""The plain Linux images: a shell and the small tools, and nothing that runs by itself."""

from __future__ import annotations

from k8slab.containers.program import Family

PROGRAM = Family(
    images=(
        "busybox",
        "alpine",
        "debian",
        "ubuntu",
        "bash",
        "centos",
        "fedora",
        "toolbox",
        "curl",
        "dnsutils",
    ),
    command=("sh",),
)
