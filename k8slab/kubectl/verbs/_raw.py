"""`--raw`: send a file to a path as it is.

Models staging/src/k8s.io/kubectl/pkg/rawhttp/raw.go, v1.36.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from k8slab.cluster.request import Response
from k8slab.kubectl.command import fail
from k8slab.kubectl.output.json import raw_text
from k8slab.kubectl.session import Session


def raw_write(session: Session, method: str) -> None:
    """Send the one file that `-f` names to the path of `--raw`, and print the answer."""
    flags = session.flags
    if len(flags["filename"]) != 1:
        raise fail("--raw can only use a single local file or stdin")
    path = flags["filename"][0]
    if path.startswith(("http://", "https://")):
        raise fail("--raw cannot read from a url")
    if flags["recursive"]:
        raise fail("--raw and --recursive are mutually exclusive")
    if flags.get("selector"):
        raise fail("--raw and --selector (-l) are mutually exclusive")
    if flags["output"]:
        raise fail("--raw and --output are mutually exclusive")
    check_raw_path(flags["raw"])
    try:
        text = session.stdin if path == "-" else session.client.read_file(path)
    except OSError as error:
        raise fail(f"error opening {path}: open {path}: no such file or directory") from error
    session.write(raw_text(raw_request(session, method, flags["raw"], text).body))


def raw_request(session: Session, method: str, address: str, body: str | None = None) -> Response:
    """A request to a path with its parameters, as they stand in the address."""
    path, _, parameters = address.partition("?")
    return session.request(method, path, query=dict(parse_qsl(parameters, keep_blank_values=True)), body=body)


def check_raw_path(path: str) -> None:
    """Refuse what is no path of a URL."""
    if not path.startswith("/"):
        raise fail(f'--raw must be a valid URL path: parse "{path}": invalid URI for request')
