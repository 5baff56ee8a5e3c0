"""Which tools an image has: GNU's or BusyBox's, whose shell is called `sh`, and who looks names up.

They print the same things in different forms, and a lesson shows the form of its image. An image that
nobody wrote has BusyBox's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from k8slab.containers.images import resolve


class Userland(NamedTuple):
    """`is_gnu`: coreutils and procps; `sh`: what that is; `resolver`: bind, busybox or old busybox (1.28)."""

    is_gnu: bool
    sh: str
    resolver: str


_DEBIAN = Userland(True, "dash", "bind")
_RED_HAT = Userland(True, "bash", "bind")
_BUSYBOX = Userland(False, "ash", "busybox")
_OLD_BUSYBOX = Userland(False, "ash", "old busybox")
_OF_IMAGES = {
    **dict.fromkeys(
        ("cassandra", "debian", "dnsutils", "golang", "httpd", "jessie-dnsutils", "k8szk"), _DEBIAN
    ),
    **dict.fromkeys(("kubernetes-zookeeper", "mariadb", "nginx", "nginx-slim", "node", "openjdk"), _DEBIAN),
    **dict.fromkeys(("perl", "php", "postgres", "python", "rabbitmq", "redis", "ruby", "ubuntu"), _DEBIAN),
    **dict.fromkeys(("wordpress", "xtrabackup"), _DEBIAN),
    **dict.fromkeys(("amazonlinux", "centos", "fedora", "mysql", "percona", "ubi9"), _RED_HAT),
    "agnhost": _BUSYBOX._replace(resolver="bind"),
}


@lru_cache(maxsize=4096)
def userland_of(image: str) -> Userland:
    """The userland of an image, by its short name and its tag."""
    found = resolve(image)
    if "alpine" in found.tag or "busybox" in found.tag:
        return _BUSYBOX
    if found.short == "busybox" and _is_before_29(found.tag):
        return _OLD_BUSYBOX
    return _OF_IMAGES.get(found.short, _BUSYBOX)


def _is_before_29(tag: str) -> bool:
    major, _, rest = tag.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return major == "1" and minor.isdigit() and int(minor) < 29
