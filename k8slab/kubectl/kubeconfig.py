"""The kubeconfig of the in-process kubectl: clusters, users and contexts, kept by the lab.

It is held as maps by name and never changed in place. The lab itself is one cluster in
it, its administrator one user; whatever else is put in can be shown and switched to, but
nothing answers there.

Models staging/src/k8s.io/client-go/tools/clientcmd/{api/{types,helpers},validation,client_config}.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from k8slab.api.certificates import Holder, holder, is_pair
from k8slab.api.meta import Obj
from k8slab.clock import SECOND_US
from k8slab.kubectl.command import KubectlError, fail

NAME = "k8slab"
"""The name of a lab's cluster, of its context and of its user."""
SERVER = "https://127.0.0.1:6443"
FOLDER = "/root/.kube"
"""Where kubectl keeps its files in the home of a lab's own user: on no machine's disk."""
PATH = f"{FOLDER}/config"
"""Where a kubectl of one's own would keep the file."""
_TOKEN = "k8slab-administrator"
"""What the lab's administrator shows the API server; it is never checked in process."""

CLUSTER_FIELDS: Mapping[str, str] = {
    "server": "string",
    "tls-server-name": "string",
    "insecure-skip-tls-verify": "bool",
    "certificate-authority": "string",
    "certificate-authority-data": "bytes",
    "proxy-url": "string",
    "disable-compression": "bool",
}
USER_FIELDS: Mapping[str, str] = {
    "client-certificate": "string",
    "client-certificate-data": "bytes",
    "client-key": "string",
    "client-key-data": "bytes",
    "token": "string",
    "tokenFile": "string",
    "as": "string",
    "as-uid": "string",
    "as-groups": "strings",
    "as-user-extra": "pairs",
    "username": "string",
    "password": "string",
    "auth-provider": "struct",
    "exec": "struct",
}
CONTEXT_FIELDS: Mapping[str, str] = {"cluster": "string", "user": "string", "namespace": "string"}
_SECTIONS = (
    ("clusters", "cluster", CLUSTER_FIELDS, ("server",)),
    ("users", "user", USER_FIELDS, ()),
    ("contexts", "context", CONTEXT_FIELDS, ("cluster", "user")),
)
"""The maps in their order, with what an entry is called, its fields, and those that are always shown."""
_OMITTED = "DATA+OMITTED"
_REDACTED = "REDACTED"


class Connection(NamedTuple):
    """Whom and what a command asks: the context's namespace, and the request's credentials."""

    namespace: str
    headers: Mapping[str, str]
    holder: Holder | None = None
    """Whom a client certificate names, where that is shown and the cluster's authority signed it."""


def default(namespace: str = "default") -> Obj:
    """The kubeconfig of a lab in which nobody has changed it."""
    return {
        "clusters": {NAME: {"server": SERVER}},
        "users": {NAME: {"token": _TOKEN}},
        "contexts": {NAME: {"cluster": NAME, "user": NAME, "namespace": namespace}},
        "current-context": NAME,
    }


def with_entry(config: Obj, section: str, name: str, entry: Obj | None) -> Obj:
    """The config with an entry of a section put in or, for None, taken out."""
    entries = {one: value for one, value in config[section].items() if one != name}
    if entry is not None:
        entries[name] = entry
    return {**config, section: dict(sorted(entries.items()))}


def as_file(config: Obj) -> Obj:
    """The config as a file holds it: lists in the order of the names, fields in Go's order."""
    shown: Obj = {"kind": "Config", "apiVersion": "v1"}
    if config.get("preferences"):
        shown["preferences"] = config["preferences"]
    for section, word, fields, always in _SECTIONS:
        entries = [
            {
                "name": name,
                word: {key: entry.get(key, "") for key in fields if entry.get(key) or key in always},
            }
            for name, entry in sorted(config[section].items())
        ]
        shown[section] = entries or None
    shown["current-context"] = config["current-context"]
    return shown


