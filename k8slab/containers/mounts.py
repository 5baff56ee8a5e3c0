"""What is behind the mounts of a container: its own layer, volumes, disks, ConfigMaps and Secrets.

The container's own layer and emptyDirs are in the Pod's `Sandbox`, persistent
volumes in a `Disk`, a node's own files in a `HostDisk`. What is projected
from the API is a snapshot: the kubelet puts it into the `Sandbox` when it
mounts the volume, and again when it finds that the source has changed.

Models pkg/kubelet/kubelet_pods.go (makeMounts), pkg/volume/{configmap,secret,
downwardapi,projected,emptydir,image} and pkg/volume/volume_linux.go
(SetVolumeOwnership), v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from k8slab.api import tokens
from k8slab.api.meta import Key, Obj, dig
from k8slab.api.quantities import units
from k8slab.clock import parse_timestamp
from k8slab.containers import cgroups, logs
from k8slab.containers.cgroups import cgroup_tree
from k8slab.containers.downward import field_of, resource_of
from k8slab.containers.etc import etc_tree, node_tree
from k8slab.containers.files import Files, Mount, Tree, Who, normal, owned, text_from
from k8slab.containers.overlay import Overlay
from k8slab.containers.proc import proc_tree
from k8slab.containers.program import executables_in, family_of
from k8slab.store.view import View

TERMINATION_LOG = "/dev/termination-log"
_SETGID = 0o2000
_PROJECTED_KINDS = ("configMap", "secret", "downwardAPI", "projected")


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
        "projected": {},
        "pinned": {},
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


def end_lines(box: Overlay, pod: Obj, container: str, at_us: int) -> None:
    """Write out what a process that is no more left of lines without an end."""
    record = sandbox_of(box, pod)["processes"].get(container)
    if record is not None and record.get("unended"):
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        logs.end_lines(box, key, container, record["run"], take_unended(box, pod, container), at_us)


def take_unended(box: Overlay, pod: Obj, container: str) -> dict[str, str]:
    """What a process has written of lines that have no end yet, by stream; its record has none any more."""
    sandbox = sandbox_of(box, pod)
    record = sandbox["processes"].get(container) or {}
    unended: dict[str, str] = record.get("unended") or {}
    if unended:
        rest = {name: value for name, value in record.items() if name != "unended"}
        put_sandbox(box, pod, {**sandbox, "processes": {**sandbox["processes"], container: rest}})
    return dict(unended)


def note_exit(
    box: Overlay,
    pod: Obj,
    container: str,
    run: int,
    code: int,
    at_us: int,
    message: str = "",
    reason: str = "",
) -> None:
    """Note that a container's process has ended; with a reason where the runtime gives one of its own."""
    end_lines(box, pod, container, at_us)
    sandbox = sandbox_of(box, pod)
    entry = {"run": run, "code": code, "atUs": at_us, "message": message, "reason": reason}
    processes = {one: record for one, record in sandbox["processes"].items() if one != container}
    memory = {one: value for one, value in sandbox["memory"].items() if one != container}
    changed = {
        **sandbox,
        "exits": {**sandbox["exits"], container: entry},
        "processes": processes,
        "memory": memory,
        "changes": sandbox["changes"] + 1,
    }
    put_sandbox(box, pod, changed)


def current_run(pod: Obj, container: str) -> int:
    """The number of a container's current run, from the Pod's status."""
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            if one["name"] == container:
                return int(one.get("restartCount", 0))
    return 0


def is_hung(box: View, pod: Obj, container: str) -> bool:
    """Whether a container's process has been stopped in the middle of its work."""
    metadata = pod["metadata"]
    sandbox = box.get("Sandbox", (metadata["namespace"], metadata["name"]))
    if sandbox is None or sandbox["uid"] != metadata["uid"]:
        return False
    return container in (sandbox.get("hung") or ())


