"""The images of Linux distributions whose command is bash: its prompt says who and where one is."""

from __future__ import annotations

from k8slab.containers.program import Family

PROGRAM = Family(images=("debian", "ubuntu", "centos", "fedora"), command=("bash",))
