"""`kubectl debug`: another container in a Pod, a changed copy of it, or a Pod in the namespaces of a node.

Models staging/src/k8s.io/kubectl/pkg/cmd/debug/debug.go, v1.36. Names end in letters that
follow from the object and the lab's clock, where kubectl draws them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from k8slab.api import strategic, unmarshal, yaml
from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.clock import MINUTE_US
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.resources import FILENAME, Info, from_files, select
from k8slab.kubectl.session import Session, path_of
from k8slab.kubectl.three_way import two_way_patch
from k8slab.kubectl.verbs._attachable import container_names
from k8slab.kubectl.verbs._debug_profiles import PROFILES, with_profile
from k8slab.kubectl.verbs.attach import ATTACHED_NOTES, runs_ended, stay
from k8slab.kubectl.verbs.run import is_image

_CONTAINER = "api.core.v1.Container"
_STRATEGIC = "application/strategic-merge-patch+json"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_PULL_POLICIES = ("", "Always", "IfNotPresent", "Never")


def _run(session: Session) -> None:
    words = session.arguments if session.dash < 0 else session.arguments[: session.dash]
    command = [] if session.dash < 0 else session.arguments[session.dash :]
    if session.flags["profile"] not in PROFILES:
        raise fail(f"unknown profile: {session.flags['profile']}")
    custom = _custom_profile(session)
    _check(session, words, command)
    if any(name in _NOT_CUSTOM for name in custom):
        raise fail("name, command, image, lifecycle and volume devices are not modifiable via custom profile")
    if words and session.flags["filename"]:
        raise fail("resource/name arguments cannot be provided when a path is specified")
    for info in _targets(session, words):
        _debug(session, info, command, custom)


_NOT_CUSTOM = ("name", "command", "image", "lifecycle", "volumeDevices")


def _custom_profile(session: Session) -> Obj:
    """The part of a container that `--custom` names; what a container doesn't have is passed over."""
    path = session.flags["custom"]
    if not path:
        return {}
    try:
        text = session.client.read_file(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise fail(
            f"must pass a container spec json file for custom profile: open {path}: {reason}"
        ) from error
    try:
        custom: Obj = unmarshal.unmarshal(_CONTAINER, yaml.load(text) or {})[0]
    except ValueError as error:
        raise fail(f"{path} does not contain a valid container spec: {error}") from error
    return {name: value for name, value in custom.items() if value}


def _with_custom(pod: Obj, field: str, name: str, custom: Obj) -> Obj:
    """The Pod with a partial container laid over the one of that name."""
    containers = [
        strategic.strategic_merge_patch(_CONTAINER, one, custom) if one["name"] == name else one
        for one in pod["spec"][field]
    ]
    return {**pod, "spec": {**pod["spec"], field: containers}} if custom else pod


def _check(session: Session, words: list[str], command: list[str]) -> None:
    """Refuse flags that do not go together, in the order in which kubectl looks at them."""
    flags = session.flags
    image, images = flags["image"], flags["set-image"]
    if flags["attach"] and not image and not flags["container"]:
        raise fail("you must specify --container or create a new container using --image in order to attach.")
    if flags["copy-to"]:
        if not image and not images and not command:
            raise fail("you must specify --image, --set-image or command arguments.")
        if command and not flags["container"] and not image:
            raise fail("you must specify an existing container or a new image when specifying args.")
    else:
        for flag in ("replace", "same-node", "set-image"):
            if flags[flag]:
                raise fail(f"--{flag} may only be used with --copy-to.")
        if not image:
            raise fail("you must specify --image when not using --copy-to.")
    if image and not is_image(image):
        raise fail(f'invalid image name "{image}": invalid reference format')
    if not words and not flags["filename"]:
        raise fail("NAME or filename is required for debug")
    if flags["image-pull-policy"] not in _PULL_POLICIES:
        raise fail(f"invalid image pull policy: {flags['image-pull-policy']}")
    for name in sorted(images):
        if not is_image(images[name]):
            raise fail(
                f'invalid image name "{images[name]}" for container "{name}": invalid reference format'
            )
    _check_session(session)


def _check_session(session: Session) -> None:
    flags = session.flags
    if flags["target"]:
        if flags["copy-to"]:
            raise fail("--target is incompatible with --copy-to. Use --share-processes instead.")
        if not flags["quiet"]:
            session.write(
                f'Targeting container "{flags["target"]}". If you don\'t see processes from this container '
                "it may be because the container runtime doesn't support this feature.\n"
            )
    if flags["tty"] and not flags["stdin"]:
        raise fail("-i/--stdin is required for containers with -t/--tty=true")
    if flags["profile"] == "legacy":
        session.warn(
            "--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify "
            'other profile, for example "--profile=general".\n'
        )


def _targets(session: Session, words: list[str]) -> Iterator[Info]:
    """What is debugged, one after the other: what comes later isn't looked at before."""
    named = [word if "/" in word else f"pods/{word}" for word in words]
    found = from_files(session) if session.flags["filename"] else []
    session.stop_if_failed()
    for info in found:
        known = info.kind.kind in ("Node", "Pod")
        yield info._replace(obj=session.get(info.kind, info.namespace, info.name)) if known else info
    infos = select(session, arguments=named, by_selector=False, from_file=False) if named else []
    session.stop_if_failed()
    yield from infos


def _debug(session: Session, info: Info, command: list[str], custom: Obj) -> None:
    if info.kind.kind == "Node":
        pod, container = _on_node(session, info.present, command, custom)
    elif info.kind.kind != "Pod":
        raise fail(f'"{info.kind.group}/{info.kind.version}, Kind={info.kind.kind}" not supported by debug')
    elif session.flags["copy-to"]:
        pod, container = _in_copy(session, info.present, command, custom)
    else:
        pod, container = _in_pod(session, info.present, command, custom)
    is_attached = session.flags["attach"] or ("attach" not in session.given and session.flags["stdin"])
    if is_attached and container:
        _attach(session, pod, container)


def _suffix(session: Session, obj: Obj) -> str:
    """Five letters for a name."""
    metadata = obj["metadata"]
    text = f"{metadata.get('uid', '')}/{metadata.get('resourceVersion', '')}/{session.client.now_us}"
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:5])


