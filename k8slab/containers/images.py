"""Images: their full names, IDs and sizes, and which of them no registry has.

Every well-formed name can be pulled, so that a learner's manifest works
whatever it runs, except names made for lessons about failures: the tags
`does-not-exist`, `missing`, `no-such-tag` (and tags that begin with them), the
tag `404`, and registries whose name ends in `invalid`. Docker's own nginx, on which
Kubernetes' page on Deployments makes its mistakes, has only tags of versions that
there may be, and of its variants: `1.161`, `1.91` and `sometag` are none.

Models github.com/distribution/reference (names), and the texts of containerd
as pkg/kubelet/images/image_manager.go passes them on, v1.36.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_DOMAIN = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:\d+)?"
)

_MISSING_TAGS = (
    *("does-not-exist", "missing", "no-such-tag", "nosuchtag", "notexist", "nonexistent"),
    *("non-existent", "non-existing", "nonexisting"),
)
_VARIANTS = "alpine|bookworm|bullseye|buster|jessie|mainline|otel|perl|slim|stable|stretch|trixie"
_TAGS_OF = {
    "docker.io/library/nginx": re.compile(
        rf"latest|(?:\d+(?:\.[0-5]?\d(?:\.\d\d?)?)?|{_VARIANTS})(?:-(?:{_VARIANTS})[0-9.]*)*"
    ),
}
"""The form of the tags of repositories that lack others."""
_MEBIBYTE = 1 << 20
_SIZES = {
    "pause": 320_000,
    "busybox": 2_200_000,
    "alpine": 3_800_000,
    "agnhost": 49_000_000,
    "debian": 49_300_000,
    "ubuntu": 29_700_000,
    "nginx": 72_400_000,
    "nginx-slim": 39_000_000,
    "redis": 41_600_000,
    "mysql": 231_000_000,
    "postgres": 163_000_000,
    "perl": 336_000_000,
    "python": 374_000_000,
    "zookeeper": 137_000_000,
    "etcd": 59_000_000,
    "filebeat": 166_000_000,
}
"""Compressed sizes of well-known images, in bytes; others get one by chance of their name."""


class Image(NamedTuple):
    """An image reference taken apart. `name` is the full name, `short` the last part of its path."""

    name: str
    short: str
    repository: str
    tag: str
    image_id: str
    size_bytes: int


def _split(image: str) -> tuple[str, str, str, str]:
    """Domain, path, tag and digest as they are written."""
    rest, _, digest = image.partition("@")
    head, colon, tail = rest.rpartition(":")
    tag = ""
    if colon and "/" not in tail:
        rest, tag = head, tail
    domain, slash, path = rest.partition("/")
    if not slash or not ("." in domain or ":" in domain or domain == "localhost" or domain != domain.lower()):
        return "", rest, tag, digest
    return domain, path, tag, digest


@lru_cache(maxsize=4096)
def bad_name(image: str) -> str:
    """Why a name is no image reference, in upstream's words; empty where it is one."""
    domain, path, tag, digest = _split(image)
    prefix = f'couldn\'t parse image name "{image}": '
    if path and path != path.lower() and _NAME.fullmatch(path.lower()):
        full = path if domain or "/" in path else f"library/{path}"
        return f"{prefix}invalid reference format: repository name ({full}) must be lowercase"
    well_formed = (
        _NAME.fullmatch(path)
        and (not domain or _DOMAIN.fullmatch(domain))
        and (not tag or _TAG.fullmatch(tag))
        and ("@" not in image or _DIGEST.fullmatch(digest))
        and not image.endswith(":")
    )
    return "" if well_formed else f"{prefix}invalid reference format"


@lru_cache(maxsize=4096)
def resolve(image: str) -> Image:
    """The image that a reference names, with the defaults filled in."""
    domain, path, tag, digest = _split(image)
    if not domain:
        domain = "docker.io"
        if "/" not in path:
            path = f"library/{path}"
    repository = f"{domain}/{path}"
    short = path.rpartition("/")[2]
    if digest:
        name, sha = f"{repository}@{digest}", digest
    else:
        tag = tag or "latest"
        name = f"{repository}:{tag}"
        sha = f"sha256:{sha256(name.encode()).hexdigest()}"
    size = _SIZES.get(short)
    if size is None:
        size = int(sha256(repository.encode()).hexdigest()[:6], 16) * 12 + 8 * _MEBIBYTE
    return Image(name, short, repository, tag, f"{repository}@{sha}", size)


def names_of(image: str) -> tuple[str, str]:
    """The name and the ID that a running container reports of its image."""
    found = resolve(image)
    return found.name, found.image_id


REGISTRY_OUTAGE = ("", "registry")
"""The key of the `Outage` that is there while no registry answers."""


def unreachable(image: str) -> str:
    """Why a pull fails while no registry answers, in containerd's words."""
    found = resolve(image)
    domain, _, path = found.repository.partition("/")
    host = f"registry-1.{domain}" if domain == "docker.io" else domain
    url = f"https://{host}/v2/{path}/manifests/{found.tag or 'latest'}"
    why = f'failed to do request: Head "{url}": dial tcp: lookup {host}: i/o timeout'
    failed = f'failed to pull and unpack image "{found.name}": failed to resolve reference "{found.name}"'
    return f"rpc error: code = DeadlineExceeded desc = {failed}: {why}"


@lru_cache(maxsize=4096)
def pull_failure(image: str) -> str:
    """Why a pull of this image fails, in containerd's words; empty where it succeeds."""
    found = resolve(image)
    domain = found.repository.partition("/")[0]
    failed = f'failed to pull and unpack image "{found.name}": failed to resolve reference "{found.name}"'
    host = domain.partition(":")[0]
    if host == "invalid" or host.endswith(".invalid"):
        url = f"https://{domain}/v2/{found.repository.partition('/')[2]}/manifests/{found.tag or 'latest'}"
        why = f'failed to do request: Head "{url}": dial tcp: lookup {host}: no such host'
        return f"rpc error: code = Unknown desc = {failed}: {why}"
    path = found.repository.partition("/")[2]
    if any(part.startswith(_MISSING_TAGS) for part in path.split("/")):
        why = (
            "pull access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed"
        )
        return f"rpc error: code = Unknown desc = {failed}: {why}"
    form = _TAGS_OF.get(found.repository)
    is_none = form is not None and found.tag and not form.fullmatch(found.tag)
    if is_none or found.tag.startswith(_MISSING_TAGS) or found.tag == "404":
        return f"rpc error: code = NotFound desc = {failed}: {found.name}: not found"
    return ""
