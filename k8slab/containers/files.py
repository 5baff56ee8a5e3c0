"""The files that a container sees: its image's, its own, and those of its volumes.

A tree is a flat dict from absolute path to text; a directory that holds
nothing is a key that ends in `/`. Reading goes through the mounts to whatever
is behind them: the container's own layer and emptyDirs in the Pod's `Sandbox`,
persistent volumes in a `Disk`, ConfigMaps and Secrets in the API.

A text longer than a page is kept as a list of pages, so that appending to a
long file shares all but the last one with every older version.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from k8slab.api.meta import Key, Obj, annotations_of, labels_of
from k8slab.containers.overlay import Overlay

PAGE_LETTERS = 4096

Tree = dict[str, Any]

READ_ONLY = "Read-only file system"
NOT_FOUND = "No such file or directory"
IS_DIRECTORY = "Is a directory"
NOT_DIRECTORY = "Not a directory"


def text_of(content: Any) -> str:
    """The text of a file's content, whole or in pages."""
    return content if isinstance(content, str) else "".join(content)


def joined(content: Any, more: str) -> Any:
    """A file's content with text appended."""
    if isinstance(content, str):
        if len(content) + len(more) <= PAGE_LETTERS:
            return content + more
        content = [content]
    last = content[-1] + more
    pages = [last[start : start + PAGE_LETTERS] for start in range(0, len(last), PAGE_LETTERS)]
    return [*content[:-1], *pages]


def normal(path: str) -> str:
    """An absolute path without `.`, `..` or doubled slashes."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


class Mount(NamedTuple):
    """A part of a container's tree: `path` is where, `load` and `save` what is behind it.

    `inside` is the path in the source to which `path` is mapped; `single`
    says that one file is mounted and not a directory.
    """

    path: str
    load: Callable[[], Tree]
    save: Callable[[Tree], None] | None
    inside: str = ""
    base: Tree = {}  # noqa: RUF012 - never changed


class Files:
    """A container's files for the length of a step."""

    __slots__ = ("_mounts",)

    def __init__(self, mounts: list[Mount]) -> None:
        self._mounts = sorted(mounts, key=lambda mount: -len(mount.path))

    def _find(self, path: str) -> tuple[Mount, str]:
        for mount in self._mounts:
            at = mount.path
            if at == "/" or path == at or path.startswith(at + "/"):
                rest = path if at == "/" else path[len(at) :]
                return mount, normal(mount.inside + rest) if mount.inside else rest or "/"
        raise LookupError(path)

    def read(self, path: str) -> str | None:
        """The text of a file, or None where there is none."""
        mount, inner = self._find(path)
        content = _lookup(mount, inner)
        return None if content is None else text_of(content)

    def kind(self, path: str) -> str:
        """`file`, `dir`, or the empty string."""
        if path == "/":
            return "dir"
        mount, inner = self._find(path)
        if _lookup(mount, inner) is not None:
            return "file"
        if inner == "/" or _has_directory(mount, inner):
            return "dir"
        prefix = path + "/"
        return "dir" if any(one.path.startswith(prefix) for one in self._mounts) else ""

    def write(self, path: str, text: str, append: bool = False) -> str:
        """Write or append to a file. Why it could not be done, or the empty string."""
        parent = path.rpartition("/")[0] or "/"
        if self.kind(parent) != "dir":
            return NOT_FOUND if not self.kind(parent) else NOT_DIRECTORY
        if self.kind(path) == "dir":
            return IS_DIRECTORY
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        tree = mount.load()
        old = _lookup(mount, inner)
        content = joined(old, text) if append and old is not None else joined("", text)
        mount.save({**tree, inner: content})
        return ""

    def make_directory(self, path: str) -> str:
        """Make a directory whose parent exists. Why it could not be done, or the empty string."""
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        mount.save({**mount.load(), inner + "/": ""})
        return ""

    def remove(self, path: str) -> str:
        """Remove a file or a directory with all that is in it."""
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        tree = mount.load()
        prefix = inner.rstrip("/") + "/"
        kept = {name: value for name, value in tree.items() if name != inner and not name.startswith(prefix)}
        for name in mount.base:
            if name == inner or name.startswith(prefix):
                kept[name] = None
        parent = inner.rpartition("/")[0]
        if parent and not _has_directory(mount._replace(load=lambda: kept), parent):
            kept[parent + "/"] = ""
        mount.save(kept)
        return ""

    def names(self, path: str) -> list[str] | None:
        """The names in a directory, sorted; None where it is none."""
        if self.kind(path) != "dir":
            return None
        mount, inner = self._find(path)
        prefix = inner.rstrip("/") + "/"
        found: dict[str, None] = {}
        for name in _names(mount):
            if name.startswith(prefix) and name != prefix:
                found[name[len(prefix) :].partition("/")[0]] = None
        outer = path.rstrip("/") + "/"
        for one in self._mounts:
            if one.path.startswith(outer) and one.path != "/":
                found[one.path[len(outer) :].partition("/")[0]] = None
        return sorted(found)

    def mounts(self) -> list[str]:
        """Where something is mounted, outermost first."""
        return sorted(mount.path for mount in self._mounts)


