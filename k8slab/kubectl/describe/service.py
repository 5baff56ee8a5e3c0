"""What `kubectl describe` says of a Service and its endpoints.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.api.printers._format import format_labels
from k8slab.kubectl.describe._endpoints import endpoints_text, service_slices
from k8slab.kubectl.describe._parts import labels_and_annotations, name_and_namespace, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj["spec"]
    name_and_namespace(page, obj)
    labels_and_annotations(page, obj)
    page.write(0, f"Selector:\t{format_labels(spec.get('selector'))}\n")
    page.write(0, f"Type:\t{spec.get('type', '')}\n")
    _addresses(page, spec, obj.get("status") or {})
    slices = service_slices(context, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    for port in spec.get("ports") or ():
        _port(page, port, endpoints_text(slices, port.get("name", "")))
    page.write(0, f"Session Affinity:\t{spec.get('sessionAffinity', '')}\n")
    for title, name in (
        ("External Traffic Policy", "externalTrafficPolicy"),
        ("Internal Traffic Policy", "internalTrafficPolicy"),
        ("HealthCheck NodePort", "healthCheckNodePort"),
    ):
        if spec.get(name):
            page.write(0, f"{title}:\t{spec[name]}\n")
    if spec.get("loadBalancerSourceRanges"):
        page.write(0, f"LoadBalancer Source Ranges:\t{','.join(spec['loadBalancerSourceRanges'])}\n")
    if spec.get("trafficDistribution") is not None:
        page.write(0, f"Traffic Distribution:\t{spec['trafficDistribution']}\n")
    show_events(page, context, obj)


def _addresses(page: Page, spec: Obj, status: Obj) -> None:
    if spec.get("ipFamilyPolicy") is not None:
        page.write(0, f"IP Family Policy:\t{spec['ipFamilyPolicy']}\n")
    page.write(0, f"IP Families:\t{','.join(spec.get('ipFamilies') or ()) or '<none>'}\n")
    page.write(0, f"IP:\t{spec.get('clusterIP', '')}\n")
    page.write(0, f"IPs:\t{','.join(spec.get('clusterIPs') or ()) or '<none>'}\n")
    if spec.get("externalIPs"):
        page.write(0, f"External IPs:\t{','.join(spec['externalIPs'])}\n")
    if spec.get("loadBalancerIP"):
        page.write(0, f"Desired LoadBalancer IP:\t{spec['loadBalancerIP']}\n")
    if spec.get("externalName"):
        page.write(0, f"External Name:\t{spec['externalName']}\n")
    ingress = dig(status, "loadBalancer", "ingress", default=())
    if ingress:
        page.write(0, f"LoadBalancer Ingress:\t{', '.join(_ingress(one) for one in ingress)}\n")


def _ingress(ingress: Obj) -> str:
    if not ingress.get("ip"):
        return str(ingress.get("hostname", ""))
    mode = ingress.get("ipMode")
    return str(ingress["ip"]) if mode is None else f"{ingress['ip']} ({mode})"


def _port(page: Page, port: Obj, endpoints: str) -> None:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "")
    page.write(0, f"Port:\t{name}\t{port['port']}/{protocol}\n")
    page.write(0, f"TargetPort:\t{port.get('targetPort', 0)}/{protocol}\n")
    if port.get("appProtocol") is not None:
        page.write(0, f"AppProtocol:\t{port['appProtocol']}\n")
    if port.get("nodePort"):
        page.write(0, f"NodePort:\t{name}\t{port['nodePort']}/{protocol}\n")
    page.write(0, f"Endpoints:\t{endpoints}\n")


DESCRIBER = Describer("", _describe)
