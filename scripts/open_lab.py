"""Open JupyterLab on a notebook; where there is no browser, say the URL."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path


def main(notebook: str) -> int:
    try:
        webbrowser.get()
        browser = bool(
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform != "linux"
        )
    except webbrowser.Error:
        browser = False
    arguments = ["jupyter-lab", notebook]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    program = Path(sys.executable).parent / "jupyter-lab"
    os.execv(program, [str(program), *arguments[1:]])  # JupyterLab prints its URL itself.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