def with_hung(sandbox: Obj, container: str, hung: bool) -> Obj:
    """The `Sandbox` with a container's process stopped in the middle of its work, or going on."""
    names = [one for one in sandbox.get("hung") or () if one != container]
    if hung:
        names.append(container)
    # What goes on is looked after as what has just been started.
    starts = sandbox["starts"] + (not hung)
    return {**sandbox, "hung": names, "starts": starts, "changes": sandbox["changes"] + 1}


def _stored(box: Overlay, pod: Obj) -> Obj:
    """The Pod's `Sandbox` if there is one, for reading."""
    metadata = pod["metadata"]
    found = box.get("Sandbox", (metadata["namespace"], metadata["name"]))
    return found if found is not None and found["uid"] == metadata["uid"] else {}


def run_in_hook(view: View, pod: Obj, container: str) -> int | None:
    """The number of a container's run whose postStart hook goes on: nobody has told of that run yet."""
    metadata = pod["metadata"]
    sandbox = view.get("Sandbox", (metadata["namespace"], metadata["name"]))
    if sandbox is None or sandbox["uid"] != metadata["uid"]:
        return None
    run: int | None = (sandbox.get("hooked") or {}).get(container)
    return run


def note_hook(box: Overlay, pod: Obj, container: str, run: int | None) -> None:
    """Note that a run's postStart hook goes on; None where none does any more."""
    if run is None and run_in_hook(box, pod, container) is None:
        return
    sandbox = sandbox_of(box, pod)
    others = {name: number for name, number in (sandbox.get("hooked") or {}).items() if name != container}
    put_sandbox(box, pod, {**sandbox, "hooked": others if run is None else {**others, container: run}})


# Who a container's processes are.


def security_of(pod: Obj, container: Obj) -> Obj:
    """The container's security context laid over the Pod's."""
    return {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}


def may_administer(pod: Obj, container: Obj) -> bool:
    """Whether a container is privileged, or has the capability to change its network."""
    security = security_of(pod, container)
    added = (security.get("capabilities") or {}).get("add") or ()
    names = [name.removeprefix("CAP_") for name in added]
    return bool(security.get("privileged")) or any(name in names for name in ("ALL", "NET_ADMIN"))


@lru_cache(maxsize=1024)
def _groups_in_image(image: str, user: int) -> tuple[int, tuple[int, ...]]:
    """A user's group and further groups by an image's /etc/passwd and /etc/group."""
    files = family_of(image).files
    name, primary = "", 0
    for line in files.get("/etc/passwd", "").splitlines():
        fields = line.split(":")
        if fields[2] == str(user):
            name, primary = fields[0], int(fields[3])
    others = [
        int(number)
        for _, _, number, members in (line.split(":") for line in files.get("/etc/group", "").splitlines())
        if name and name in members.split(",")
    ]
    return primary, tuple(others)


def who_of(pod: Obj, container: Obj) -> Who:
    """User and groups of a container's processes: those that its image gives it, too, where it may."""
    security = security_of(pod, container)
    user = security.get("runAsUser", family_of(container["image"]).user)
    primary, others = _groups_in_image(container["image"], user)
    groups = [security.get("runAsGroup", primary)]
    if security.get("supplementalGroupsPolicy") != "Strict":
        groups += others
    groups += security.get("supplementalGroups") or ()
    if "fsGroup" in security:
        groups.append(security["fsGroup"])
    return Who(user, tuple(dict.fromkeys(groups)))


# The mounts of a container.


def files_of(box: Overlay, pod: Obj, container: Obj) -> Files:
    """The files of one container, as its user may use them."""
    mounts = [*_own_mounts(box, pod, container)]
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"])
        if volume is not None:
            mounts.append(_volume_mount(box, pod, container, volume, mount))
    return Files(mounts, who_of(pod, container))


