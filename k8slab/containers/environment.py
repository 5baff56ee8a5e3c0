"""A container's environment and command line, with everything that they refer to filled in.

Models pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables),
envvars/envvars.go and third_party/forked/golang/expansion, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping

from k8slab.api.memo import remember
from k8slab.api.meta import Obj
from k8slab.clock import parse_timestamp
from k8slab.containers.downward import field_of, resource_of
from k8slab.containers.etc import hostname_of
from k8slab.containers.files import normal, text_of
from k8slab.containers.mounts import data_of, may_administer, pin, pinned_env, who_of
from k8slab.containers.overlay import Overlay
from k8slab.containers.program import Context, argv_in, family_of
from k8slab.store.view import View

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ConfigurationError(Exception):
    """A container that cannot be configured; the text is the kubelet's."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """`$(NAME)` replaced where NAME is known; `$$` is one dollar sign."""
    if "$" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith("$$", at):
            parts.append("$")
            at += 2
        elif text.startswith("$(", at) and (end := text.find(")", at)) > 0:
            name = text[at + 2 : end]
            parts.append(values[name] if name in values else text[at : end + 1])
            at = end + 1
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def service_variables(view: View, namespace: str, enabled: bool, at_us: int = 0) -> dict[str, str]:
    """The variables for each Service that was there before the container (`envvars.FromServices`).

    `at_us` is when the container was started; 0 for now.
    """
    result: dict[str, str] = {}
    services = list(view.list("Service", namespace=namespace)) if enabled else []
    if at_us:
        services = [one for one in services if parse_timestamp(one["metadata"]["creationTimestamp"]) <= at_us]
    master = view.get("Service", ("default", "kubernetes"))
    if master is not None and (namespace != "default" or not enabled):
        services.insert(0, master)
    for service in services:
        result.update(_variables_of(service))
    return result


@remember
def _variables_of(service: Obj) -> dict[str, str]:
    """The variables for one Service; none for one without an address or ports."""
    result: dict[str, str] = {}
    spec = service["spec"]
    address = spec.get("clusterIP")
    if not address or address == "None" or not spec.get("ports"):
        return result
    prefix = service["metadata"]["name"].upper().replace("-", "_")
    first = spec["ports"][0]
    result[f"{prefix}_SERVICE_HOST"] = address
    result[f"{prefix}_SERVICE_PORT"] = str(first["port"])
    for port in spec["ports"]:
        if port.get("name"):
            label = port["name"].upper().replace("-", "_")
            result[f"{prefix}_SERVICE_PORT_{label}"] = str(port["port"])
    _add_link_variables(result, prefix, address, spec["ports"])
    return result


def _add_link_variables(result: dict[str, str], prefix: str, address: str, ports: list[Obj]) -> None:
    """The variables in the manner of Docker's links."""
    for number, port in enumerate(ports):
        protocol = port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{address}:{port['port']}"
        if number == 0:
            result[f"{prefix}_PORT"] = url
        stem = f"{prefix}_PORT_{port['port']}_{protocol}"
        result[stem] = url
        result[f"{stem}_PROTO"] = protocol.lower()
        result[f"{stem}_PORT"] = str(port["port"])
        result[f"{stem}_ADDR"] = address


def environment(view: View, pod: Obj, container: Obj, at_us: int = 0) -> dict[str, str]:
    """The variables of a container that was started at an instant (0 for now).

    ConfigurationError where one refers to nothing.
    """
    namespace = pod["metadata"]["namespace"]
    family = family_of(container["image"])
    hostname = hostname_of(pod)
    result = {"PATH": PATH, "HOSTNAME": hostname, "HOME": "/root", **family.env}
    links = pod["spec"].get("enableServiceLinks", True)
    services = service_variables(view, namespace, links, at_us)
    result.update(services)
    own: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        own.update(_from_source(view, namespace, source))
    for variable in container.get("env") or ():
        if "valueFrom" in variable:
            value = _from_reference(view, pod, container, variable["valueFrom"])
            if value is not None:
                own[variable["name"]] = value
        else:
            own[variable["name"]] = expand(variable.get("value", ""), {**services, **own})
    result.update(own)
    return result


def _from_source(view: View, namespace: str, source: Obj) -> dict[str, str]:
    for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if field in source:
            obj = view.get(kind, (namespace, source[field].get("name", "")))
            if obj is not None:
                prefix = source.get("prefix", "")
                plain = {**obj, "binaryData": None}
                return {prefix + name: text for name, text in sorted(data_of(plain).items())}
            if not source[field].get("optional"):
                raise ConfigurationError(f'{kind.lower()} "{source[field].get("name", "")}" not found')
    return {}


