"""nginx: serves the files of its document root and writes an access log.

Models the official image: /usr/share/nginx/html, `listen 80`, the combined log
format, a fast shutdown on SIGQUIT.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from k8slab.clock import timestamp
from k8slab.containers.files import bytes_of
from k8slab.containers.program import Context, Executable, Family, Server
from k8slab.containers.programs._http import response
from k8slab.containers.requests import Answer, Call, KindOf, Log, Now, Read, Request

VERSION = "1.29.3"
_ROOT = "/usr/share/nginx/html"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WELCOME = """<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
"""
_CONFIGURATION = """server {
    listen       80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
"""


def _configuration(text: str | None) -> str:
    return text if text is not None else _CONFIGURATION


def _ports(context: Context) -> tuple[int, ...]:
    return (80,)


def _start_lines(context: Context) -> tuple[str, ...]:
    when = timestamp(context.started_us)
    stamp = f"{when[0:4]}/{when[5:7]}/{when[8:10]} {when[11:19]}"
    notices = (
        'using the "epoll" event method',
        f"nginx/{VERSION}",
        "built by gcc 14.2.0 (Debian 14.2.0-19)",
        "OS: Linux 6.12.57",
        "getrlimit(RLIMIT_NOFILE): 1048576:1048576",
        "start worker processes",
        "start worker process 29",
        "start worker process 30",
    )
    entry = "/docker-entrypoint.sh"
    return (
        f"{entry}: /docker-entrypoint.d/ is not empty, will attempt to perform configuration",
        f"{entry}: Looking for shell scripts in /docker-entrypoint.d/",
        f"{entry}: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh",
        "10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf",
        "10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf",
        f"{entry}: Configuration complete; ready for start up",
        *(f"{stamp} [notice] 1#1: {notice}" for notice in notices),
    )


def _page(status: int, reason: str) -> str:
    return (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx/{VERSION}</center>\r\n"
        "</body>\r\n</html>\r\n"
    )


def _handle(context: Context, call: Call) -> Generator[Request, Any, Answer]:
    """Answer one HTTP request from the document root."""
    payload = call.payload
    path = payload["path"].partition("?")[0]
    text = yield Read("/etc/nginx/conf.d/default.conf")
    configuration = _configuration(text)
    fixed = re.search(r"return\s+(\d{3})(?:\s+['\"]?([^;'\"]*)['\"]?)?;", configuration)
    if fixed:
        answer = response(int(fixed[1]), (fixed[2] or "").replace("\\n", "\n"))
    else:
        root = re.search(r"root\s+([^;\s]+);", configuration)
        answer = yield from _file(root[1] if root else _ROOT, path)
    now_us = yield Now(quiet=True, wall=True)
    when = timestamp(now_us)
    local = f"{when[8:10]}/{_MONTHS[int(when[5:7]) - 1]}/{when[0:4]}:{when[11:19]} +0000"
    agent = payload.get("headers", {}).get("User-Agent", "-")
    size = len(bytes_of(answer.payload["body"]))
    yield Log(
        f'{call.host} - - [{local}] "{payload["method"]} {payload["path"]} HTTP/1.1" '
        f'{answer.payload["status"]} {size} "-" "{agent}" "-"\n'
    )
    return answer


def _file(root: str, path: str) -> Generator[Request, Any, Answer]:
    target = root.rstrip("/") + path
    kind = yield KindOf(target.rstrip("/") or "/")
    server = {"Server": f"nginx/{VERSION}"}
    if kind == "dir":
        if not path.endswith("/"):
            return response(301, _page(301, "Moved Permanently"), {**server, "Location": path + "/"})
        body = yield Read(target.rstrip("/") + "/index.html")
        if body is None:
            return response(403, _page(403, "Forbidden"), server)
    else:
        body = yield Read(target)
    if body is None:
        return response(404, _page(404, "Not Found"), server)
    kind = "text/html" if target.endswith((".html", "/")) else "text/plain"
    return response(200, body, {**server, "Content-Type": kind})


SERVER = Server(
    "http", _ports, _handle, _start_lines, shown=("nginx:", "master process", "nginx", "-g", "daemon off;")
)

PROGRAM = Family(
    images=("nginx", "nginx-slim", "nginx-unprivileged"),
    entrypoint=("/docker-entrypoint.sh",),
    command=("nginx", "-g", "daemon off;"),
    env={"NGINX_VERSION": VERSION},
    files={
        "/usr/share/nginx/html/index.html": _WELCOME,
        "/usr/share/nginx/html/50x.html": "<h1>An error occurred.</h1>\n",
        "/etc/nginx/conf.d/default.conf": _CONFIGURATION,
        "/var/log/nginx/": "",
    },
    executables={"nginx": Executable(server=SERVER), "docker-entrypoint.sh": Executable(server=SERVER)},
)
