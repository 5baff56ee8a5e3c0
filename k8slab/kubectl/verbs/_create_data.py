"""`create configmap` and `create secret`: objects that hold literals and files.

Models staging/src/k8s.io/kubectl/pkg/cmd/create/{create_configmap,create_secret,create_secret_tls,
create_secret_docker}.go and util/hash/hash.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
from collections.abc import Callable

from k8slab.api.go_text import marshal
from k8slab.api.meta import Obj
from k8slab.api.validation._names import config_key
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._create import generator, metadata_of

_SOURCES = (
    Flag("from-file", type="strings"),
    Flag("from-literal", type="array"),
    Flag("from-env-file", type="strings"),
    Flag("append-hash", type="bool"),
)
_CONSONANTS = str.maketrans("013ae", "ghkmt")

Add = Callable[[str, str], None]


def _read_literals(session: Session, add: Add) -> None:
    for source in session.flags["from-literal"]:
        name, equals, value = source.partition("=")
        if not name or not equals:
            raise fail(f"invalid literal source {source}, expected key=value")
        add(name, value)


def _read_files(session: Session, add: Add) -> None:
    for source in session.flags["from-file"]:
        name, path = _file_source(source)
        found = session.client.list_files(path, False)
        if found == [path]:
            add(name, _text(session, path))
            continue
        if "=" in source:
            raise fail("cannot give a key name for a directory path")
        for one in found:
            add(posixpath.basename(one), _text(session, one))


def _file_source(source: str) -> tuple[str, str]:
    count = source.count("=")
    if count == 0:
        return posixpath.basename(source.rstrip("/")), source
    if count > 1:
        raise fail("key names or file paths cannot contain '='")
    name, _, path = source.partition("=")
    if not name:
        raise fail(f"key name for file path {path} missing")
    if not path:
        raise fail(f"file path for key name {name} missing")
    return name, path


def _text(session: Session, path: str) -> str:
    try:
        return session.client.read_file(path)
    except OSError as error:
        raise fail(f"error reading {path}: no such file or directory") from error


_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_VARIABLE_RULE = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and "
    "must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for "
    "validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


def _read_env_files(session: Session, add: Add) -> None:
    for path in session.flags["from-env-file"]:
        for line in _text(session, path).removeprefix("\ufeff").splitlines():
            stripped = line.lstrip()
            if not stripped or stripped.startswith("#"):
                continue
            name, _, value = stripped.partition("=")
            if not _VARIABLE.fullmatch(name):
                raise fail(f'"{name}" is not a valid key name: {_VARIABLE_RULE}')
            add(name, value)


def _check_sources(session: Session) -> None:
    flags = session.flags
    if flags["from-env-file"] and (flags["from-file"] or flags["from-literal"]):
        raise fail("from-env-file cannot be combined with from-file or from-literal")


def _hashed(obj: Obj, fields: tuple[str, ...]) -> Obj:
    """The object with a hash of its content behind its name."""
    content = {name: obj[name] for name in fields if name in obj}
    content.setdefault("data", {})
    if obj["kind"] == "Secret":
        content.setdefault("type", "")
    content["name"] = obj["metadata"]["name"]
    digest = hashlib.sha256(marshal(content).encode()).hexdigest()[:10].translate(_CONSONANTS)
    return {**obj, "metadata": {**obj["metadata"], "name": f"{obj['metadata']['name']}-{digest}"}}


def config_map(session: Session, name: str) -> Obj:
    """A ConfigMap of literals, files and files of variables."""
    _check_sources(session)
    data: dict[str, str] = {}

    def add(key: str, value: str) -> None:
        faults = config_key(key)
        if faults:
            raise fail(f'"{key}" is not a valid key name for a ConfigMap: {",".join(faults)}')
        if key in data:
            raise fail(
                f'cannot add key "{key}", another key by that name already exists in Data for ConfigMap '
                f'"{name}"'
            )
        data[key] = value

    _read_files(session, add)
    _read_literals(session, add)
    _read_env_files(session, add)
    obj: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata_of(session, name)}
    if data:
        obj["data"] = data
    return _hashed(obj, ("kind", "data")) if session.flags["append-hash"] else obj


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _secret(session: Session, name: str, secret_type: str, data: dict[str, str]) -> Obj:
    obj: Obj = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata_of(session, name)}
    if data:
        obj["data"] = {key: _encoded(value) for key, value in data.items()}
    if secret_type:
        obj["type"] = secret_type
    return _hashed(obj, ("kind", "type", "data")) if session.flags["append-hash"] else obj


def _adder(data: dict[str, str]) -> Add:
    def add(key: str, value: str) -> None:
        faults = config_key(key)
        if faults:
            raise fail(f'"{key}" is not valid key name for a Secret {";".join(faults)}')
        if key in data:
            raise fail(f"cannot add key {key}, another key by that name already exists")
        data[key] = value

    return add


def _generic(session: Session, name: str) -> Obj:
    _check_sources(session)
    data: dict[str, str] = {}
    add = _adder(data)
    _read_literals(session, add)
    _read_files(session, add)
    _read_env_files(session, add)
    return _secret(session, name, session.flags["type"], data)


def _tls(session: Session, name: str) -> Obj:
    flags = session.flags
    if not flags["key"] or not flags["cert"]:
        raise fail("key and cert must be specified")
    data = {}
    for field, flag in (("tls.crt", "cert"), ("tls.key", "key")):
        try:
            data[field] = session.client.read_file(flags[flag])
        except OSError as error:
            raise fail(
                f"Cannot read file {flags[flag]}, open {flags[flag]}: no such file or directory"
            ) from error
    for field, what in (("tls.crt", "certificate"), ("tls.key", "key")):
        if "-----BEGIN" not in data[field]:
            raise fail(f"tls: failed to find any PEM data in {what} input")
    return _secret(session, name, "kubernetes.io/tls", data)


def _docker_registry(session: Session, name: str) -> Obj:
    flags = session.flags
    if not flags["from-file"] and not (
        flags["docker-username"] and flags["docker-password"] and flags["docker-server"]
    ):
        raise fail(
            "either --from-file or the combination of --docker-username, --docker-password and "
            "--docker-server is required"
        )
    data: dict[str, str] = {}
    if flags["from-file"]:
        sources = [one if "=" in one else f".dockerconfigjson={one}" for one in flags["from-file"]]
        flags["from-file"] = sources
        _read_files(session, _adder(data))
    else:
        user, password = flags["docker-username"], flags["docker-password"]
        entry = {"username": user, "password": password}
        if flags["docker-email"]:
            entry["email"] = flags["docker-email"]
        entry["auth"] = _encoded(f"{user}:{password}")
        config = {"auths": {flags["docker-server"]: entry}}
        data[".dockerconfigjson"] = json.dumps(config, separators=(",", ":"), ensure_ascii=False)
    return _secret(session, name, "kubernetes.io/dockerconfigjson", data)


CONFIG_MAP = generator(
    "configmap",
    config_map,
    *_SOURCES,
    failure="failed to create configmap:",
    aliases=("cm",),
    summary="Create a config map from a local file, directory or literal value",
)
SECRET = Verb(
    "secret",
    subcommands=(
        generator(
            "docker-registry",
            _docker_registry,
            Flag("from-file", type="strings"),
            Flag("append-hash", type="bool"),
            Flag("docker-username"),
            Flag("docker-password"),
            Flag("docker-email"),
            Flag("docker-server", default="https://index.docker.io/v1/"),
            failure="failed to create secret",
            summary="Create a secret for use with a Docker registry",
        ),
        generator(
            "generic",
            _generic,
            *_SOURCES,
            Flag("type"),
            failure="failed to create secret",
            summary="Create a secret from a local file, directory, or literal value",
        ),
        generator(
            "tls",
            _tls,
            Flag("cert"),
            Flag("key"),
            Flag("append-hash", type="bool"),
            failure="failed to create secret",
            summary="Create a TLS secret",
        ),
    ),
    summary="Create a secret using a specified subcommand",
)