def without_secrets(config: Obj) -> Obj:
    """The config as it is shown: tokens, passwords and certificates left out."""
    hidden = {
        "token": _REDACTED,
        "password": _REDACTED,
        "client-key-data": _OMITTED,
        "client-certificate-data": _OMITTED,
        "certificate-authority-data": _OMITTED,
    }
    shown = config
    for section in ("clusters", "users"):
        for name, entry in config[section].items():
            new = {key: hidden.get(key, value) if value else value for key, value in entry.items()}
            shown = with_entry(shown, section, name, new)
    return shown


def minified(config: Obj, name: str) -> Obj:
    """Only what a context uses. KubectlError where it, its cluster or its user isn't there."""
    if not name:
        raise fail("current-context must exist in order to minify")
    context = config["contexts"].get(name)
    if context is None:
        raise fail(f"cannot locate context {name}")
    small: Obj = {**config, "contexts": {name: context}, "current-context": name}
    for section, word in (("clusters", "cluster"), ("users", "user")):
        used = context.get(word)
        if used and used not in config[section]:
            raise fail(f"cannot locate {word} {used}")
        small[section] = {used: config[section][used]} if used else {}
    return small


def namespace_of(config: Obj, context: str = "") -> str:
    """The namespace of a context, by default of the current one."""
    return (config["contexts"].get(context or config["current-context"]) or {}).get("namespace") or "default"


# Who is asked, and as whom.


