"""kr8s on a lab: create a Pod, wait until it is ready, run a command in it, read its log.

KUBECONFIG=… python examples/kr8s_client.py
"""

from __future__ import annotations

from kr8s.objects import Pod


def main() -> None:
    """Run against the cluster of the current kubeconfig."""
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "hello"},
        "spec": {
            "containers": [
                {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", "echo started; sleep 3600"]}
            ]
        },
    }
    pod = Pod(manifest)
    pod.create()
    pod.wait("condition=Ready", timeout=30)
    print(f"phase {pod.status.phase}")
    print(f"log: {' '.join(pod.logs())}")
    print(f"exec: {pod.exec(['hostname']).stdout.decode().strip()}")
    pod.delete()


if __name__ == "__main__":
    main()
