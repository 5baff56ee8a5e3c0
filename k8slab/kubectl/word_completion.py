"""What the last word of a command line could become: commands, flags, kinds, names, namespaces, containers.

Models staging/src/k8s.io/kubectl/pkg/util/completion/completion.go and the registrations of
cmd/cmd.go, v1.36; the fields of `explain` and files are offered too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.meta import Obj
from k8slab.kubectl.client import Client
from k8slab.kubectl.command import GLOBAL_FLAGS, KubectlError, Verb, find, flags_of, verbs
from k8slab.kubectl.discovery import resources
from k8slab.kubectl.flags import Flag, Parsed, UsageError, flag_named, parse
from k8slab.kubectl.resources import kind_named
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._attachable import container_names, pods_of, split
from k8slab.kubectl.verbs.completion import SHELLS

_ROLLED_OUT = ("deployment", "daemonset", "statefulset")
_SCALED = ("deployment", "replicaset", "replicationcontroller", "statefulset")
_WITH_PODS = (
    "daemonsets",
    "deployments",
    "pods",
    "jobs",
    "replicasets",
    "replicationcontrollers",
    "services",
    "statefulsets",
)
_TYPES: Mapping[str, tuple[str, ...]] = {
    "annotate": (),
    "apply edit-last-applied": (),
    "apply view-last-applied": (),
    "autoscale": _SCALED,
    "delete": (),
    "describe": (),
    "edit": (),
    "expose": ("pod", "service", "replicationcontroller", "deployment", "replicaset"),
    "get": (),
    "label": (),
    "patch": (),
    "rollout history": _ROLLED_OUT,
    "rollout pause": ("deployment",),
    "rollout restart": _ROLLED_OUT,
    "rollout resume": ("deployment",),
    "rollout status": _ROLLED_OUT,
    "rollout undo": _ROLLED_OUT,
    "scale": _SCALED,
    "set env": (),
    "set image": (
        "daemonsets",
        "deployments",
        "pods",
        "cronjobs",
        "replicasets",
        "replicationcontrollers",
        "statefulsets",
    ),
    "set resources": (),
    "set selector": ("service",),
    "set serviceaccount": (),
    "taint": ("node",),
    "wait": (),
}
"""Commands that take `TYPE NAME` or `TYPE/NAME`, with the types that they are for (all, where none is)."""

_NAMES = {
    "certificate approve": "certificatesigningrequests",
    "certificate deny": "certificatesigningrequests",
    "cordon": "nodes",
    "create token": "serviceaccounts",
    "drain": "nodes",
    "top node": "nodes",
    "top pod": "pods",
    "uncordon": "nodes",
}
"""Commands that take names of one kind."""

_POD_COMMANDS = ("attach", "cp", "exec", "logs", "port-forward")
_OUTPUTS = (
    "json",
    "yaml",
    "kyaml",
    "name",
    "go-template",
    "go-template-file",
    "template",
    "templatefile",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "custom-columns",
    "custom-columns-file",
    "wide",
)
_VALUES: Mapping[str, tuple[str, ...]] = {
    "cascade": ("background", "foreground", "orphan"),
    "dry-run": ("client", "none", "server"),
    "for": ("condition=", "create", "delete", "jsonpath="),
    "restart": ("Always", "Never", "OnFailure"),
    "subresource": ("status", "scale", "resize"),
    "validate": ("ignore", "strict", "warn"),
}


def complete(client: Client, words: Sequence[str], word: str, *, namespace: str = "default") -> list[str]:
    """What `word` could become behind `words` (without the word `kubectl`), in alphabetical order."""
    try:
        return sorted(dict.fromkeys(_offers(client, list(words), word, namespace)))
    except (KubectlError, UsageError, ApiError):
        # A line that can't be run yet has no completion.
        return []


def _offers(client: Client, words: list[str], word: str, namespace: str) -> list[str]:
    if "--" in words:
        return []
    verb, full, rest = find(words)
    flags = flags_of(verb)
    waiting = _waiting_flag(flags, rest)
    parsed = parse(flags, rest[:-1] if waiting is not None else rest)
    session = Session(client, full, parsed, "", namespace)
    if waiting is not None:
        return _starting(_flag_values(session, waiting, parsed, word), word)
    name, equals, value = word.partition("=")
    flag = flag_named(flags, name) if equals and name.startswith("--") else None
    if flag is not None:
        return [f"{name}={one}" for one in _starting(_flag_values(session, flag, parsed, value), value)]
    if word.startswith("-"):
        shown = [one for one in flags if not one.deprecated]
        written = [f"-{one.short}" for one in shown if one.short] if word == "-" else []
        return _starting([*written, *(f"--{one.name}" for one in shown)], word)
    return _arguments(session, verb, full, parsed.arguments, word)


def _waiting_flag(flags: Sequence[Flag], words: Sequence[str]) -> Flag | None:
    """The flag whose value the next word is."""
    if not words or not words[-1].startswith("-") or "=" in words[-1]:
        return None
    flag = flag_named(flags, words[-1])
    return flag if flag is not None and flag.type != "bool" and flag.bare is None else None


def _starting(offers: Sequence[str], word: str) -> list[str]:
    return [one for one in offers if one.startswith(word)]


def _flag_values(session: Session, flag: Flag, parsed: Parsed, word: str) -> Sequence[str]:
    if flag.name == "namespace":
        return _objects(session, "namespaces")
    if flag.name == "output":
        return _OUTPUTS
    if flag.name in ("filename", "kustomize"):
        return _files(session, word)
    if flag.name == "container" and parsed.arguments:
        pod = _pod(session, parsed.arguments[0])
        return container_names(pod) if pod is not None else ()
    if flag.name == "from" and session.command == "create job":
        return [f"cronjob/{name}" for name in _objects(session, "cronjobs")]
    if flag.name in _ENTRIES and flag in GLOBAL_FLAGS:
        return list(session.kubeconfig[_ENTRIES[flag.name]])
    return _VALUES.get(flag.name, ())


_ENTRIES = {"cluster": "clusters", "context": "contexts", "user": "users"}
"""Flags that name an entry of the kubeconfig, with its section."""


def _files(session: Session, word: str) -> list[str]:
    directory = word.rpartition("/")[0]
    try:
        found = session.client.list_files(directory or ".", False)
    except OSError:
        return []
    return [] if found == [directory or "."] else found


def _arguments(session: Session, verb: Verb, full: str, arguments: list[str], word: str) -> list[str]:
    inner = verb.subcommands or (tuple(verbs().values()) if not full else ())
    if inner and not arguments:
        return _starting([one.name for one in inner], word)
    if full in _TYPES:
        return _typed(session, _TYPES[full], arguments, word)
    if full in _NAMES:
        left = [name for name in _objects(session, _NAMES[full]) if name not in arguments]
        return _starting(left, word)
    if full in _POD_COMMANDS:
        return _pod_words(session, full, arguments, word)
    return _MORE[full](session, arguments, word) if full in _MORE else []


def _typed(session: Session, allowed: Sequence[str], arguments: list[str], word: str) -> list[str]:
    """`TYPE NAME …` and `TYPE/NAME …`."""
    if arguments and "/" not in arguments[0]:
        names = _objects(session, arguments[0])
        return _starting([name for name in names if name not in arguments[1:]], word)
    kind, slash, name = word.partition("/")
    if slash:
        return [f"{kind}/{one}" for one in _starting(_objects(session, kind), name)]
    before, comma, last = word.rpartition(",")
    offers = [f"{before}{comma}{one}" for one in _starting(allowed or _types(session), last)]
    return [f"{one}/" for one in offers] if arguments else offers


def _types(session: Session) -> list[str]:
    """What `api-resources -o name` lists of what can be read."""
    return [
        f"{one.name}.{one.group}" if one.group else one.name
        for one in resources(session)
        if "get" in one.verbs
    ]


def _objects(session: Session, word: str) -> list[str]:
    """The names of the objects of a kind; of several kinds, those of each."""
    found: list[str] = []
    for part in word.split(","):
        kind = kind_named(part, session)
        namespace = None if session.flags.get("all-namespaces") else session.namespace
        found += [obj["metadata"]["name"] for obj in session.list(kind, namespace)]
    return found


def _pod_words(session: Session, full: str, arguments: list[str], word: str) -> list[str]:
    """A Pod or what has Pods; behind it, for logs, its containers, for port-forward its ports."""
    kind, slash, name = word.partition("/")
    if not arguments:
        if slash:
            return [f"{kind}/{one}" for one in _starting(_objects(session, kind), name)]
        ending = ":" if full == "cp" else ""
        pods = [f"{one}{ending}" for one in _objects(session, "pods")]
        types = [f"{one}/" for one in (_objects(session, "namespaces") if full == "cp" else _WITH_PODS)]
        return _starting([*pods, *types], word)
    pod = _pod(session, arguments[0]) if len(arguments) == 1 and full != "cp" else None
    if pod is None:
        return []
    if full == "logs":
        return _starting(container_names(pod), word)
    ports = [one["containerPort"] for each in pod["spec"]["containers"] for one in each.get("ports") or ()]
    return _starting([f"{port}:{port}" for port in ports], word) if full == "port-forward" else []


def _pod(session: Session, reference: str) -> Obj | None:
    """The Pod that `POD` or `TYPE/NAME` means."""
    kind, name = split(session, reference)
    obj = session.get(kind, session.namespace, name)
    if kind is kinds()["Pod"]:
        return obj
    return next(iter(pods_of(session, kind, obj)), None)


def _explained(session: Session, arguments: list[str], word: str) -> list[str]:
    """Kinds, and behind a point the fields of the one before it."""
    from k8slab.api import schema

    if arguments:
        return []
    head, *path = word.split(".")
    if not path:
        return _starting([kind.plural for kind in kinds().values()], word)
    kind = kind_named(head)
    found = schema.struct_of(f"#{schema.type_of_kind(kind.api_version, kind.kind)}")
    for name in path[:-1]:
        if found is None or name not in found.fields:
            return []
        found = schema.struct_of(found.fields[name].type.lstrip("*").removeprefix("[]"))
    before = ".".join([head, *path[:-1]])
    return [f"{before}.{one}" for one in _starting(list(found.fields if found else ()), path[-1])]


def _asked(session: Session, arguments: list[str], word: str) -> list[str]:
    if not arguments:
        return _starting(
            ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"), word
        )
    return _starting(_types(session), word) if len(arguments) == 1 else []


def _entries(section: str) -> Callable[[Session, list[str], str], list[str]]:
    def offer(session: Session, arguments: list[str], word: str) -> list[str]:
        return [] if arguments else _starting(list(session.kubeconfig[section]), word)

    return offer


def _shells(session: Session, arguments: list[str], word: str) -> list[str]:
    return [] if arguments else _starting(SHELLS, word)


_MORE: Mapping[str, Callable[[Session, list[str], str], list[str]]] = {
    "auth can-i": _asked,
    "completion": _shells,
    "config delete-cluster": _entries("clusters"),
    "config delete-context": _entries("contexts"),
    "config delete-user": _entries("users"),
    "config get-contexts": _entries("contexts"),
    "config rename-context": _entries("contexts"),
    "config set-context": _entries("contexts"),
    "config use-context": _entries("contexts"),
    "explain": _explained,
}
"""Commands whose arguments are something else."""