def _lookup(mount: Mount, inner: str) -> Any:
    tree = mount.load()
    if inner in tree:
        return tree[inner]
    return mount.base.get(inner)


def _names(mount: Mount) -> Iterator[str]:
    tree = mount.load()
    for name, value in tree.items():
        if value is not None:
            yield name
    for name in mount.base:
        if name not in tree:
            yield name


def _has_directory(mount: Mount, inner: str) -> bool:
    prefix = inner.rstrip("/") + "/"
    return any(name.startswith(prefix) for name in _names(mount))


# What is behind the mounts.


def sandbox_of(box: Overlay, pod: Obj) -> Obj:
    """The Pod's `Sandbox`, or a new one where it has none (of this uid)."""
    metadata = pod["metadata"]
    key = (metadata["namespace"], metadata["name"])
    found = box.get("Sandbox", key)
    if found is not None and found["uid"] == metadata["uid"]:
        return found
    return {
        "apiVersion": "lab",
        "kind": "Sandbox",
        "metadata": {"namespace": key[0], "name": key[1]},
        "uid": metadata["uid"],
        "roots": {},
        "volumes": {},
        "processes": {},
        "exits": {},
        "memory": {},
        "changes": 0,
        "starts": 0,
    }


def put_sandbox(box: Overlay, pod: Obj, sandbox: Obj) -> None:
    """Keep a Pod's `Sandbox`."""
    metadata = pod["metadata"]
    box.put("Sandbox", (metadata["namespace"], metadata["name"]), sandbox)


def _sandbox_mount(box: Overlay, pod: Obj, part: str, name: str, path: str, inside: str, base: Tree) -> Mount:
    def load() -> Tree:
        tree: Tree = sandbox_of(box, pod)[part].get(name) or {}
        return tree

    def save(tree: Tree) -> None:
        sandbox = sandbox_of(box, pod)
        put_sandbox(
            box,
            pod,
            {**sandbox, part: {**sandbox[part], name: tree}, "changes": sandbox["changes"] + 1},
        )

    return Mount(path, load, save, inside, base)


def _disk_mount(
    box: Overlay, kind: str, key: Key, path: str, inside: str, read_only: bool, pod: Obj
) -> Mount:
    def load() -> Tree:
        disk = box.get(kind, key)
        tree: Tree = disk["spec"]["files"] if disk is not None else {}
        return tree

    def save(tree: Tree) -> None:
        metadata = {"name": key[1]}
        box.put(kind, key, {"apiVersion": "lab", "kind": kind, "metadata": metadata, "spec": {"files": tree}})
        if _is_probed(pod):
            sandbox = sandbox_of(box, pod)
            put_sandbox(box, pod, {**sandbox, "changes": sandbox["changes"] + 1})

    return Mount(path, load, None if read_only else save, inside)


def _is_probed(pod: Obj) -> bool:
    for container in pod["spec"]["containers"]:
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            if "exec" in container.get(probe, ()):
                return True
    return False


def files_of(box: Overlay, pod: Obj, container: Obj, base: Tree) -> Files:
    """The files of one container. `base` is what its image holds."""
    name = container["name"]
    mounts = [_sandbox_mount(box, pod, "roots", name, "/", "", {**_etc(box, pod), **base})]
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        if volume is not None:
            mounts.append(_volume_mount(box, pod, container, volume, mount))
    return Files(mounts)


def _volume_mount(box: Overlay, pod: Obj, container: Obj, volume: Obj, mount: Obj) -> Mount:
    path = normal(mount["mountPath"])
    sub_path = mount.get("subPath", "")
    inside = normal(sub_path) if sub_path else ""
    read_only = bool(mount.get("readOnly"))
    namespace = pod["metadata"]["namespace"]
    if "persistentVolumeClaim" in volume or "ephemeral" in volume:
        source = volume.get("persistentVolumeClaim") or {
            "claimName": f"{pod['metadata']['name']}-{volume['name']}"
        }
        claim = box.get("PersistentVolumeClaim", (namespace, source["claimName"]))
        name = ((claim or {}).get("spec") or {}).get("volumeName", "")
        only = read_only or bool(source.get("readOnly"))
        return _disk_mount(box, "Disk", ("", name), path, inside, only, pod)
    if "hostPath" in volume:
        inside = normal(volume["hostPath"]["path"] + "/" + sub_path)
        return _disk_mount(box, "HostDisk", ("", pod["spec"]["nodeName"]), path, inside, read_only, pod)
    if "emptyDir" in volume:
        made = _sandbox_mount(box, pod, "volumes", volume["name"], path, inside, {})
        return made._replace(save=None) if read_only else made
    tree = fixed_tree(box, pod, container, volume)
    return Mount(path, lambda: tree, None, inside)


