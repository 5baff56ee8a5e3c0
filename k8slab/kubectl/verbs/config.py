"""`kubectl config`: which cluster, user and context the in-process kubectl uses.

The kubeconfig belongs to the lab: a fork has its own, and going back in time brings back
the one of then.

Models staging/src/k8s.io/kubectl/pkg/cmd/config, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from k8slab.api.meta import Obj
from k8slab.kubectl.command import FailuresError, KubectlError, Verb, fail, usage_fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.kubeconfig import PATH, as_file, minified, with_entry, without_secrets
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.printing import OUTPUT_FLAGS, print_objects, print_ordered
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._config_entries import (
    CLUSTER_FLAGS,
    CONTEXT_FLAGS,
    CREDENTIAL_FLAGS,
    set_cluster,
    set_context,
    set_credentials,
    some_arguments,
)
from k8slab.kubectl.verbs._config_path import with_property


def _view(session: Session) -> None:
    if session.arguments:
        raise usage_fail("config view", f"unexpected arguments: [{' '.join(session.arguments)}]")
    flags = session.flags
    if not flags["merge"]:
        raise fail("if merge==false a precise file must be specified")
    config = session.kubeconfig
    if flags["minify"]:
        config = minified(config, flags["context"] or config["current-context"])
    if flags["flatten"]:
        config = _flattened(session, config)
    elif not flags["raw"]:
        config = without_secrets(config)
    shown, output = as_file(config), flags["output"]
    if flags["template"] and "output" not in session.given:
        print_objects(session, [shown], "")
    elif output == "name":
        session.write("config/<unknown>\n")
    elif output in ("json", "kyaml", "yaml"):
        print_ordered(session, shown)
    else:
        print_objects(session, [shown], output)


def _flattened(session: Session, config: Obj) -> Obj:
    """The config with the files that it names put into it. KubectlError where one can't be read."""
    for section, names in (
        ("clusters", ("certificate-authority",)),
        ("users", ("client-certificate", "client-key")),
    ):
        for name, entry in config[section].items():
            flat = {**entry}
            for field in names:
                path = flat.pop(field, "")
                if path and flat.get(f"{field}-data"):
                    raise fail("cannot have values for both path and contents")
                if path:
                    flat[f"{field}-data"] = base64.b64encode(session.client.read_file(path).encode()).decode()
            config = with_entry(config, section, name, flat)
    return config


def _get_contexts(session: Session) -> None:
    output = session.flags["output"]
    if output not in ("", "name"):
        raise fail(
            f"--output {output} is not available in kubectl config get-contexts;"
            " resetting to default output format"
        )
    config = session.kubeconfig
    contexts = config["contexts"]
    names = session.arguments or list(contexts)
    shown = sorted(name for name in names if name in contexts)
    if output == "name":
        session.write("".join(f"{name}\n" for name in shown))
    else:
        lines = [] if session.flags["no-headers"] else ["CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n"]
        lines += [_context_line(name, contexts[name], config["current-context"]) for name in shown]
        session.write(aligned("".join(lines), TABLES))
    missing = [KubectlError(f"error: context {name} not found\n") for name in names if name not in contexts]
    if missing:
        raise FailuresError(missing)


def _context_line(name: str, context: Obj, current: str) -> str:
    cells = (context.get("cluster", ""), context.get("user", ""), context.get("namespace", ""))
    return "\t".join(("*" if name == current else " ", name, *cells)) + "\n"


def _names_of(section: str) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        session.write("".join(f"{name}\n" for name in ("NAME", *sorted(session.kubeconfig[section]))))

    return run


def _current(session: Session) -> None:
    current = session.kubeconfig["current-context"]
    if not current:
        raise fail("current-context is not set")
    session.write(f"{current}\n")


def _use(session: Session) -> None:
    (name,) = some_arguments(session, 1)
    if not name:
        raise fail("empty context names are not allowed")
    if name not in session.kubeconfig["contexts"]:
        raise fail(f'no context exists with the name: "{name}"')
    session.client.kubeconfig = {**session.kubeconfig, "current-context": name}
    session.write(f'Switched to context "{name}".\n')