def _own_mounts(box: Overlay, pod: Obj, container: Obj) -> list[Mount]:
    """The container's own layer over its image, and the file for its last words."""
    name, family = container["name"], family_of(container["image"])
    root = _sandbox_mount(box, pod, "roots", name, "/", "")
    root = root._replace(
        base={
            **etc_tree(pod),
            **_proc(box, pod, container),
            **executables_in(container["image"]),
            **family.files,
        },
        user=family.user if family.owner is None else family.owner,
        group=0,
        file_system="overlay",
        modes={**_ROOT_MODES, **dict.fromkeys(executables_in(container["image"]), 0o755)},
    )
    path = normal(container.get("terminationMessagePath") or TERMINATION_LOG)
    last_words = root._replace(path=path, inside=path, base={path: ""}, modes={path: 0o666})
    if security_of(pod, container).get("readOnlyRootFilesystem"):
        root = root._replace(save=None)
    group = cgroup_tree(pod, container)
    limits = Mount(cgroups.MOUNT_PATH, lambda: group, None, file_mode=0o444, file_system="cgroup2")
    return [root, last_words, limits]


def _proc(box: Overlay, pod: Obj, container: Obj) -> Tree:
    name = pod["spec"].get("nodeName", "")
    capacity = ((box.get("Node", ("", name)) or {}).get("status") or {}).get("capacity") or {}
    others = box.list("Pod", node=name) if pod["spec"].get("hostPID") else ()
    records = _stored(box, pod).get("processes") or {}
    return proc_tree(
        pod, container, units(str(capacity.get("memory", "0"))), others, records, lambda one: who_of(pod, one)
    )


_ROOT_MODES = {"/tmp": 0o1777, "/var/tmp": 0o1777, "/root": 0o700, "/dev/null": 0o666, "/bin/sh": 0o755}


def _sandbox_mount(box: Overlay, pod: Obj, part: str, name: str, path: str, inside: str) -> Mount:
    def load() -> Tree:
        tree: Tree = (_stored(box, pod).get(part) or {}).get(name) or {}
        return tree

    def save(tree: Tree) -> None:
        sandbox = sandbox_of(box, pod)
        put_sandbox(
            box,
            pod,
            {**sandbox, part: {**sandbox[part], name: tree}, "changes": sandbox["changes"] + 1},
        )

    return Mount(path, load, save, inside)


def _disk_mount(box: Overlay, kind: str, key: Key, path: str, inside: str, pod: Obj) -> Mount:
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

    return Mount(path, load, save, inside)


def _is_probed(pod: Obj) -> bool:
    for container in pod["spec"]["containers"]:
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            if "exec" in container.get(probe, ()):
                return True
    return False


def _volume_mount(box: Overlay, pod: Obj, container: Obj, volume: Obj, mount: Obj) -> Mount:
    path = normal(mount["mountPath"])
    pinned = (_stored(box, pod).get("pinned") or {}).get(container["name"]) or {}
    sub_path = str((pinned.get("subPaths") or {}).get(path, mount.get("subPath") or ""))
    inside = normal(sub_path) if sub_path else ""
    if "hostPath" in volume:
        made = _host_mount(box, pod, path, normal(volume["hostPath"]["path"] + "/" + sub_path))
    elif "persistentVolumeClaim" in volume or "ephemeral" in volume:
        made = _claimed_mount(box, pod, volume, path, sub_path)
    elif "emptyDir" in volume:
        made = _sandbox_mount(box, pod, "volumes", volume["name"], path, inside)
        in_memory = (volume["emptyDir"] or {}).get("medium") == "Memory"
        # A tmpfs is mounted with its own mode, which has the sticky bit; the kubelet makes other directories.
        mode, system = (0o1777, "tmpfs") if in_memory else (0o777, "ext4")
        made = _grouped(made._replace(directory_mode=mode, file_system=system), pod)
        if in_memory:
            made = made._replace(size_bytes=lambda: _size_in_memory(box, pod, volume["emptyDir"]))
    elif "image" in volume:
        files = family_of(volume["image"].get("reference") or "").files
        made = Mount(path, dict, None, inside, base=dict(files), file_system="overlay")
    else:
        snapshot = (pinned.get("trees") or {}).get(path)
        made = _projected_mount(box, pod, container, volume, path, inside, snapshot)
    return made._replace(save=None) if mount.get("readOnly") else made