def _container(session: Session, name: str, command: list[str]) -> Obj:
    """The container that is debugged with."""
    flags = session.flags
    found: dict[str, Any] = {
        "name": name,
        "image": flags["image"],
        "terminationMessagePolicy": "File",
        "env": [{"name": one, "value": flags["env"][one]} for one in sorted(flags["env"])],
        "imagePullPolicy": flags["image-pull-policy"],
        "stdin": flags["stdin"],
        "tty": flags["tty"],
        "args" if flags["arguments-only"] else "command": command,
    }
    return {field: value for field, value in found.items() if value}


def _on_node(session: Session, node: Obj, command: list[str], custom: Obj) -> tuple[Obj, str]:
    """A Pod on the node, in its network, process and IPC namespaces."""
    name = session.flags["container"] or "debugger"
    node_name = node["metadata"]["name"]
    pod_name = f"node-debugger-{node_name}-{_suffix(session, node)}"
    if not session.flags["quiet"]:
        session.write(f"Creating debugging pod {pod_name} with container {name} on node {node_name}.\n")
    pod: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod_name, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
        "spec": {
            "containers": [_container(session, name, command)],
            "nodeName": node_name,
            "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
        },
    }
    pod = _with_custom(with_profile(session, pod, name, "node"), "containers", name, custom)
    return _created(session, pod, session.namespace), name


def _created(session: Session, pod: Obj, namespace: str) -> Obj:
    answer: Obj = session.request("POST", path_of(kinds()["Pod"], namespace), body=pod).body
    return answer


def _named(session: Session, pod: Obj) -> str:
    """The name of the new container."""
    if session.flags["container"]:
        return str(session.flags["container"])
    name = f"debugger-{_suffix(session, pod)}"
    if not session.flags["quiet"]:
        session.write(f"Defaulting debug container name to {name}.\n")
    return name


def _in_pod(session: Session, pod: Obj, command: list[str], custom: Obj) -> tuple[Obj, str]:
    """A container that is added to the running Pod."""
    name = _named(session, pod)
    container = _container(session, name, command)
    if session.flags["target"]:
        container["targetContainerName"] = session.flags["target"]
    present = pod["spec"].get("ephemeralContainers") or []
    # Of two containers of one name the one that is there already is what kubectl sends in the end.
    added = [] if any(one["name"] == name for one in present) else [container]
    after = {**pod, "spec": {**pod["spec"], "ephemeralContainers": [*present, *added]}}
    after = with_profile(session, after, name, "ephemeral")
    after = _with_custom(after, "ephemeralContainers", name, custom)
    metadata = pod["metadata"]
    path = path_of(kinds()["Pod"], metadata["namespace"], metadata["name"], "ephemeralcontainers")
    patch = two_way_patch(pod, after)
    answer: Obj = session.request("PATCH", path, body=patch, content_type=_STRATEGIC).body
    return answer, name


