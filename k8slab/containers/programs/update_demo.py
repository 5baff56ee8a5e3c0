"""nautilus and kitten, the two images between which upstream's oldest demonstration updates.

Models test/images/{nautilus,kitten}, v1.36.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._agnhost_servers import served_file
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Request


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    if call.payload["path"].partition("?")[0].rstrip("/") == "/data.json":
        name = "kitten" if "kitten" in context.image else "nautilus"
        return response(200, f'{{\n    "image": "{name}.jpg"\n}}\n')
    return (yield from served_file(call, "/"))


PROGRAM = Family(
    images=("nautilus", "kitten"),
    entrypoint=("/test-webserver",),
    executables={"test-webserver": Executable(server=Server("http", lambda context: (80,), _handle))},
)
