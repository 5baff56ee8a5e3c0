"""`kubectl cp`: the text of files into and out of containers, by way of their shells.

A file goes in from beside the notebook; one that comes out is printed, as nothing
here writes files on the user's machine.

Models staging/src/k8s.io/kubectl/pkg/cmd/cp/cp.go, v1.36.
"""

from __future__ import annotations

import posixpath
import shlex
from typing import NamedTuple

from k8slab.api.kind import kinds
from k8slab.kubectl.command import Verb, fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.session import Session
from k8slab.kubectl.verbs._attachable import default_container, defaulted_notice


class _Place(NamedTuple):
    """A path, and the Pod and namespace that it is in; without a Pod it is beside the notebook."""

    namespace: str
    pod: str
    path: str


def _place(session: Session, text: str) -> _Place:
    where, colon, path = text.partition(":")
    if colon and not where:
        raise fail("filespec must match the canonical format: [[namespace/]pod:]file/path")
    if not colon or where.startswith((".", "/")):
        return _Place("", "", text)
    namespace, slash, pod = where.rpartition("/")
    if "/" in namespace:
        raise fail("filespec must match the canonical format: [[namespace/]pod:]file/path")
    return _Place(namespace if slash else session.namespace, pod, path)


def _run(session: Session) -> None:
    if len(session.arguments) != 2:
        raise fail("source and destination are required")
    source, target = (_place(session, text) for text in session.arguments)
    if not source.path or not target.path:
        raise fail("filepath can not be empty")
    if source.pod and target.pod:
        raise fail("one of src or dest must be a local file specification")
    if not source.pod and not target.pod:
        raise fail("one of src or dest must be a remote file specification")
    if source.pod:
        _out(session, source)
    else:
        _in(session, source, target)


def _container_and_notice(session: Session, place: _Place) -> tuple[str, str]:
    """The container that is meant, and what is said of it where several could be."""
    if place.namespace != session.namespace:
        session.flags["namespace"] = place.namespace
    pod = session.get(kinds()["Pod"], place.namespace, place.pod)
    asked = session.flags["container"]
    return default_container(session, pod, asked, quiet=True), "" if asked else defaulted_notice(pod)


def _in(session: Session, source: _Place, target: _Place) -> None:
    try:
        names = session.client.list_files(source.path, True)
        texts = [(name, session.client.read_file(name)) for name in names]
    except OSError as error:
        raise fail(f"{source.path} doesn't exist in local filesystem") from error
    container, notice = _container_and_notice(session, target)
    session.warn(notice)
    for name, text in texts:
        path = target.path
        if name != source.path or path.endswith("/"):
            base = posixpath.relpath(name, posixpath.dirname(source.path.rstrip("/")) or ".")
            path = posixpath.join(path, base)
        folder = posixpath.dirname(path) or "."
        script = f"mkdir -p {shlex.quote(folder)} && cat > {shlex.quote(path)}"
        result = session.client.execute(target.namespace, target.pod, container, ["sh", "-c", script], text)
        if result.code:
            session.warn(result.stderr)
            session.code = result.code


def _out(session: Session, source: _Place) -> None:
    container, notice = _container_and_notice(session, source)
    result = session.client.execute(
        source.namespace, source.pod, container, ["sh", "-c", f"cat {shlex.quote(source.path)}"], ""
    )
    if result.code:
        # kubectl lets tar read, and prints its own words and tar's complaint among the output.
        session.write(notice)
        archive = ["tar", "cf", "-", source.path]
        session.write(session.client.execute(source.namespace, source.pod, container, archive, "").stderr)
        return
    session.warn(notice)
    session.write(result.stdout)


VERB = Verb(
    "cp",
    _run,
    (
        Flag("container", "c"),
        Flag("no-preserve", type="bool", idle="a copy belongs to whoever copies"),
        Flag("retries", type="int", idle="no copy breaks off"),
    ),
    summary="Copy files and directories to and from containers",
)
