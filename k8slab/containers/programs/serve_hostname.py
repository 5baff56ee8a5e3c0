"""serve_hostname, which says its host name on port 9376: agnhost's `serve-hostname` in an image of its own.

The page on debugging Services looks for its Pods. Models test/images/agnhost/serve-hostname, v1.36.
"""

from __future__ import annotations

from k8slab.containers.program import Executable, Family
from k8slab.containers.programs import _agnhost_servers as servers

PROGRAM = Family(
    images=("serve_hostname", "serve-hostname", "kubernetes-serve-hostname"),
    entrypoint=("/serve_hostname",),
    files={"/serve_hostname": ""},
    executables={
        "serve_hostname": Executable(
            choose=lambda argv: Executable(server=servers.serve_hostname(("", *argv)))
        ),
    },
)
