"""`kubectl expose`: a Service for the Pods of an object.

Models staging/src/k8s.io/kubectl/pkg/cmd/expose/expose.go and
polymorphichelpers/{canbeexposed,mapbasedselectorforobject,portsforobject,multiprotocolsforobject}.go, v1.36.
"""

from __future__ import annotations

import re

from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, Verb, fail, plain_message
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import SAVE_CONFIG
from k8slab.kubectl.printing import DRY_RUN, FIELD_MANAGER, OUTPUT_FLAGS, check_output, print_done
from k8slab.kubectl.recording import RECORD, recorded
from k8slab.kubectl.resources import FILE_FLAGS, Info, in_turn, select
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._overrides import OVERRIDE_FLAGS, overridden
from k8slab.kubectl.verbs._posting import posted

_EXPOSABLE = ("ReplicationController", "Service", "Pod", "Deployment", "ReplicaSet")
_LONGEST_NAME = 63


def _run(session: Session) -> None:
    check_output(session)
    kept: Obj = {}
    for info in in_turn(session, select(session, latest=False, by_selector=False)):
        with session.collecting():
            _expose(session, info, kept)


def _expose(session: Session, info: Info, kept: Obj) -> None:
    if info.kind.kind not in _EXPOSABLE:
        group = f".{info.kind.group}" if info.kind.group else ""
        raise fail(f"cannot expose a {info.kind.kind}{group}")
    service = recorded(session, overridden(session, service_for(session, info, kept)))
    print_done(session, posted(session, service, "kubectl-expose"), "exposed")


def service_for(session: Session, info: Info, kept: Obj) -> Obj:
    """The Service that the flags and the object make together.

    What an object gives for want of a flag stands in for the flag with the objects after it:
    `kept` holds it.
    """
    flags = session.flags
    obj = info.present
    selector = parse_labels(flags["selector"]) if flags["selector"] else kept.get("selector")
    selector = kept["selector"] = selector or _selector_of(info)
    metadata: Obj = {"name": flags["name"] or info.name[:_LONGEST_NAME]}
    ports = _service_ports(session, info, kept)
    labels = parse_labels(flags["labels"]) if flags["labels"] else kept.get("labels")
    labels = kept["labels"] = labels or obj["metadata"].get("labels")
    if labels:
        metadata["labels"] = labels
    spec: Obj = {"selector": selector}
    if ports:
        spec["ports"] = ports
    if flags["external-ip"]:
        spec["externalIPs"] = [flags["external-ip"]]
    if flags["type"]:
        spec["type"] = flags["type"]
    if flags["type"] == "LoadBalancer" and flags["load-balancer-ip"]:
        spec["loadBalancerIP"] = flags["load-balancer-ip"]
    if flags["session-affinity"]:
        if flags["session-affinity"] not in ("None", "ClientIP"):
            raise fail(f"unknown session affinity: {flags['session-affinity']}")
        spec["sessionAffinity"] = flags["session-affinity"]
    if flags["cluster-ip"]:
        spec["clusterIP"] = flags["cluster-ip"]
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def parse_labels(text: str) -> dict[str, str]:
    """The labels of `a=b,c=d`. KubectlError for any other text."""
    labels = {}
    for pair in text.split(","):
        parts = pair.split("=")
        if len(parts) != 2:
            raise fail(f"unexpected label spec: {pair}")
        if not parts[0]:
            raise fail("unexpected empty label key")
        labels[parts[0]] = parts[1]
    return labels


def _selector_of(info: Info) -> dict[str, str]:
    try:
        return _introspected_selector(info)
    except KubectlError as error:
        raise fail(
            f"couldn't retrieve selectors via --selector flag or introspection: {plain_message(error)}"
        ) from error


def _introspected_selector(info: Info) -> dict[str, str]:
    obj, kind = info.present, info.kind.kind
    if kind == "Pod":
        labels: dict[str, str] = obj["metadata"].get("labels") or {}
        if not labels:
            raise fail("the pod has no labels and cannot be exposed")
        return labels
    if kind == "Service":
        selector: dict[str, str] = obj["spec"].get("selector") or {}
        if not selector:
            raise fail("the service has no pod selector set")
        return selector
    if kind == "ReplicationController":
        plain: dict[str, str] = obj["spec"].get("selector") or {}
        return plain
    found = obj["spec"].get("selector")
    if not found or not found.get("matchLabels"):
        raise fail(f"invalid {info.kind.plural.removesuffix('s')}: no selectors, therefore cannot be exposed")
    if found.get("matchExpressions"):
        raise fail('couldn\'t convert expressions - "[]" to map-based selector format')
    labels = found["matchLabels"]
    return labels


def _ports_of(info: Info) -> list[tuple[int, str]]:
    """Each port of the object with its protocol, in order."""
    obj = info.present
    if info.kind.kind == "Service":
        return [(one["port"], one.get("protocol") or "TCP") for one in obj["spec"].get("ports") or ()]
    spec = obj["spec"] if info.kind.kind == "Pod" else obj["spec"]["template"]["spec"]
    return [
        (port["containerPort"], port.get("protocol") or "TCP")
        for container in spec["containers"]
        for port in container.get("ports") or ()
    ]


def _port_texts(session: Session, known: list[tuple[int, str]], kept: Obj) -> list[str]:
    """The ports to expose, as they are written; several that an object has go before one of another."""
    flags = session.flags
    if flags["port"]:
        texts: list[str] = flags["port"].split(",")
        return texts
    if not kept.get("port"):
        found = list(dict.fromkeys(str(port) for port, _ in known))
        if not found and flags["cluster-ip"] != "None":
            raise fail("couldn't find port via --port flag or introspection")
        kept["port" if len(found) == 1 else "ports"] = found or kept.get("ports")
    return kept.get("ports") or kept.get("port") or []


def _service_ports(session: Session, info: Info, kept: Obj) -> list[Obj]:
    flags = session.flags
    known = _ports_of(info)
    texts = _port_texts(session, known, kept)
    protocols: dict[str, list[str]] = {}
    for port, protocol in known:
        if protocol not in protocols.setdefault(str(port), []):
            protocols[str(port)].append(protocol)
    protocols = kept["protocols"] = protocols or kept.get("protocols") or {}
    ports: list[Obj] = []
    for number, text in enumerate(texts, 1):
        if not re.fullmatch(r"[+-]?\d+", text):
            raise fail(f'strconv.Atoi: parsing "{text}": invalid syntax')
        names = [flags["protocol"]] if flags["protocol"] else protocols.get(text) or ["TCP"]
        for protocol in names:
            name = f"port-{number}" if len(texts) > 1 else ""
            if len(names) > 1:
                name = f"port-{number}-{protocol.lower()}"
            target = flags["target-port"] or text
            entry: Obj = {"protocol": protocol, "port": int(text)}
            entry["targetPort"] = int(target) if re.fullmatch(r"[+-]?\d+", target) else target
            ports.append({"name": name, **entry} if name else entry)
    return ports


VERB = Verb(
    "expose",
    _run,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        DRY_RUN,
        FIELD_MANAGER,
        SAVE_CONFIG,
        Flag("protocol"),
        Flag("port"),
        Flag("type"),
        Flag("load-balancer-ip"),
        Flag("selector"),
        Flag("labels", "l"),
        Flag("target-port"),
        Flag("external-ip"),
        Flag("name"),
        Flag("session-affinity"),
        Flag("cluster-ip"),
        *OVERRIDE_FLAGS,
        RECORD,
    ),
    summary=(
        "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service"
    ),
)