_HOSTS_SHARED_FOLDERS = ("/tmp", "/var/tmp")
"""Folders of a node in which everybody may write."""


def _size_in_memory(view: View, pod: Obj, source: Obj) -> int:
    """How much fits into a volume in memory: what the Pod may use, and no more than the volume's own limit.

    Models pkg/volume/emptydir/empty_dir.go (calculateEmptyDirMemorySize), v1.36.
    """
    node = view.get("Node", ("", pod["spec"].get("nodeName", "")))
    size = units(dig(node or {}, "status", "allocatable", "memory") or "0")
    for limit in (_memory_limit_of_pod(pod["spec"]), units(source.get("sizeLimit") or "0")):
        if 0 < limit <= size:
            size = limit
    return size


def _memory_limit_of_pod(spec: Obj) -> int:
    """How much memory a Pod may use: its own limit, or its containers' if each has one; 0 for any amount."""
    own = dig(spec, "resources", "limits", "memory")
    if own is not None:
        return units(str(own))
    limits = [dig(one, "resources", "limits", "memory") for one in spec["containers"]]
    return sum(units(str(one)) for one in limits) if all(one is not None for one in limits) else 0


def _host_mount(box: Overlay, pod: Obj, path: str, inside: str) -> Mount:
    """A directory of the node on which the Pod is."""
    made = _disk_mount(box, "HostDisk", ("", pod["spec"]["nodeName"]), path, inside, pod)
    made = made._replace(is_shared=True, base=node_tree(pod))
    return made._replace(directory_mode=0o1777) if inside in _HOSTS_SHARED_FOLDERS else made


def _claimed_mount(box: Overlay, pod: Obj, volume: Obj, path: str, sub_path: str) -> Mount:
    namespace = pod["metadata"]["namespace"]
    source = volume.get("persistentVolumeClaim") or {
        "claimName": f"{pod['metadata']['name']}-{volume['name']}"
    }
    claim = box.get("PersistentVolumeClaim", (namespace, source["claimName"]))
    spec = (claim or {}).get("spec") or {}
    key = ("", spec.get("volumeName", ""))
    place = dig(box.get("PersistentVolume", key) or {}, "spec", "hostPath", "path")
    if place is not None:
        # The volume is a directory of a node: what others have put there is in it.
        made = _host_mount(box, pod, path, normal(f"{place}/{sub_path}"))
        return made._replace(save=None) if source.get("readOnly") else made
    inside = normal(sub_path) if sub_path else ""
    made = _disk_mount(box, "Disk", key, path, inside, pod)
    shared = "ReadWriteMany" in (spec.get("accessModes") or ())
    made = _grouped(made._replace(directory_mode=0o777, is_shared=shared), pod)
    return made._replace(save=None) if source.get("readOnly") else made


def _grouped(mount: Mount, pod: Obj) -> Mount:
    """A writable volume in the hands of the Pod's fsGroup, if it names one."""
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    if group is None:
        return mount
    return mount._replace(
        group=group,
        directory_mode=mount.directory_mode | 0o770 | _SETGID,
        file_mode=mount.file_mode | 0o660,
    )


# What is projected from the API.


def is_projected(volume: Obj) -> bool:
    """Whether a volume shows objects of the API."""
    return any(kind in volume for kind in _PROJECTED_KINDS)


