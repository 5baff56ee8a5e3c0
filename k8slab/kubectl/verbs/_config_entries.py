"""`kubectl config set-cluster`, `set-context` and `set-credentials`: entries of the kubeconfig from flags.

Models staging/src/k8s.io/kubectl/pkg/cmd/config/{set_cluster,set_context,set_credentials}.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.kubeconfig import with_entry
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._pairs import parse_pairs

CLUSTER_FLAGS = (
    Flag("certificate-authority"),
    Flag("embed-certs", type="bool"),
    Flag("insecure-skip-tls-verify", type="bool"),
    Flag("proxy-url"),
    Flag("server"),
    Flag("tls-server-name"),
)
CONTEXT_FLAGS = (Flag("cluster"), Flag("current", type="bool"), Flag("namespace", "n"), Flag("user"))
CREDENTIAL_FLAGS = (
    Flag("auth-provider"),
    Flag("auth-provider-arg", type="strings"),
    Flag("client-certificate"),
    Flag("client-key"),
    Flag("embed-certs", type="bool"),
    Flag("exec-api-version"),
    Flag("exec-arg", type="strings"),
    Flag("exec-command"),
    Flag("exec-env", type="array"),
    Flag("exec-interactive-mode"),
    Flag("exec-provide-cluster-info", type="bool"),
    Flag("password"),
    Flag("token"),
    Flag("username"),
)


def some_arguments(session: Session, count: int) -> Sequence[str]:
    """The arguments, of which there must be so many. KubectlError, behind the help, where there aren't."""
    if len(session.arguments) != count:
        raise unexpected_arguments(session)
    return session.arguments


def unexpected_arguments(session: Session, word: str = "Unexpected") -> KubectlError:
    """The error of a command that was given too many or too few words; it shows its help first."""
    session.write(session.help_text)
    return fail(f"{word} args: [{' '.join(session.arguments)}]")


def set_context(session: Session) -> None:
    """`set-context NAME` or `--current`: change an entry, or make one."""
    if len(session.arguments) > 1:
        raise unexpected_arguments(session)
    name = "".join(session.arguments)
    if not name and not session.flags["current"]:
        raise fail("you must specify a non-empty context name or --current")
    if name and session.flags["current"]:
        raise fail("you cannot specify both a context name and --current")
    config = session.kubeconfig
    name = name or config["current-context"]
    if not name:
        raise fail("no current context is set")
    before = config["contexts"].get(name)
    entry = {**(before or {}), **_given(session, "cluster", "user", "namespace")}
    session.client.kubeconfig = with_entry(config, "contexts", name, entry)
    session.write(f'Context "{name}" {"created" if before is None else "modified"}.\n')


def _given(session: Session, *names: str) -> Obj:
    """The values of those of the flags that were given."""
    return {name: session.flags[name] for name in names if name in session.given}


