"""hpa-example: the web server of the walkthrough on autoscaling, whose page keeps a CPU busy.

Models registry.k8s.io/hpa-example: Apache with an index.php that adds a million square roots.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.containers.costs import A_MILLION_ROOTS_US, A_PAGE_US
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Request

_ROOT = "/var/www/html"
_PAGE = """<?php
  $x = 0.0001;
  for ($i = 0; $i <= 1000000; $i++) {
    $x += sqrt($x);
  }
  echo "OK!";
?>
"""


def _is_page(call: Call) -> bool:
    return call.payload["path"].partition("?")[0] in ("/", "/index.php")


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    if not _is_page(call):
        return response(404, "<h1>Not Found</h1>\n", {"Server": "Apache"})
    return response(200, "OK!", {"Server": "Apache", "Content-Type": "text/html"})
    yield


def _cost_us(call: Call) -> int:
    return A_MILLION_ROOTS_US if _is_page(call) else A_PAGE_US


_APACHE = Executable(server=Server("http", lambda context: (80,), _handle, cost_us=_cost_us))

PROGRAM = Family(
    images=("hpa-example",),
    entrypoint=("apache2-foreground",),
    files={f"{_ROOT}/index.php": _PAGE},
    cwd=_ROOT,
    executables={"apache2-foreground": _APACHE},
)