def connection(
    config: Obj, flags: Mapping[str, Any], read_file: Callable[[str], str], now_us: int
) -> Connection:
    """What flags and the context say of a command's requests. KubectlError where they don't reach the lab."""
    name = flags.get("context") or config["current-context"]
    context: Obj = config["contexts"].get(name) or {}
    if name and name not in config["contexts"]:
        raise KubectlError(f"Error in configuration: context was not found for specified context: {name}\n")
    user, user_name = _user(config, context, flags)
    cluster, cluster_name = _cluster(config, context, flags)
    if not user.get("as") and (user.get("as-uid") or user.get("as-groups") or user.get("as-user-extra")):
        raise fail(f"requesting uid, groups or user-extra for {user_name} without impersonating a user")
    shown = _Shown(user_name, user, read_file)
    _check([*shown.errors, *_user_errors(user_name, user), *_cluster_errors(cluster_name, cluster)])
    headers = _credentials(user) if cluster else {}
    known = shown.holder(now_us // SECOND_US) if shown.certificate else None
    if known is not None:
        headers.pop("Authorization", None)
    elif shown.certificate and not user.get("token"):
        headers.setdefault("Authorization", _NOBODY)
    server = cluster.get("server") or "http://localhost:8080"
    if server.rstrip("/") != SERVER:
        raise refused(server)
    return Connection(context.get("namespace") or "default", headers, known)


_NOBODY = "Bearer nobody"
"""What a server makes of a certificate that isn't its own authority's, or is out of date."""


class _Shown:
    """A client certificate and its key, as an entry has them or names their files."""

    def __init__(self, name: str, user: Obj, read_file: Callable[[str], str]) -> None:
        self.errors: list[str] = []
        self._name, self._user, self._read_file = name, user, read_file
        self.certificate = self.key = ""
        if user.get("client-certificate") or user.get("client-certificate-data"):
            self._look()

    def _look(self) -> None:
        name, user = self._name, self._user
        if user.get("client-certificate") and user.get("client-certificate-data"):
            overrides = "client-cert-data will override."
            self.errors.append(f"client-cert-data and client-cert are both specified for {name}. {overrides}")
        if user.get("client-key") and user.get("client-key-data"):
            overrides = "client-key-data will override"
            self.errors.append(f"client-key-data and client-key are both specified for {name}; {overrides}")
        if not user.get("client-key") and not user.get("client-key-data"):
            why = "to use the clientCert authentication method."
            self.errors.append(f"client-key-data or client-key must be specified for {name} {why}")
        self.certificate = self._content("client-certificate", "client-cert")
        self.key = self._content("client-key", "client-key")

    def _content(self, field: str, word: str) -> str:
        path, data = self._user.get(field), self._user.get(f"{field}-data")
        if data:
            return base64.b64decode(data).decode("latin-1")
        if not path:
            return ""
        try:
            return self._read_file(path)
        except OSError as error:
            why = f"open {path}: {(error.strerror or 'no such file or directory').lower()}"
            self.errors.append(f"unable to read {word} {path} for {self._name} due to {why}")
            return ""

    def holder(self, now_seconds: int) -> Holder | None:
        """Whom the certificate names, if it counts now. KubectlError where its key is another's."""
        if "-----BEGIN CERTIFICATE-----" not in self.certificate:
            raise fail("tls: failed to find any PEM data in certificate input")
        found = holder(self.certificate)
        try:
            if found is not None and not is_pair(found.key, self.key):
                raise fail("tls: private key does not match public key")
        except ValueError as error:
            raise fail(str(error)) from None
        is_valid = found is not None and found.begins_seconds <= now_seconds <= found.ends_seconds
        return found if is_valid else None


def refused(server: str = SERVER) -> KubectlError:
    """What is said where nobody listens at a server's address."""
    address = server.partition("://")[2] or server
    return KubectlError(
        f"The connection to the server {address.rstrip('/')} was refused"
        " - did you specify the right host or port?\n"
    )


def _user(config: Obj, context: Obj, flags: Mapping[str, Any]) -> tuple[Obj, str]:
    name = flags.get("user") or context.get("user", "")
    if flags.get("user") and name not in config["users"]:
        raise fail(f'auth info "{name}" does not exist')
    user = {**config["users"].get(name, {})}
    given = {key: flags[key] for key in ("token", "username", "password") if flags.get(key)}
    if "token" in given:
        user = {key: value for key, value in user.items() if key not in ("username", "password", "tokenFile")}
    elif given:
        user = {key: value for key, value in user.items() if key not in ("token", "tokenFile")}
    for field in ("client-certificate", "client-key"):
        if flags.get(field):
            user = {key: value for key, value in user.items() if key != f"{field}-data"}
            given[field] = flags[field]
    impersonated = {"as": "as", "as-uid": "as-uid", "as-group": "as-groups", "as-user-extra": "as-user-extra"}
    given |= {field: flags[flag] for flag, field in impersonated.items() if flags.get(flag)}
    return {**user, **given}, name


def _cluster(config: Obj, context: Obj, flags: Mapping[str, Any]) -> tuple[Obj, str]:
    name = flags.get("cluster") or context.get("cluster", "")
    if flags.get("cluster") and name not in config["clusters"]:
        raise fail(f'no server found for cluster "{name}"')
    cluster = {**config["clusters"].get(name, {})}
    if flags.get("server"):
        cluster["server"] = flags["server"]
    return cluster, name


def _check(errors: Sequence[str]) -> None:
    if len(errors) == 1:
        raise KubectlError(f"Error in configuration: {errors[0]}\n")
    if errors:
        raise KubectlError("Error in configuration: \n" + "".join(f"* {error}\n" for error in errors))


def _user_errors(name: str, user: Obj) -> list[str]:
    errors: list[str] = []
    if user.get("exec") or user.get("auth-provider"):
        errors.append(f"no credential plug-in is started in process: give {name} a token")
    return errors


def _cluster_errors(name: str, cluster: Obj) -> list[str]:
    if name and cluster and not cluster.get("server"):
        return [f'no server found for cluster "{name}"']
    return []


def _credentials(user: Obj) -> dict[str, str]:
    """The headers that say who asks. KubectlError where nothing says it."""
    headers: dict[str, str] = {}
    if user.get("token"):
        if user["token"] != _TOKEN:
            headers["Authorization"] = f"Bearer {user['token']}"
    elif user.get("username"):
        headers["Authorization"] = "Basic "
    elif not user.get("client-certificate") and not user.get("client-certificate-data"):
        # Where a kubeconfig knows nothing of its user, kubectl asks for a name, and nobody answers.
        raise KubectlError("error: EOF\n", printed="Please enter Username: ")
    if user.get("as"):
        headers["Impersonate-User"] = user["as"]
        if user.get("as-uid"):
            headers["Impersonate-Uid"] = user["as-uid"]
        if user.get("as-groups"):
            headers["Impersonate-Group"] = ",".join(user["as-groups"])
        pairs = [pair.partition("=") for pair in user.get("as-user-extra") or ()]
        headers |= {f"Impersonate-Extra-{key}": value for key, equals, value in pairs if equals}
    return headers
