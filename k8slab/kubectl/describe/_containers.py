"""Containers and Pod templates.

Models the container printers of staging/src/k8s.io/kubectl/pkg/describe/describe.go,
pkg/util/resource, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote as quote_url

from k8slab.api import quantities
from k8slab.api.go_text import quote, sprint
from k8slab.api.meta import Obj, annotations_of, dig, labels_of
from k8slab.api.printers._format import format_selector
from k8slab.kubectl.describe._parts import annotation_lines, date_text, lines, multiline
from k8slab.kubectl.describe._text import Page
from k8slab.kubectl.describe._volumes import pod_volumes
from k8slab.kubectl.output.go_sort import go_sorted


def pod_template(page: Page, template: Obj | None) -> None:
    """The template that a workload makes its Pods from."""
    page.write(0, "Pod Template:\n")
    if template is None:
        page.write(1, "<unset>")
        return
    holder = {"metadata": template.get("metadata") or {}}
    spec = template.get("spec") or {}
    multiline(page, "  Labels", labels_of(holder))
    if annotations_of(holder):
        annotation_lines(page, "  Annotations", annotations_of(holder))
    if spec.get("serviceAccountName"):
        page.write(1, f"Service Account:\t{spec['serviceAccountName']}\n")
    if spec.get("initContainers"):
        containers(page, "Init Containers", spec["initContainers"], indent="  ")
    containers(page, "Containers", spec.get("containers") or (), indent="  ")
    pod_volumes(page, spec.get("volumes"), "  ")
    topology_spread(page, spec.get("topologySpreadConstraints") or (), "  ")
    if spec.get("priorityClassName"):
        page.write(1, f"Priority Class Name:\t{spec['priorityClassName']}\n")
    multiline(page, "  Node-Selectors", spec.get("nodeSelector"))
    tolerations(page, "  Tolerations", spec.get("tolerations") or ())
    scheduling_group(page, spec, "  ")


def scheduling_group(page: Page, spec: Obj, indent: str = "") -> None:
    """The group that a Pod is scheduled with, where there is one."""
    group = spec.get("schedulingGroup")
    if group is not None:
        page.write(0, f"{indent}SchedulingGroup:\n")
        page.write(1, f"PodGroupName:\t{group.get('podGroupName', '')}\n")


def topology_spread(page: Page, constraints: Sequence[Obj], indent: str = "") -> None:
    """How Pods are to be spread, by topology key."""
    if not constraints:
        return
    ordered = go_sorted(constraints, lambda left, right: bool(left["topologyKey"] < right["topologyKey"]))
    texts = []
    for constraint in ordered:
        selector = constraint.get("labelSelector")
        suffix = "" if selector is None else f" for selector {format_selector(selector)}"
        texts.append(
            f"{constraint['topologyKey']}:{constraint.get('whenUnsatisfiable', '')} when max skew "
            f"{constraint.get('maxSkew', 0)} is exceeded{suffix}"
        )
    lines(page, "Topology Spread Constraints", texts, indent)


def tolerations(page: Page, title: str, values: Sequence[Obj]) -> None:
    """The tolerations, by key."""
    ordered = go_sorted(values, lambda left, right: bool(left.get("key", "") < right.get("key", "")))
    lines(page, title, [_toleration(toleration) for toleration in ordered])


def _toleration(toleration: Obj) -> str:
    key, value, effect = (toleration.get(name) or "" for name in ("key", "value", "effect"))
    text = key + (f"={value}" if value else "") + (f":{effect}" if effect else "")
    if toleration.get("operator") == "Exists" and not value:
        text += " op=Exists" if key or effect else "op=Exists"
    seconds = toleration.get("tolerationSeconds")
    return text if seconds is None else f"{text} for {seconds}s"


def containers(
    page: Page,
    label: str,
    items: Sequence[Obj],
    statuses: Sequence[Obj] = (),
    pod: Obj | None = None,
    indent: str = "",
) -> None:
    """Containers with their states, where there are any. `pod` resolves references to its fields."""
    by_name = {status["name"]: status for status in statuses}
    page.write(0, f"{indent}{label}:{'' if items else ' <none>'}\n")
    for container in items:
        status = by_name.get(container["name"])
        _basics(page, container, status, indent)
        for title, name in (("Command", "command"), ("Args", "args")):
            if container.get(name):
                page.write(2, f"{title}:\n")
                for argument in container[name]:
                    for line in argument.split("\n"):
                        page.write(3, f"{line}\n")
        if status is not None:
            _state_lines(page, status)
        resources(page, container.get("resources"), 2)
        for title, name in (
            ("Liveness", "livenessProbe"),
            ("Readiness", "readinessProbe"),
            ("Startup", "startupProbe"),
        ):
            if container.get(name) is not None:
                page.write(2, f"{title}:\t{probe_text(container[name])}\n")
        _environment_sources(page, container.get("envFrom") or ())
        _environment(page, container, pod)
        _mounts(page, container)


def _basics(page: Page, container: Obj, status: Obj | None, indent: str) -> None:
    page.write(1, f"{' ' if indent else ''}{container['name']}:\n")
    if status is not None:
        page.write(2, f"Container ID:\t{status.get('containerID', '')}\n")
    page.write(2, f"Image:\t{container.get('image', '')}\n")
    if status is not None:
        page.write(2, f"Image ID:\t{status.get('imageID', '')}\n")
    for title, name in (("Port", "containerPort"), ("Host Port", "hostPort")):
        text = ", ".join(_port_text(port, name) for port in container.get("ports") or ())
        page.write(2, f"{title}s:\t{text}\n" if "," in text else f"{title}:\t{text or '<none>'}\n")
    profile = dig(container, "securityContext", "seccompProfile")
    if profile is not None:
        page.write(2, f"SeccompProfile:\t{profile.get('type', '')}\n")
        if profile.get("type") == "Localhost":
            page.write(3, f"LocalhostProfile:\t{profile.get('localhostProfile', '')}\n")


def _port_text(port: Obj, number: str) -> str:
    text = f"{port.get(number, 0)}/{port.get('protocol', '')}"
    return f"{text} ({port['name']})" if port.get("name") else text


def resources(page: Page, values: Obj | None, level: int) -> None:
    """Limits and requests."""
    for title, name in (("Limits", "limits"), ("Requests", "requests")):
        amounts = (values or {}).get(name)
        if amounts:
            page.write(level, f"{title}:\n")
        for resource, amount in sorted((amounts or {}).items()):
            page.write(level + 1, f"{resource}:\t{amount}\n")


def _state_lines(page: Page, status: Obj) -> None:
    _state(page, "State", status.get("state") or {})
    last = status.get("lastState") or {}
    if last.get("terminated") is not None:
        _state(page, "Last State", last)
    page.write(2, f"Ready:\t{bool(status.get('ready'))}\n")
    page.write(2, f"Restart Count:\t{status.get('restartCount', 0)}\n")


def _state(page: Page, title: str, state: Obj) -> None:
    running, waiting, terminated = (state.get(name) for name in ("running", "waiting", "terminated"))
    if running is not None:
        page.write(2, f"{title}:\tRunning\n")
        page.write(3, f"Started:\t{date_text(running.get('startedAt'))}\n")
    elif waiting is not None or terminated is None:
        page.write(2, f"{title}:\tWaiting\n")
        if waiting and waiting.get("reason"):
            page.write(3, f"Reason:\t{waiting['reason']}\n")
    else:
        page.write(2, f"{title}:\tTerminated\n")
        for label, name in (("Reason", "reason"), ("Message", "message")):
            if terminated.get(name):
                page.write(3, f"{label}:\t{terminated[name]}\n")
        page.write(3, f"Exit Code:\t{terminated.get('exitCode', 0)}\n")
        if terminated.get("signal", 0) > 0:
            page.write(3, f"Signal:\t{terminated['signal']}\n")
        page.write(3, f"Started:\t{date_text(terminated.get('startedAt'))}\n")
        page.write(3, f"Finished:\t{date_text(terminated.get('finishedAt'))}\n")


def probe_text(probe: Obj) -> str:
    """A probe on one line: what it asks, and when."""
    timing = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 0)}s "
        f"period={probe.get('periodSeconds', 0)}s #success={probe.get('successThreshold', 0)} "
        f"#failure={probe.get('failureThreshold', 0)}"
    )
    if probe.get("exec") is not None:
        return f"exec {sprint(probe['exec'].get('command') or [])} {timing}"
    if probe.get("httpGet") is not None:
        return f"http-get {_probe_url(probe['httpGet'])} {timing}"
    if probe.get("tcpSocket") is not None:
        socket = probe["tcpSocket"]
        return f"tcp-socket {socket.get('host', '')}:{socket.get('port', 0)} {timing}"
    if probe.get("grpc") is not None:
        return f"grpc <pod>:{probe['grpc'].get('port', 0)} {probe['grpc'].get('service') or ''} {timing}"
    return f"unknown {timing}"


def _probe_url(action: Obj) -> str:
    """The address of a request, as Go's url.URL writes it."""
    host, port = action.get("host", ""), str(action.get("port", 0))
    if port:
        host = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    scheme = action.get("scheme", "").lower()
    path = quote_url(action.get("path", ""), safe="/$&+,:;=@!*'()~")
    separator = "/" if path and not path.startswith("/") and host else ""
    slashes = "//" if scheme or host or path.startswith("//") else ""
    return f"{f'{scheme}:' if scheme else ''}{slashes}{host}{separator}{path}"


