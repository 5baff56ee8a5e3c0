"""A real JupyterLab, Notebook 7 or Voila, for looking at the panel where people use it.

Each server has folders of its own, so that nothing of the person's settings is
read or written. A page is opened on a notebook, run to its end, and handed
over; what is measured is measured inside the page, where Playwright's own
overhead does not count.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import Page

App = Literal["lab", "notebook", "voila"]
_ROOT = Path(__file__).parents[1]
_SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
}
_THEME = "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
_START_S = 180


class Server(NamedTuple):
    """A server that runs: its app, its address and the folder that it serves."""

    app: App
    url: str
    folder: Path


def notebook(cells: Sequence[str]) -> dict[str, Any]:
    """A notebook of code cells."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _environment(home: Path) -> dict[str, str]:
    """Folders of the server's own; the kernel finds this very source."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {
        **os.environ,
        **{name: str(home / folder) for name, folder in folders.items()},
        "PYTHONPATH": str(_ROOT),
    }


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _command(app: App, port: int, folder: Path) -> list[str]:
    if app == "voila":
        return [
            *(sys.executable, "-m", "voila", str(folder), "--no-browser", f"--port={port}"),
            "--Voila.ip=127.0.0.1",
        ]
    return [
        *(sys.executable, "-m", "jupyter", app, "--no-browser", "--allow-root", f"--ServerApp.port={port}"),
        *("--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"),
        *("--JupyterNotebookApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"),
    ]


@contextmanager
def serving(app: App, home: Path, theme: str = "light") -> Iterator[Server]:
    """A server in `home`, which must be empty; it ends with the block."""
    folder = home / "notebooks"
    folder.mkdir(parents=True)
    settings = {**_SETTINGS, _THEME: {"theme": f"JupyterLab {theme.title()}"}}
    for name, values in settings.items():
        target = home / "settings" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(values), encoding="utf-8")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        _command(app, port, folder), env=_environment(home), stdout=log, stderr=log, cwd=folder
    )
    try:
        _wait_until_up(url + ("/" if app == "voila" else "/api"), process)
        yield Server(app, url, folder)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            assert process.poll() is None, "the server ended before it was up"
            time.sleep(0.2)
    raise AssertionError(f"no server at {url} within {_START_S} s")


_READY = """
() => {
  const widget = window.jupyterapp?.shell.currentWidget;
  const session = widget?.context?.sessionContext?.session;
  return Boolean(widget?.context?.isReady && session?.kernel?.connectionStatus === 'connected'
    && session.kernel.status === 'idle');
}
"""


_RAN = """
() => {
  const [cell] = window.jupyterapp.shell.currentWidget.content.widgets;
  return cell.model.executionState === 'idle' && cell.model.executionCount !== null;
}
"""


def write(server: Server, name: str, cells: Sequence[str]) -> None:
    """Put a notebook of code cells into the server's folder."""
    text = json.dumps(notebook(cells))
    (server.folder / f"{name}.ipynb").write_text(text, encoding="utf-8")


def visit(page: Page, server: Server, name: str) -> None:
    """Open a notebook, ready to run; Voila runs it by itself."""
    if server.app == "voila":
        page.goto(f"{server.url}/voila/render/{name}.ipynb", timeout=120_000)
        return
    path = f"lab/workspaces/{name}/tree" if server.app == "lab" else "notebooks"
    page.goto(f"{server.url}/{path}/{name}.ipynb")
    page.wait_for_function(_READY, timeout=120_000)


def run_all(page: Page, server: Server) -> None:
    """Run every cell of the notebook that is open, and wait until the kernel is idle."""
    if server.app == "voila":
        return
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(_READY, timeout=120_000)


def outputs(page: Page) -> str:
    """The text of every cell's output, for a message that says what went wrong."""
    return re.sub(r"\n+", "\n", "\n".join(page.locator(".jp-OutputArea-output").all_inner_texts()))


def run_first(page: Page) -> None:
    """Run the first cell, go to the second, and wait until the kernel is idle."""
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    page.wait_for_function(_RAN, timeout=120_000)
    page.wait_for_function(_READY, timeout=120_000)
