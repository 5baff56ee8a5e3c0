"""What `kubectl describe` says of an Ingress and the endpoints behind it.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, labels_of
from k8slab.api.printers._format import load_balancer_addresses
from k8slab.kubectl.describe._endpoints import endpoints_text, service_slices
from k8slab.kubectl.describe._parts import annotation_lines, multiline, optional, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj.get("spec") or {}
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    multiline(page, "Labels", labels_of(obj))
    page.write(0, f"Namespace:\t{obj['metadata'].get('namespace', '')}\n")
    page.write(0, f"Address:\t{load_balancer_addresses(obj.get('status') or {})}\n")
    page.write(0, f"Ingress Class:\t{optional(spec.get('ingressClassName'), '<none>')}\n")
    default = spec.get("defaultBackend")
    backend = "<default>" if default is None else _backend(obj, default, context)
    page.write(0, f"Default backend:\t{backend}\n")
    if spec.get("tls"):
        page.write(0, "TLS:\n")
    for tls in spec.get("tls") or ():
        hosts, secret = ",".join(tls.get("hosts") or ()), tls.get("secretName")
        page.write(1, f"{secret} terminates {hosts}\n" if secret else f"SNI routes {hosts}\n")
    _rules(page, obj, backend, context)
    annotation_lines(page, "Annotations", annotations_of(obj))
    show_events(page, context, obj)


def _rules(page: Page, obj: Obj, backend: str, context: Context) -> None:
    page.write(0, "Rules:\n  Host\tPath\tBackends\n")
    page.write(1, "----\t----\t--------\n")
    rules = [rule for rule in (obj.get("spec") or {}).get("rules") or () if rule.get("http") is not None]
    for rule in rules:
        page.write(1, f"{rule.get('host') or '*'}\t\n")
        for path in rule["http"].get("paths") or ():
            page.write(2, f"\t{path.get('path', '')} \t{_backend(obj, path['backend'], context)}\n")
    if not rules:
        page.write(1, f"*\t*\t{backend}\n")


def _backend(obj: Obj, backend: Obj, context: Context) -> str:
    """A Service with its endpoints, or a resource."""
    reference, resource = backend.get("service"), backend.get("resource")
    if reference is None:
        if resource is None:
            return ""
        group = optional(resource.get("apiGroup"), "<none>")
        return f"APIGroup: {group}, Kind: {resource.get('kind', '')}, Name: {resource.get('name', '')}"
    name, port = reference.get("name", ""), reference.get("port") or {}
    text = f"{name}:{port.get('number') or port.get('name', '')}"
    namespace = obj["metadata"].get("namespace", "")
    service = context.lookup.get("Service", namespace, name)
    if service is None:
        return f'{text} (<error: services "{name}" not found>)'
    port_name = ""
    for candidate in service["spec"].get("ports") or ():
        same_number = port.get("number") and port["number"] == candidate["port"]
        if same_number or (port.get("name") and port["name"] == candidate.get("name")):
            port_name = candidate.get("name", "")
    return f"{text} ({endpoints_text(service_slices(context, namespace, name), port_name)})"


DESCRIBER = Describer("networking.k8s.io", _describe)
