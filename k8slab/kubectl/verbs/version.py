"""`kubectl version`: the versions of this client and of the server.

Models staging/src/k8s.io/kubectl/pkg/cmd/version/version.go, v1.36.
"""

from __future__ import annotations

from k8slab.api import yaml
from k8slab.api.meta import Obj
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import ordered_json
from k8slab.kubectl.session import Session

KUSTOMIZE_VERSION = "v5.8.1"


def _run(session: Session) -> None:
    output = session.flags["output"]
    if session.arguments:
        raise fail(f"extra arguments: [{' '.join(session.arguments)}]")
    if output not in ("", "yaml", "json"):
        raise fail("--output must be 'yaml' or 'json'")
    server: Obj = session.request("GET", "/version").body
    found: Obj = {"clientVersion": server, "kustomizeVersion": KUSTOMIZE_VERSION}
    if not session.flags["client"]:
        found["serverVersion"] = server
    if output == "json":
        session.write(ordered_json(found) + "\n")
    elif output == "yaml":
        session.write(yaml.dump(found))
    else:
        session.write(f"Client Version: {server['gitVersion']}\nKustomize Version: {KUSTOMIZE_VERSION}\n")
        if "serverVersion" in found:
            session.write(f"Server Version: {server['gitVersion']}\n")


VERB = Verb(
    "version",
    _run,
    (Flag("client", type="bool"), Flag("output", "o")),
    summary="Print the client and server version information",
)