def _in_copy(session: Session, pod: Obj, command: list[str], custom: Obj) -> tuple[Obj, str]:
    """A copy of the Pod, with another container or one that is changed."""
    flags = session.flags
    spec = {name: value for name, value in pod["spec"].items() if name != "ephemeralContainers"}
    if "share-processes" in session.given:
        spec["shareProcessNamespace"] = flags["share-processes"]
    if not flags["same-node"]:
        spec.pop("nodeName", None)
    images: dict[str, str] = flags["set-image"]
    spec["containers"] = [
        {**one, "image": images.get(one["name"]) or images.get("*") or one["image"]}
        for one in spec["containers"]
    ]
    metadata = {name: pod["metadata"][name] for name in ("annotations", "labels") if name in pod["metadata"]}
    namespace = pod["metadata"]["namespace"]
    copy: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "name": flags["copy-to"], "namespace": namespace},
        "spec": spec,
    }
    name = flags["container"]
    if name not in container_names(copy):
        if not flags["image"]:
            if images:
                return _replacing(session, pod, copy), ""
            raise fail("you must specify image when creating new container")
        name = name or _named(session, pod)
        spec["containers"] = [*spec["containers"], {"name": name, "terminationMessagePolicy": "File"}]
    spec["containers"] = [
        _changed(session, one, command) if one["name"] == name else one for one in spec["containers"]
    ]
    copy = _with_custom(with_profile(session, copy, name, "copy"), "containers", name, custom)
    return _replacing(session, pod, copy), name


def _changed(session: Session, container: Obj, command: list[str]) -> Obj:
    """A container of the copy with what the flags say of it."""
    asked = _container(session, container["name"], command)
    kept = {name: value for name, value in container.items() if name not in ("stdin", "tty")}
    if command and not session.flags["arguments-only"]:
        kept.pop("args", None)
    return {**kept, **{name: value for name, value in asked.items() if name != "terminationMessagePolicy"}}


def _replacing(session: Session, pod: Obj, copy: Obj) -> Obj:
    """Create the copy; with `--replace` the Pod itself goes."""
    namespace = pod["metadata"]["namespace"]
    created = _created(session, copy, namespace)
    if session.flags["replace"]:
        path = path_of(kinds()["Pod"], namespace, pod["metadata"]["name"])
        session.request("DELETE", path, body={"gracePeriodSeconds": 0})
    return created


def _attach(session: Session, pod: Obj, container: str) -> None:
    """Wait for the container, type the input into it, and show what it prints; of one that ended the log."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    latest: list[Obj] = [pod]

    def started() -> bool:
        latest[0] = session.get(kinds()["Pod"], namespace, name)
        status = latest[0].get("status") or {}
        every = [
            *(status.get("containerStatuses") or ()),
            *(status.get("ephemeralContainerStatuses") or ()),
        ]
        return any(one["name"] == container and "waiting" not in (one.get("state") or {}) for one in every)

    if not session.client.run_until(started, MINUTE_US):
        raise fail("timed out waiting for the condition")
    if not runs_ended(latest[0], container):
        if not session.flags["quiet"]:
            session.warn(ATTACHED_NOTES)
        stay(session, latest[0], container, from_start=True)
        return
    try:
        path = path_of(kinds()["Pod"], namespace, name, "log")
        session.write(session.request("GET", path, query={"container": container}).body)
    except ApiError as error:
        raise fail(f"couldn't fetch the logs: {error.message}") from error


VERB = Verb(
    "debug",
    _run,
    (
        FILENAME,
        Flag("arguments-only", type="bool"),
        Flag("attach", type="bool"),
        Flag("container", "c"),
        Flag("copy-to"),
        Flag("custom"),
        Flag("env", type="map"),
        Flag("image"),
        Flag("image-pull-policy"),
        Flag("keep-annotations", type="bool"),
        Flag("keep-init-containers", type="bool", default=True),
        Flag("keep-labels", type="bool"),
        Flag("keep-liveness", type="bool"),
        Flag("keep-readiness", type="bool"),
        Flag("keep-startup", type="bool"),
        Flag("profile", default="general"),
        Flag("quiet", "q", "bool"),
        Flag("replace", type="bool"),
        Flag("same-node", type="bool"),
        Flag("set-image", type="map"),
        Flag("share-processes", type="bool", default=True),
        Flag("stdin", "i", "bool"),
        Flag("target"),
        Flag("tty", "t", "bool"),
    ),
    summary="Create debugging sessions for troubleshooting workloads and nodes",
)