def _projected_mount(
    box: Overlay, pod: Obj, container: Obj, volume: Obj, path: str, inside: str, snapshot: Tree | None
) -> Mount:
    if snapshot is None:
        snapshot = (_stored(box, pod).get("projected") or {}).get(volume["name"])

    @cache
    def tree() -> Tree:
        # A token is signed only for whoever looks there: a web server that is asked for pages never does.
        return projected_tree(box, pod, volume) if snapshot is None else snapshot

    group = (pod["spec"].get("securityContext") or {}).get("fsGroup", 0)
    mode, modes = _modes(pod, volume)
    return Mount(
        path,
        tree,
        None,
        inside,
        directory_mode=0o1777,
        file_mode=mode,
        group=group,
        file_system="tmpfs",
        modes=modes,
    )


def _modes(pod: Obj, volume: Obj) -> tuple[int, dict[str, int]]:
    """The mode of a volume's files, and those of single ones; readable for the Pod's fsGroup."""
    more = 0o440 if "fsGroup" in (pod["spec"].get("securityContext") or {}) else 0
    kind = next((one for one in _PROJECTED_KINDS if one in volume), "")
    source = volume.get(kind) or {}
    default = source.get("defaultMode")
    special: dict[str, int] = {}
    parts = [source]
    for one in source.get("sources") or ():
        parts += [one[field] for field in ("configMap", "secret", "downwardAPI") if field in one]
    for part in parts:
        for item in part.get("items") or ():
            if item.get("mode") is not None:
                special[normal(item["path"])] = item["mode"] | more
    return (0o644 if default is None else default) | more, special


def projected_tree(view: View, pod: Obj, volume: Obj) -> Tree:
    """The files of a configMap, secret, downwardAPI or projected volume as they should be now."""
    namespace = pod["metadata"]["namespace"]
    if "configMap" in volume:
        return _data_tree(view, "ConfigMap", namespace, volume["configMap"])
    if "secret" in volume:
        source = {**volume["secret"], "name": volume["secret"].get("secretName", "")}
        return _data_tree(view, "Secret", namespace, source)
    if "downwardAPI" in volume:
        return _downward_tree(view, pod, volume["downwardAPI"])
    tree: Tree = {}
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "configMap" in source:
            tree.update(_data_tree(view, "ConfigMap", namespace, source["configMap"]))
        elif "secret" in source:
            tree.update(_data_tree(view, "Secret", namespace, source["secret"]))
        elif "downwardAPI" in source:
            tree.update(_downward_tree(view, pod, source["downwardAPI"]))
        elif "serviceAccountToken" in source:
            wanted = source["serviceAccountToken"]
            path = normal(wanted.get("path", "token"))
            tree[path] = _token(view, pod, wanted)
            tree.update(_token_owner(pod, path))
    return tree


_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def _token_owner(pod: Obj, path: str) -> Tree:
    """Whose a token is: its readers' alone, where all are one user or have a group (`FsUserFrom`)."""
    spec = pod["spec"]
    group = (spec.get("securityContext") or {}).get("fsGroup")
    every = [
        *(spec.get("initContainers") or ()),
        *spec["containers"],
        *(spec.get("ephemeralContainers") or ()),
    ]
    users = {security_of(pod, one).get("runAsUser") for one in every}
    user = users.pop() if len(users) == 1 else None
    if user is None and group is None:
        return {}
    return owned(path, 0o600 if group is None else 0o640, user or 0, group or 0)


def _token(view: View, pod: Obj, wanted: Obj) -> str:
    """The Pod's token: the one that its kubelet asked for when the Pod was new."""
    namespace = pod["metadata"]["namespace"]
    account = view.get("ServiceAccount", (namespace, pod["spec"].get("serviceAccountName", "default")))
    if account is None:
        return ""
    audience = wanted.get("audience")
    return tokens.token(
        view.chance,
        account,
        audiences=(audience,) if audience else (),
        seconds=wanted.get("expirationSeconds", 3600),
        now_us=parse_timestamp(pod["metadata"]["creationTimestamp"]),
        pod=pod,
        node=view.get("Node", ("", pod["spec"].get("nodeName", ""))),
    )


