"""Images that serve one picture, and say which: what nautilus and kitten share.

Models test/images/{nautilus,kitten}, v1.36.
"""

from __future__ import annotations

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._agnhost_servers import Answering, served_file
from k8slab.containers.requests import Call


def _handle(context: Context, call: Call) -> Answering:
    return served_file(call, "/")


def picture(name: str) -> Family:
    """The image of that name."""
    release = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.21.3\nPRETTY_NAME="Alpine Linux v3.21"\n'
    return Family(
        images=(name,),
        entrypoint=("/test-webserver",),
        files={
            "/data.json": f'{{\n    "image": "{name}.jpg"\n}}\n',
            f"/{name}.jpg": "a picture\n",
            "/etc/os-release": release,
        },
        executables={"test-webserver": Executable(server=Server("http", lambda context: (80,), _handle))},
    )