def _environment_sources(page: Page, sources: Sequence[Obj]) -> None:
    if not sources:
        return
    page.write(2, "Environment Variables from:\n")
    for source in sources:
        kind, reference = "", {}
        if source.get("configMapRef") is not None:
            kind, reference = "ConfigMap", source["configMapRef"]
        elif source.get("secretRef") is not None:
            kind, reference = "Secret", source["secretRef"]
        prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
        page.write(3, f"{reference.get('name', '')}\t{kind}{prefix}\tOptional: {_optional(reference)}\n")


def _optional(reference: Obj) -> str:
    return sprint(bool(reference.get("optional")))


def _environment(page: Page, container: Obj, pod: Obj | None) -> None:
    variables = container.get("env") or ()
    page.write(2, f"Environment:{'' if variables else chr(9) + '<none>'}\n")
    for variable in variables:
        source = variable.get("valueFrom")
        if source is None:
            first, *rest = variable.get("value", "").split("\n")
            page.write(3, f"{variable['name']}:\t{first}\n")
            for line in rest:
                page.write(3, f"\t{line}\n")
        else:
            text = _variable_source(source, container, pod)
            if text is not None:
                page.write(3, f"{variable['name']}:\t{text}\n")


def _variable_source(source: Obj, container: Obj, pod: Obj | None) -> str | None:
    field, resource = source.get("fieldRef"), source.get("resourceFieldRef")
    secret, config_map = source.get("secretKeyRef"), source.get("configMapKeyRef")
    if field is not None:
        value = _field_value(pod, field.get("fieldPath", "")) if pod is not None else ""
        return f"{value} ({field.get('apiVersion', '')}:{field.get('fieldPath', '')})"
    if resource is not None:
        return f"{_resource_value(resource, container)} ({resource.get('resource', '')})"
    if secret is not None:
        where = f"'{secret.get('key', '')}' in secret '{secret.get('name', '')}'"
        return f"<set to the key {where}>\tOptional: {_optional(secret)}"
    if config_map is not None:
        where = f"'{config_map.get('key', '')}' of config map '{config_map.get('name', '')}'"
        return f"<set to the key {where}>\tOptional: {_optional(config_map)}"
    return None


