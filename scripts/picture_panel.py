"""Take the pictures of the panel that stand in the documents, in a real JupyterLab of either theme.

They show a StatefulSet whose node has crashed, the question that this raises, and
the inspector's answer.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import jupyter
from tests.browser import chromium

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SETUP = """
from k8slab import Lab
lab = Lab(nodes=3)
lab.apply({manifest!r})
lab.kubectl("create deployment web --image=nginx --replicas=4")
lab.settle()
lab.crash(lab.get("pod/nginx-statefulset-1")["spec"]["nodeName"])
lab.run("8m")
"""
MANIFEST = Path(__file__).parents[1] / "notebooks" / "manifests" / "nginx-statefulset.yaml"
SELECTED = "Pod/default/nginx-statefulset-1"


def picture(theme: str, target: Path) -> None:
    """One picture of the panel alone."""
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        jupyter.serving("lab", Path(folder) / "home", theme) as server,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 1500})
        jupyter.write(server, "panel", [SETUP.format(manifest=str(MANIFEST)), "lab.panel()"])
        jupyter.visit(page, server, "panel")
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        jupyter.run_all(page, server)
        page.wait_for_selector(".k8-object")
        page.click(f'[data-id="{SELECTED}"]')
        page.locator(".k8slab-pages button", has_text="Why").click()
        page.mouse.move(2, 2)
        page.wait_for_timeout(1500)
        page.locator(".k8slab-panel").first.screenshot(path=target)


def main() -> int:
    for theme in ("light", "dark"):
        picture(theme, IMAGES / f"panel-{theme}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
