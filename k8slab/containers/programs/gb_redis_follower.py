"""The guestbook's Redis follower: an image whose script starts a replica of `redis-leader`.

Models gcr.io/google_samples/gb-redis-follower (GoogleCloudPlatform/kubernetes-engine-samples, guestbook).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family
from k8slab.containers.programs import redis
from k8slab.containers.requests import Answer, Call, Request

_SERVER = redis.SERVER.server
assert _SERVER is not None, "redis is a server"


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    host = "redis-leader"
    if context.env.get("GET_HOSTS_FROM") == "env":
        host = context.env.get("REDIS_LEADER_SERVICE_HOST", "")
    argv = ("redis-server", "--slaveof", host, str(redis.PORT))
    return (yield from redis.handle(context._replace(argv=argv), call))


PROGRAM = Family(
    images=("gb-redis-follower",),
    entrypoint=("/run.sh",),
    cwd="/data",
    files=redis.PROGRAM.files,
    paths={"run.sh": "/run.sh"},
    executables={**redis.PROGRAM.executables, "run.sh": Executable(server=_SERVER._replace(handle=_handle))},
)
