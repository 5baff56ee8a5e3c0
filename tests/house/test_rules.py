"""The rules of the house: what keeps a run repeatable and the code findable."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import k8slab

ROOT = Path(k8slab.__file__).parent
WALL_TIME = ("panel", "renderers", "server", "reference", "command.py", "__main__.py")
MODULES = sorted(path for path in ROOT.rglob("*.py"))
SIMULATION = [path for path in MODULES if path.relative_to(ROOT).parts[0] not in WALL_TIME]

FORBIDDEN_MODULES = ("random", "uuid", "secrets", "copy")
FORBIDDEN_CALLS = (
    ("time", "time"),
    ("time", "monotonic"),
    ("time", "perf_counter"),
    ("time", "sleep"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("os", "urandom"),
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SIMULATION, ids=name_of)
def test_the_simulation_reads_no_clock_and_no_chance(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
        else:
            names = []
        assert not set(names) & set(FORBIDDEN_MODULES), f"line {node.lineno}: imports {names}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            base = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            assert (base, node.func.attr) not in FORBIDDEN_CALLS, (
                f"line {node.lineno}: {base}.{node.func.attr}()"
            )
        if isinstance(node, ast.Name):
            assert node.id != "deepcopy", f"line {node.lineno}: deepcopy"


def is_set(node: ast.expr) -> bool:
    """Whether an expression is plainly a set, whose order depends on the hash seed."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("set", "frozenset")
    )


@pytest.mark.parametrize("path", SIMULATION, ids=name_of)
def test_the_simulation_never_iterates_over_a_set(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        iterables: list[ast.expr] = []
        if isinstance(node, ast.For):
            iterables.append(node.iter)
        elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
            iterables.extend(generator.iter for generator in node.generators)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("list", "tuple")
        ):
            iterables.extend(node.args)
        for iterable in iterables:
            assert not is_set(iterable), f"line {iterable.lineno}: order of a set"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), "a module docstring"


FOLDERS = {
    "api.kinds": "KIND",
    "api.validation": "RULES",
    "api.printers": "TABLE",
    "controllers": "CONTROLLER",
    "scheduler.plugins": "PLUGIN",
    "containers.programs": "PROGRAM",
    "kubectl.verbs": "VERB",
    "graph.relations": "RELATION",
    "scene.portrayals": "PORTRAYAL",
    "cluster.admission": "ADMISSION",
    "texts": "TEXTS",
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_of_a_folder_exports_its_one_constant(folder: str) -> None:
    package = importlib.import_module(f"k8slab.{folder}")
    names = [
        module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")
    ]
    assert names, "a folder that is discovered has modules"
    for name in names:
        module = importlib.import_module(f"{package.__name__}.{name}")
        assert hasattr(module, FOLDERS[folder]), f"{folder}/{name}.py exports {FOLDERS[folder]}"
