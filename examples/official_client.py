"""The official Python client on a lab: create a Deployment, watch its Pods come up, scale it.

k8slab serve &            # or: with lab.serve(): …
KUBECONFIG=… python examples/official_client.py
"""

from __future__ import annotations

from kubernetes import client, config, watch


def main() -> None:
    """Run against the cluster of the current kubeconfig."""
    config.load_kube_config()
    apps, core = client.AppsV1Api(), client.CoreV1Api()
    labels = {"app": "hello"}
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels),
        spec=client.V1PodSpec(containers=[client.V1Container(name="web", image="nginx:1.27")]),
    )
    spec = client.V1DeploymentSpec(
        replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template
    )
    deployment = client.V1Deployment(metadata=client.V1ObjectMeta(name="hello"), spec=spec)
    apps.create_namespaced_deployment("default", deployment)
    running: set[str] = set()
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_pod, "default", label_selector="app=hello", timeout_seconds=30
    ):
        pod = event["object"]
        if pod.status.phase == "Running":
            running.add(pod.metadata.name)
        if len(running) == 2:
            stream.stop()
    print(f"{len(running)} Pods run")
    apps.patch_namespaced_deployment_scale("hello", "default", {"spec": {"replicas": 3}})
    print(f"{apps.read_namespaced_deployment('hello', 'default').spec.replicas} replicas wanted")


if __name__ == "__main__":
    main()
