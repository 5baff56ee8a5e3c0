"""JupyterLite: the lab in a browser's Python does what it does here. Run by `make lite`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from lite import scenario

ROOT = Path(__file__).parents[1]
PYODIDE = Path(os.environ.get("K8SLAB_PYODIDE", ROOT / "build" / "lite" / "node_modules" / "pyodide"))


@pytest.fixture(scope="module")
def there() -> Any:
    """What the scenario gives under Pyodide."""
    packages = sysconfig.get_path("purelib")
    command = ["node", str(ROOT / "lite" / "check.mjs"), str(PYODIDE), str(ROOT), packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def here() -> Any:
    """What it gives in this Python."""
    return json.loads(asyncio.run(scenario.main()))


def test_nothing_heavy_is_imported(there: Any) -> None:
    assert (there["light"], there["without"]) == ([], [])


def test_the_same_history_and_the_same_pictures(here: Any, there: Any) -> None:
    assert there["lab"] == here["lab"]


def test_it_says_that_it_cannot_serve(here: Any, there: Any) -> None:
    assert here["refused"] == ""
    assert there["refused"] == "a browser's Python can't serve: use %kubectl or lab.kubectl()"


def test_it_plays_without_threads(here: Any, there: Any) -> None:
    assert there["panel"] == {"played": True, "task": True, "pieces": here["panel"]["pieces"]}
    assert here["panel"]["played"]
    assert not here["panel"]["task"], "where there are threads, one of them plays"
