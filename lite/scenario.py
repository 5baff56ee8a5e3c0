"""What is run under Pyodide and under this Python alike: a lab, its pictures, its panel. It prints JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

MANIFEST = """
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  replicas: 3
  selector:
    matchLabels: {app: db}
  template:
    metadata:
      labels: {app: db}
    spec:
      containers:
      - name: main
        image: nginx
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: hello
spec:
  schedule: "* * * * *"
  timeZone: Europe/Zurich
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: busybox
            command: ["sh", "-c", "date; echo hello"]
"""
HEAVY = ("matplotlib", "numpy", "PIL", "uvicorn")


def lab_story() -> dict[str, Any]:
    """A lab with a crash, gone back and saved."""
    from k8slab import Lab

    lab = Lab(nodes=3)
    lab.apply(MANIFEST)
    lab.settle()
    lab.crash("node-2")
    lab.run("7m")
    digest = lab.digest()
    again = Lab.load(lab.save())
    found = {
        "digest": digest,
        "loaded": again.digest() == digest,
        "pods": lab.kubectl("get pods -o wide").stdout,
        "why": lab.why("pod/db-1"),
        "svg": lab.draw().svg,
        "text": lab.draw(format="text"),
        "gantt": lab.draw("gantt", format="text"),
    }
    with tempfile.TemporaryDirectory() as folder:
        page = lab.export(Path(folder) / "film.html")
        found["film"] = page.stat().st_size > 50_000
    lab.rewind("5m")
    found["rewound"] = lab.now
    return found


async def panel_story() -> dict[str, Any]:
    """A panel that plays, as a thread where there are threads and else as a task."""
    from k8slab import Lab

    lab = Lab(nodes=2)
    lab.apply(MANIFEST.partition("---")[0])
    panel = lab.panel()
    before = lab.now
    panel.controls.speed.value = 60.0
    panel.controls.play.value = True
    runner = panel.player._runner
    for _ in range(200):
        await asyncio.sleep(0.02)
        if lab.now > before + 5:
            break
    panel.controls.play.value = False
    pieces = [repr(lab.controls()), repr(lab.console())]
    return {"played": lab.now > before + 5, "task": isinstance(runner, asyncio.Task), "pieces": pieces}


def refused() -> str:
    """What a lab says that is asked to serve where it can't; nothing where it can."""
    from k8slab import Lab
    from k8slab.lab import LabError

    if sys.platform != "emscripten":
        return ""
    try:
        Lab(nodes=1).serve()
    except LabError as error:
        return str(error)
    return "it serves"


async def main() -> str:
    """Everything, as JSON."""
    import k8slab  # noqa: F401

    light = [name for name in HEAVY if name in sys.modules]
    lab = lab_story()
    without = [name for name in HEAVY if name in sys.modules]
    panel = await panel_story()
    return json.dumps({"light": light, "without": without, "lab": lab, "panel": panel, "refused": refused()})
