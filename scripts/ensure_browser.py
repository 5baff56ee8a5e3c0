"""Find a Chromium for the browser tests, or install one: Debian's package, else Playwright's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def found() -> str:
    """The path of a Chromium that is there; empty where there is none."""
    for name in (os.environ.get("K8SLAB_BROWSER", ""), *NAMES):
        path = shutil.which(name) if name else None
        if path:
            return path
    return ""


def playwright_has_one() -> bool:
    """Whether Playwright's own Chromium is installed."""
    code = (
        "import os; from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: raise SystemExit(0 if os.path.exists(p.chromium.executable_path) else 1)"
    )
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def main() -> int:
    if found() or playwright_has_one():
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "chromium"], check=False, stdout=subprocess.DEVNULL
        )
        if found():
            return 0
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