def set_cluster(session: Session) -> None:
    """`set-cluster NAME`: change an entry, or make one."""
    (name,) = some_arguments(session, 1)
    flags = session.flags
    if not name:
        raise fail("you must specify a non-empty cluster name")
    authority = flags["certificate-authority"]
    if flags["insecure-skip-tls-verify"] and authority:
        raise fail("you cannot specify a certificate authority and insecure mode at the same time")
    if flags["embed-certs"] and not authority:
        raise fail("you must specify a --certificate-authority to embed")
    cluster: Obj = {**session.kubeconfig["clusters"].get(name, {})}
    if "server" in session.given:
        # The name to expect in a certificate belongs to the server before.
        cluster |= {"server": flags["server"], "tls-server-name": ""}
    cluster |= _given(session, "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
    if flags["insecure-skip-tls-verify"]:
        cluster |= {"certificate-authority": "", "certificate-authority-data": ""}
    if authority:
        cluster |= _file_or_content(session, "certificate-authority")
        cluster["insecure-skip-tls-verify"] = False
    session.client.kubeconfig = with_entry(session.kubeconfig, "clusters", name, cluster)
    session.write(f'Cluster "{name}" set.\n')


def _file_or_content(session: Session, field: str) -> Obj:
    """A field that names a file or, with `--embed-certs`, the one that holds what is in it."""
    path = session.flags[field]
    if not session.flags["embed-certs"]:
        return {field: path, f"{field}-data": ""}
    return {field: "", f"{field}-data": base64.b64encode(_content(session, field, path).encode()).decode()}


def _content(session: Session, field: str, path: str) -> str:
    try:
        return session.client.read_file(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise fail(f"could not stat {field} file {path}: stat {path}: {reason}") from error


_MODES = ("IfAvailable", "Never", "Always")


def set_credentials(session: Session) -> None:
    """`set-credentials NAME`: change an entry, or make one."""
    if len(session.arguments) != 1:
        raise unexpected_arguments(session, "unexpected")
    flags, name = session.flags, session.arguments[0]
    provider = parse_pairs(flags["auth-provider-arg"], "auth-provider-arg", with_removal=True)
    environment = parse_pairs(flags["exec-env"], "exec-env", with_removal=True)
    _check_credentials(session, name)
    user: Obj = {**session.kubeconfig["users"].get(name, {})}
    for field in ("client-certificate", "client-key"):
        if field in session.given:
            user |= _file_or_content(session, field)
    user |= _given(session, "token", "username", "password")
    user = _with_provider(session, user, *provider)
    user = _with_exec(session, user, *environment)
    if flags["token"]:
        user |= {"username": "", "password": ""}
    elif flags["username"] or flags["password"]:
        user["token"] = ""
    session.client.kubeconfig = with_entry(session.kubeconfig, "users", name, user)
    session.write(f'User "{name}" set.\n')


def _check_credentials(session: Session, name: str) -> None:
    flags = session.flags
    if not name:
        raise fail("you must specify a non-empty user name")
    if flags["token"] and (flags["username"] or flags["password"]):
        raise fail(
            "you cannot specify more than one authentication method at the same time:"
            " --token, --username/--password"
        )
    if flags["embed-certs"]:
        fields = [one for one in ("client-certificate", "client-key") if flags[one]]
        if not fields:
            raise fail("you must specify a --client-certificate or --client-key to embed")
        for field in fields:
            _content(session, field, flags[field])
    if "exec-interactive-mode" in session.given and flags["exec-interactive-mode"] not in _MODES:
        raise fail(f"invalid interactive mode type, can be only {', '.join(_MODES)}")


def _with_provider(session: Session, user: Obj, values: dict[str, str], removed: list[str]) -> Obj:
    provider: Obj | None = user.get("auth-provider")
    name = session.flags["auth-provider"]
    if "auth-provider" in session.given and (provider is None or provider["name"] != name):
        provider = {"name": name}
    if provider is None:
        return user
    config = {**(provider.get("config") or {}), **values}
    kept = {key: value for key, value in sorted(config.items()) if key not in removed}
    return {**user, "auth-provider": {"name": provider["name"], "config": kept}}


def _with_exec(session: Session, user: Obj, values: dict[str, str], removed: list[str]) -> Obj:
    flags, given = session.flags, session.given
    before: Obj | None = user.get("exec")
    if "exec-command" in given:
        before = {**(before or {"env": None}), "command": flags["exec-command"], "args": None}
    if before is None:
        return user
    plugin = {**before}
    if "exec-api-version" in given:
        plugin["apiVersion"] = flags["exec-api-version"]
    if flags["exec-arg"]:
        plugin["args"] = flags["exec-arg"]
    if "exec-interactive-mode" in given:
        plugin["interactiveMode"] = flags["exec-interactive-mode"]
    if "exec-provide-cluster-info" in given:
        plugin["provideClusterInfo"] = flags["exec-provide-cluster-info"]
    if values or removed:
        variables = {one["name"]: one["value"] for one in plugin.get("env") or ()} | values
        plugin["env"] = [
            {"name": key, "value": value} for key, value in variables.items() if key not in removed
        ]
    return {**user, "exec": _in_order(plugin)}


def _in_order(plugin: Obj) -> Obj:
    """An exec plug-in with its fields as Go writes them; those that are empty and may be, left out."""
    shown: Obj = {"command": plugin["command"], "args": plugin.get("args"), "env": plugin.get("env")}
    if plugin.get("apiVersion"):
        shown["apiVersion"] = plugin["apiVersion"]
    shown["provideClusterInfo"] = plugin.get("provideClusterInfo", False)
    shown["interactiveMode"] = plugin.get("interactiveMode") or "IfAvailable"
    return shown