def _field_value(pod: Obj, path: str) -> str:
    """What a variable takes from a field: kubectl knows the Pod's name and namespace only."""
    if path not in ("metadata.name", "metadata.namespace"):
        return ""
    return str(pod["metadata"].get(path.removeprefix("metadata."), ""))


def _resource_value(reference: Obj, container: Obj) -> str:
    """A limit or request in whole divisors, rounded up."""
    name = reference.get("resource", "")
    part, _, resource = name.partition(".")
    if part not in ("limits", "requests") or not (
        resource in ("cpu", "memory", "ephemeral-storage") or resource.startswith("hugepages-")
    ):
        return ""
    amount = str(dig(container, "resources", part, resource, default="0"))
    divisor = str(reference.get("divisor", "0"))
    measure = quantities.milli if resource == "cpu" else quantities.units
    value = -(-measure(amount) // (measure(divisor) or measure("1")))
    return "node allocatable" if value == 0 and name in ("limits.cpu", "limits.memory") else str(value)


def _mounts(page: Page, container: Obj) -> None:
    mounts = container.get("volumeMounts") or ()
    none = "" if mounts else "\t<none>"
    page.write(2, f"Mounts:{none}\n")
    for mount in go_sorted(mounts, lambda left, right: bool(left["mountPath"] < right["mountPath"])):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f",path={quote(mount['subPath'])}"
        page.write(3, f"{mount['mountPath']} from {mount['name']} ({flags})\n")
    devices = container.get("volumeDevices") or ()
    if devices:
        page.write(2, f"Devices:{none}\n")
        for device in go_sorted(devices, lambda left, right: bool(left["devicePath"] < right["devicePath"])):
            page.write(3, f"{device['devicePath']} from {device['name']}\n")