def fixed_tree(box: Overlay, pod: Obj, container: Obj, volume: Obj) -> Tree:
    """The files of a configMap, secret, downwardAPI or projected volume."""
    namespace = pod["metadata"]["namespace"]
    if "configMap" in volume:
        return _data_tree(box, "ConfigMap", namespace, volume["configMap"])
    if "secret" in volume:
        source = {**volume["secret"], "name": volume["secret"].get("secretName", "")}
        return _data_tree(box, "Secret", namespace, source)
    if "downwardAPI" in volume:
        return _downward_tree(pod, volume["downwardAPI"])
    tree: Tree = {}
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "configMap" in source:
            tree.update(_data_tree(box, "ConfigMap", namespace, source["configMap"]))
        elif "secret" in source:
            tree.update(_data_tree(box, "Secret", namespace, source["secret"]))
        elif "downwardAPI" in source:
            tree.update(_downward_tree(pod, source["downwardAPI"]))
        elif "serviceAccountToken" in source:
            path = source["serviceAccountToken"].get("path", "token")
            tree[normal(path)] = f"token-of-{pod['spec'].get('serviceAccountName', 'default')}"
    return tree


def _data_tree(box: Overlay, kind: str, namespace: str, source: Obj) -> Tree:
    obj = box.get(kind, (namespace, source.get("name", "")))
    if obj is None:
        return {}
    data = data_of(obj)
    items = source.get("items")
    if items is None:
        return {normal(name): text for name, text in sorted(data.items())}
    return {normal(item["path"]): data[item["key"]] for item in items if item["key"] in data}


def data_of(obj: Obj) -> dict[str, str]:
    """The texts of a ConfigMap or a Secret by key."""
    data = dict(obj.get("data") or {})
    if obj["kind"] == "Secret":
        data = {name: decoded(text) for name, text in data.items()}
    for name, text in (obj.get("binaryData") or {}).items():
        data[name] = decoded(text)
    return data


@lru_cache(maxsize=4096)
def decoded(text: str) -> str:
    """Base64 as text; bytes that are none are replaced."""
    return base64.b64decode(text).decode("utf-8", errors="replace")


def _downward_tree(pod: Obj, source: Obj) -> Tree:
    tree: Tree = {}
    for item in source.get("items") or ():
        reference = item.get("fieldRef")
        if reference is not None:
            tree[normal(item["path"])] = field_of(pod, reference["fieldPath"])
    return tree


def field_of(pod: Obj, path: str) -> str:
    """A field of the Pod as the downward API gives it (`ExtractFieldPathAsString`)."""
    head, bracket, rest = path.partition("[")
    if bracket:
        name = rest.rstrip("]").strip("'\"")
        table = labels_of(pod) if head == "metadata.labels" else annotations_of(pod)
        return table.get(name, "")
    if path in ("metadata.labels", "metadata.annotations"):
        table = labels_of(pod) if path.endswith("labels") else annotations_of(pod)
        return "\n".join(f'{name}="{value}"' for name, value in sorted(table.items()))
    status = pod.get("status") or {}
    values = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        "status.hostIP": status.get("hostIP", ""),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": status.get("podIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
    }
    return str(values.get(path, ""))


def _etc(box: Overlay, pod: Obj) -> Tree:
    """What the kubelet and every image put into /etc."""
    namespace = pod["metadata"]["namespace"]
    hostname = hostname_of(pod)
    ip = (pod.get("status") or {}).get("podIP", "")
    name = (
        f"{hostname}.{pod['spec']['subdomain']}.{namespace}.svc.cluster.local\t{hostname}"
        if pod["spec"].get("subdomain")
        else hostname
    )
    hosts = (
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::\tip6-localnet\nfe00::\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        f"{ip}\t{name}\n"
    )
    for alias in pod["spec"].get("hostAliases") or ():
        hosts += f"{alias['ip']}\t" + "\t".join(alias.get("hostnames") or ()) + "\n"
    search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    return {
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": hosts,
        "/etc/resolv.conf": f"search {search}\nnameserver 10.96.0.10\noptions ndots:5\n",
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
        "/bin/sh": "",
        "/tmp/": "",
        "/root/": "",
        "/var/log/": "",
        "/var/run/": "",
        "/run/": "",
        "/proc/": "",
        "/dev/null": "",
        "/usr/bin/": "",
        "/home/": "",
        "/mnt/": "",
        "/opt/": "",
        "/srv/": "",
    }


def hostname_of(pod: Obj) -> str:
    """The host name inside a Pod: its spec's, or its name, cut to 63 letters."""
    if pod["spec"].get("hostNetwork"):
        return str(pod["spec"].get("nodeName", ""))
    name = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return str(name)[:63].rstrip("-.")
