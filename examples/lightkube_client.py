"""lightkube on a lab: apply an object on the server's side, list, and be refused.

KUBECONFIG=… python examples/lightkube_client.py
"""

from __future__ import annotations

from lightkube import ApiError, Client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Node, Pod


def main() -> None:
    """Run against the cluster of the current kubeconfig."""
    client = Client(field_manager="example")
    settings = ConfigMap(metadata=ObjectMeta(name="settings", namespace="default"), data={"colour": "blue"})
    client.apply(settings)
    settings.data = {"colour": "green"}
    print(f"colour is {client.apply(settings).data['colour']}")
    print(f"nodes: {', '.join(node.metadata.name for node in client.list(Node))}")
    try:
        client.get(Pod, "nobody")
    except ApiError as error:
        print(f"refused: {error.status.message}")


if __name__ == "__main__":
    main()
