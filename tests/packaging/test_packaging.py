"""What a newcomer's machine, Binder and an importer get."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("IPython", "anywidget", "croniter", "ipywidgets", "matplotlib", "networkx", "numpy", "yaml")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def modules_after(statement: str) -> list[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    names: list[str] = json.loads(done.stdout)
    return names


def test_the_import_pays_for_nothing_heavy() -> None:
    loaded = modules_after("import k8slab")
    assert [name for name in HEAVY if name in loaded] == []


def test_a_lab_without_pictures_needs_no_pictures() -> None:
    loaded = modules_after("from k8slab import Lab; Lab(nodes=1).kubectl('get nodes')")
    assert [
        name for name in loaded if name in ("IPython", "anywidget", "ipywidgets", "matplotlib", "networkx")
    ] == []


def test_binder_accepts_the_repository() -> None:
    program = Path(sys.executable).parent / "jupyter-repo2docker"
    done = subprocess.run(
        [str(program), "--no-build", "--debug", str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    dockerfile = done.stdout + done.stderr
    assert '-r "binder/requirements.txt"' in dockerfile
    assert "./binder/postBuild" in dockerfile


def test_binder_asks_for_a_python_that_the_project_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    minor = int(runtime.removeprefix("python-3."))
    assert minor >= int(project["requires-python"].removeprefix(">=3."))


def test_every_dependency_has_a_range_and_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    wanted = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    for requirement in wanted:
        name = requirement.split(">")[0].split("=")[0].split("<")[0].strip()
        assert ">=" in requirement, f"{name} has no lower bound"
        assert name in reasons, f"ARCHITECTURE.md doesn't say what {name} is for"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_code_cell_of_a_notebook_was_run(path: Path) -> None:
    """A cell without its number is one that nbval would not compare."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells, "a tutorial has code"
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [output["output_type"] for cell in cells for output in cell["outputs"]]
    assert "error" not in kinds


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_has_its_source(path: Path) -> None:
    assert path.with_suffix(".py").exists()


def test_there_are_tutorials() -> None:
    assert NOTEBOOKS
