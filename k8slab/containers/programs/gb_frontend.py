"""The guestbook's web page: it writes to Redis' leader and reads from its followers.

Models gcr.io/google_samples/gb-frontend, its index.html and guestbook.php
(GoogleCloudPlatform/kubernetes-engine-samples, guestbook).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qs

from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs import redis
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, Request

_PAGE = """<html ng-app="redis">
  <head>
    <title>Guestbook</title>
  </head>
  <body ng-controller="RedisCtrl">
    <div style="width: 50%; margin-left: 20px">
      <h2>Guestbook</h2>
      <form>
        <input ng-model="msg" placeholder="Messages" class="form-control" type="text" name="input"><br>
        <button type="button" class="btn btn-primary" ng-click="controller.onRedis()">Submit</button>
      </form>
    </div>
  </body>
</html>
"""


def _host(context: Context, role: str) -> str:
    """The Service of Redis' leader or followers: by its name, or as the environment has it."""
    if context.env.get("GET_HOSTS_FROM") == "env":
        return str(context.env.get(f"REDIS_{role.upper()}_SERVICE_HOST", ""))
    return f"redis-{role}"


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    path, _, query = call.payload["path"].partition("?")
    if path in ("/", "/index.html"):
        return response(200, _PAGE, {"Content-Type": "text/html"})
    if path != "/guestbook.php":
        return response(404, "<h1>Not Found</h1>\n")
    given = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    is_write = given.get("cmd") == "set"
    words = (
        ["SET", given.get("key", ""), given.get("value", "")] if is_write else ["GET", given.get("key", "")]
    )
    host = _host(context, "leader" if is_write else "follower")
    answer = yield Call(host, redis.PORT, "redis", words)
    if not answer.ok or "error" in answer.payload:
        # PHP doesn't show its visitors what Predis could not do.
        return response(500, "")
    said = "" if answer.payload["reply"] is None else answer.payload["reply"]
    text = '{"message": "Updated"}' if is_write else f'{{"data": "{said}"}}'
    return response(200, text, {"Content-Type": "application/json"})


PROGRAM = Family(
    images=("gb-frontend",),
    entrypoint=("apache2-foreground",),
    files={"/var/www/html/index.html": _PAGE},
    cwd="/var/www/html",
    executables={"apache2-foreground": Executable(server=Server("http", lambda context: (80,), _handle))},
)
