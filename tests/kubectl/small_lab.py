"""A small cluster in which nothing runs by itself: what command lines are tried on.

It has the API server alone, a node, a namespace `default`, and a few objects
that were created by hand, so that a command's text depends on the command.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable

from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.cluster import assembly, dispatch, queue
from k8slab.cluster.request import Request, Response
from k8slab.cluster.rest import handle
from k8slab.cluster.world import World
from k8slab.kubectl import Result, run

FILES = {
    "app.conf": "colour=red\n",
    "app.env": "# a comment\nCOLOUR=red\n\nSIZE=big\n",
    "broken.yaml": "a: [\n",
    "nokind.yaml": "metadata: {name: x}\n",
    "typo.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndatum: {}\n",
    "unknown.yaml": "apiVersion: example.com/v1\nkind: Gizmo\nmetadata: {name: x}\n",
    "other-namespace.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: other}\n",
    "generate.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n",
    "two.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: '1'}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n"
    ),
}

_LABELS = {"app": "web"}
_TEMPLATE: Obj = {
    "metadata": {"labels": _LABELS},
    "spec": {"containers": [{"name": "nginx", "image": "nginx:1", "ports": [{"containerPort": 80}]}]},
}
_WORKLOAD: Obj = {"selector": {"matchLabels": _LABELS}, "template": _TEMPLATE}
_RBAC = "rbac.authorization.k8s.io"

OBJECTS: tuple[tuple[str, Obj], ...] = (
    ("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}),
    ("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}),
    (
        "/api/v1/namespaces/default/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
    ),
    (
        "/api/v1/namespaces/default/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "lone"},
            "spec": {"containers": [{"name": "main", "image": "nginx:1"}]},
        },
    ),
    (
        "/api/v1/namespaces/default/services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": _LABELS, "ports": [{"port": 80}]},
        },
    ),
    (
        "/api/v1/namespaces/default/configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}, "data": {"a.b": "1"}},
    ),
    (
        "/apis/apps/v1/namespaces/default/deployments",
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": _WORKLOAD},
    ),
    (
        "/apis/apps/v1/namespaces/default/daemonsets",
        {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": _WORKLOAD},
    ),
    (
        f"/apis/{_RBAC}/v1/namespaces/default/rolebindings",
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "rb1"},
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": "r"},
        },
    ),
)


class SmallLab:
    """A World as kubectl reaches it, with the files beside it."""

    kubeconfig: Obj | None = None

    def __init__(self, files: dict[str, str] | None = None) -> None:
        self.world = World(())
        self.files = FILES if files is None else files
        assembly.bootstrap(self.world)
        for path, obj in OBJECTS:
            answer = self.request(Request("POST", path, {}, {}, obj))
            assert answer.code == 201, answer.body

    @property
    def now_us(self) -> int:
        return self.world.now_us

    @property
    def latency_us(self) -> int:
        """The server answers at once."""
        return 0

    def request(self, request: Request) -> Response:
        return handle(self.world, request)

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Result:
        return Result(f"{' '.join(command)}{stdin}\n", "", 0)

    def run_until(self, check: Callable[[], bool], timeout_us: int) -> bool:
        end_us = self.world.now_us + timeout_us
        while not check():
            if self.world.now_us >= end_us:
                return False
            if queue.next_event(self.world) is not None:
                dispatch.step(self.world)
            self.world.now_us = min(self.world.now_us + SECOND_US, end_us)
        return True

    def run_until_settled(self, look: Callable[[], bool], quiet_us: int) -> None:
        look()

    def read_file(self, path: str) -> str:
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]

    def list_files(self, path: str, recursive: bool) -> list[str]:
        prefix = "" if path in (".", "./") else f"{path.rstrip('/')}/"
        inside = [one for one in sorted(self.files) if one.startswith(prefix)]
        return inside if path not in self.files and inside else [path]

    def kubectl(self, command: str, stdin: str = "") -> Result:
        """Run a command line."""
        return run(self, shlex.split(command), stdin)