def _data_tree(view: View, kind: str, namespace: str, source: Obj) -> Tree:
    obj = view.get(kind, (namespace, source.get("name", "")))
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
    """Base64 as text."""
    return text_from(base64.b64decode(text))


def _downward_tree(view: View, pod: Obj, source: Obj) -> Tree:
    tree: Tree = {}
    for item in source.get("items") or ():
        if item.get("fieldRef") is not None:
            tree[normal(item["path"])] = field_of(pod, item["fieldRef"]["fieldPath"])
        elif item.get("resourceFieldRef") is not None:
            tree[normal(item["path"])] = resource_of(view, pod, {}, item["resourceFieldRef"])
    return tree


def mount_all(box: Overlay, pod: Obj, volumes: list[Obj]) -> bool:
    """Put what these volumes should show into the Pod's `Sandbox`. Whether that is anything new."""
    sandbox = sandbox_of(box, pod)
    shown = sandbox["projected"]
    fresh = {volume["name"]: projected_tree(box, pod, volume) for volume in volumes}
    if all(name in shown and shown[name] == tree for name, tree in fresh.items()):
        return False
    changed = {**sandbox, "projected": {**shown, **fresh}, "changes": sandbox["changes"] + 1}
    put_sandbox(box, pod, changed)
    return True


def needs_update(box: Overlay, pod: Obj, volume: Obj) -> bool:
    """Whether a mounted volume shows something else than it should."""
    shown = (_stored(box, pod).get("projected") or {}).get(volume["name"])
    return shown is not None and shown != projected_tree(box, pod, volume)


def pin(box: Overlay, pod: Obj, container: Obj, env: Mapping[str, str], expand: Callable[[str], str]) -> None:
    """Fix what a container keeps from its start on.

    That is where its subPaths lead and what they show, and its variables where they come from objects
    that may change. `expand` fills in the variables of a subPathExpr.
    """
    mounts = [
        one for one in container.get("volumeMounts") or () if one.get("subPath") or one.get("subPathExpr")
    ]
    entry: Obj = {}
    if _has_references(container):
        entry["env"] = dict(env)
    if mounts:
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        entry["subPaths"], entry["trees"] = {}, {}
        for mount in mounts:
            path, volume = normal(mount["mountPath"]), volumes.get(mount["name"]) or {}
            expression = mount.get("subPathExpr")
            entry["subPaths"][path] = expand(expression) if expression else mount.get("subPath", "")
            if is_projected(volume):
                shown = (_stored(box, pod).get("projected") or {}).get(volume["name"])
                entry["trees"][path] = projected_tree(box, pod, volume) if shown is None else shown
    if entry:
        sandbox = sandbox_of(box, pod)
        put_sandbox(box, pod, {**sandbox, "pinned": {**sandbox["pinned"], container["name"]: entry}})
    for mount in mounts:
        _make_sub_path(box, pod, container, mount)


def _make_sub_path(box: Overlay, pod: Obj, container: Obj, mount: Obj) -> None:
    """Make the directory of a subPath that is not there yet (`SafeMakeDir`)."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    volume = volumes.get(mount["name"])
    if volume is None or is_projected(volume):
        return
    made = _volume_mount(box, pod, container, volume, mount)
    tree = made.load()
    prefix = made.inside.rstrip("/") + "/"
    if made.save is not None and made.inside and made.inside not in tree:
        if not any(name.startswith(prefix) for name in tree):
            made.save({**tree, prefix: ""})


def pinned_env(box: View, pod: Obj, container: Obj) -> dict[str, str] | None:
    """The variables with which a container was started, where they were kept."""
    metadata = pod["metadata"]
    sandbox = box.get("Sandbox", (metadata["namespace"], metadata["name"]))
    if sandbox is None or sandbox["uid"] != metadata["uid"]:
        return None
    return (sandbox["pinned"].get(container["name"]) or {}).get("env")


def _has_references(container: Obj) -> bool:
    return bool(container.get("envFrom")) or any("valueFrom" in one for one in container.get("env") or ())