def _from_reference(view: View, pod: Obj, container: Obj, reference: Obj) -> str | None:
    namespace = pod["metadata"]["namespace"]
    if "fieldRef" in reference:
        return field_of(pod, reference["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in reference:
        return resource_of(view, pod, container, reference["resourceFieldRef"])
    if "fileKeyRef" in reference:
        return _from_file(view, pod, reference["fileKeyRef"])
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field in reference:
            source = reference[field]
            name = source.get("name", "")
            obj = view.get(kind, (namespace, name))
            if obj is None:
                if source.get("optional"):
                    return None
                raise ConfigurationError(f'{kind.lower()} "{name}" not found')
            data = data_of(obj)
            if source["key"] not in data:
                if source.get("optional"):
                    return None
                raise ConfigurationError(f"couldn't find key {source['key']} in {kind} {namespace}/{name}")
            return data[source["key"]]
    return None


def _from_file(view: View, pod: Obj, reference: Obj) -> str | None:
    """A variable from a file `NAME=value` in an emptyDir volume (`fileKeyRef`)."""
    key, path = reference["key"], normal("/" + reference["path"])
    metadata = pod["metadata"]
    sandbox = view.get("Sandbox", (metadata["namespace"], metadata["name"]))
    tree = (sandbox["volumes"].get(reference["volumeName"]) or {}) if sandbox is not None else {}
    content = tree.get(path)
    if content is None and not reference.get("optional"):
        raise ConfigurationError("couldn't parse env file")
    for line in text_of(content or "").splitlines():
        name, equals, value = line.partition("=")
        if equals and name.strip() == key and not line.lstrip().startswith("#"):
            return value.strip().strip("'\"")
    if reference.get("optional"):
        return None
    raise ConfigurationError(f'environment variable key "{key}" not found in file "{path}"')


def command_line(container: Obj, env: Mapping[str, str]) -> tuple[str, ...]:
    """What the container starts: its command and args, or the image's."""
    command = tuple([expand(str(word), env) for word in container.get("command") or ()])
    arguments = tuple([expand(str(word), env) for word in container.get("args") or ()])
    return argv_in(family_of(container["image"]), command, arguments)


def sub_path_of(mount: Obj, env: Mapping[str, str]) -> str:
    """Where in its volume a mount begins. ConfigurationError for a path that leads astray."""
    path: str = mount.get("subPath") or ""
    expression = mount.get("subPathExpr")
    if expression:
        wanted = [part.partition(")")[0] for part in expression.replace("$$", "").split("$(")[1:]]
        missing = sorted({name: 0 for name in wanted if not env.get(name)})
        if missing:
            raise ConfigurationError(f"missing value for {', '.join(missing)}")
        path = expand(expression, env)
    if path.startswith("/"):
        raise ConfigurationError(f"error SubPath `{path}` must not be an absolute path")
    if ".." in path.split("/"):
        raise ConfigurationError(f"unable to provision SubPath `{path}`: must not contain '..'")
    return path


@remember
def keeps_anything(container: Obj) -> bool:
    """Whether a container keeps something from its start on that may change behind it."""
    if container.get("envFrom") or any("valueFrom" in one for one in container.get("env") or ()):
        return True
    return any(one.get("subPath") or one.get("subPathExpr") for one in container.get("volumeMounts") or ())


def prepare(box: Overlay, pod: Obj, container: Obj) -> None:
    """Fix what a container keeps from its start on. ConfigurationError as `environment`."""
    if not keeps_anything(container):
        return
    env = environment(box, pod, container)
    for mount in container.get("volumeMounts") or ():
        sub_path_of(mount, env)
    pin(box, pod, container, env, lambda expression: expand(expression, env))


def context_of(view: View, pod: Obj, container: Obj, run: int, started_us: int, ip: str = "") -> Context:
    """What a process of this container knows. ConfigurationError as `environment`."""
    env = pinned_env(view, pod, container)
    if env is None:
        env = environment(view, pod, container, started_us)
    family = family_of(container["image"])
    who = who_of(pod, container)
    return Context(
        pod["metadata"]["namespace"],
        pod["metadata"]["name"],
        container["name"],
        container["image"],
        command_line(container, env),
        env,
        container.get("workingDir") or family.cwd,
        hostname_of(pod),
        ip or (pod.get("status") or {}).get("podIP", ""),
        pod["spec"].get("nodeName", ""),
        started_us,
        run,
        who.user,
        who.groups,
        may_administer(pod, container),
    )
