"""The Apache server's official image: serves /usr/local/apache2/htdocs."""

from __future__ import annotations

from k8slab.containers.program import Family
from k8slab.containers.programs import web

PROGRAM = Family(
    images=("httpd",),
    entrypoint=("httpd-foreground",),
    files=web.PROGRAM.files,
    executables=web.PROGRAM.executables,
)