def _rename(session: Session) -> None:
    old, new = some_arguments(session, 2)
    config = session.kubeconfig
    if not new:
        raise fail("You must specify a new non-empty context name")
    if old not in config["contexts"]:
        raise fail(f'cannot rename the context "{old}", it\'s not in {PATH}')
    if new in config["contexts"]:
        raise fail(f'cannot rename the context "{old}", the context "{new}" already exists in {PATH}')
    renamed = with_entry(with_entry(config, "contexts", new, config["contexts"][old]), "contexts", old, None)
    if config["current-context"] == old:
        renamed["current-context"] = new
    session.client.kubeconfig = renamed
    session.write(f'Context "{old}" renamed to "{new}".\n')


def _delete(section: str, word: str) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        config = session.kubeconfig
        if len(session.arguments) != 1 and section == "users":
            raise usage_fail("config delete-user", "user to delete is required")
        if len(session.arguments) != 1:
            session.write(session.help_text)
            return
        name = session.arguments[0]
        if name not in config[section]:
            raise fail(f"cannot delete {word} {name}, not in {PATH}")
        if section == "contexts" and config["current-context"] == name:
            session.warn(
                'warning: this removed your active context, use "kubectl config use-context" to select a'
                " different one\n"
            )
        session.client.kubeconfig = with_entry(config, section, name, None)
        session.write(f"deleted {word} {name} from {PATH}\n")

    return run


def _set(session: Session) -> None:
    name, value = some_arguments(session, 2)
    if not value:
        raise fail("you cannot use set to unset a property")
    if not name:
        raise fail("you must specify a property")
    is_raw = session.flags["set-raw-bytes"]
    session.client.kubeconfig = with_property(session.kubeconfig, name, value, is_raw=is_raw)
    session.write(f'Property "{name}" set.\n')


def _unset(session: Session) -> None:
    (name,) = some_arguments(session, 1)
    if not name:
        raise fail("you must specify a property")
    session.client.kubeconfig = with_property(session.kubeconfig, name, None)
    session.write(f'Property "{name}" unset.\n')


_VIEW_FLAGS = (
    *(Flag("output", "o", default="yaml") if flag.name == "output" else flag for flag in OUTPUT_FLAGS),
    Flag("flatten", type="bool"),
    Flag("merge", type="bool", default=True),
    Flag("minify", type="bool"),
    Flag("raw", type="bool"),
)

VERB = Verb(
    "config",
    subcommands=(
        Verb("current-context", _current, summary="Display the current-context"),
        Verb(
            "delete-cluster",
            _delete("clusters", "cluster"),
            summary="Delete the specified cluster from the kubeconfig",
        ),
        Verb(
            "delete-context",
            _delete("contexts", "context"),
            summary="Delete the specified context from the kubeconfig",
        ),
        Verb(
            "delete-user", _delete("users", "user"), summary="Delete the specified user from the kubeconfig"
        ),
        Verb("get-clusters", _names_of("clusters"), summary="Display clusters defined in the kubeconfig"),
        Verb(
            "get-contexts",
            _get_contexts,
            (Flag("no-headers", type="bool"), Flag("output", "o")),
            summary="Describe one or many contexts",
        ),
        Verb("get-users", _names_of("users"), summary="Display users defined in the kubeconfig"),
        Verb("rename-context", _rename, summary="Rename a context from the kubeconfig file"),
        Verb(
            "set",
            _set,
            (Flag("set-raw-bytes", type="bool"),),
            summary="Set an individual value in a kubeconfig file",
        ),
        Verb("set-cluster", set_cluster, CLUSTER_FLAGS, summary="Set a cluster entry in kubeconfig"),
        Verb("set-context", set_context, CONTEXT_FLAGS, summary="Set a context entry in kubeconfig"),
        Verb("set-credentials", set_credentials, CREDENTIAL_FLAGS, summary="Set a user entry in kubeconfig"),
        Verb("unset", _unset, summary="Unset an individual value in a kubeconfig file"),
        Verb("use-context", _use, aliases=("use",), summary="Set the current-context in a kubeconfig file"),
        Verb(
            "view",
            _view,
            _VIEW_FLAGS,
            summary="Display merged kubeconfig settings or a specified kubeconfig file",
        ),
    ),
    summary="Modify kubeconfig files",
)
