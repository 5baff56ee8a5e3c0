"""Build a JupyterLite site: the tutorials and the panel in a page that needs no server but one for files.

    python scripts/build_lite.py [--pyodide FOLDER] [OUTPUT]

It needs a Python with the extra `lite`. The site carries JupyterLab, the tutorials, k8slab and what its
panel needs that Pyodide has not; each notebook begins with a cell that installs them from there. Pyodide
itself, and what its distribution has (IPython, PyYAML, the time zones), the page fetches from where the
kernel says.

With `--pyodide`, a folder as npm's package `pyodide` leaves it, the site carries that too and fetches nothing
from elsewhere. That package has the interpreter alone. The pure-Python packages of the distribution are added
in the very versions that its lock file names, PyYAML without its compiled half, and the lock is cut down to
these. What is compiled (numpy, and so matplotlib) is not there: the panel works, figures as pixels don't.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "lite"
BESIDE = ("anywidget", "comm", "ipywidgets", "jupyterlab_widgets", "psygnal")
"""What the panel needs that Pyodide's distribution has not; the kernel has `widgetsnbextension` itself."""
WANTED = ("micropip", "ipython", "jedi", "packaging", "typing-extensions", "pyyaml", "tzdata")
"""What the kernel, k8slab and `BESIDE` need that the distribution has."""
INSTALL = "%pip install -q k8slab"
Packages = dict[str, dict[str, Any]]


def _pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *words, "-q"], check=True)


def _download(requirements: Iterable[str], python: str, folder: Path) -> None:
    """Pure-Python wheels for a Python's version, e.g. `3.14`, without what they depend on."""
    folder.mkdir(parents=True, exist_ok=True)
    only = ("--no-deps", "--only-binary", ":all:", "--platform", "any", "--python-version", python)
    _pip("download", *only, "-d", str(folder), *requirements)


def _key(name: str) -> str:
    """The name under which a package stands in a lock."""
    return name.lower().replace("_", "-").replace(".", "-")


def closure(packages: Mapping[str, Mapping[str, Any]], roots: Iterable[str]) -> list[str]:
    """The names of the packages that `roots` need, themselves included, in sorted order."""
    found: set[str] = set()
    left = [_key(one) for one in roots]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [_key(one) for one in packages[name]["depends"]]
    return sorted(found)


def locked(packages: Mapping[str, Mapping[str, Any]], wheels: Mapping[str, Path]) -> Packages:
    """The lock's packages cut down to those of which there is a wheel, with that file's name and digest."""
    return {
        name: {
            **packages[name],
            "depends": [one for one in packages[name]["depends"] if _key(one) in wheels],
            "file_name": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "unvendored_tests": False,
        }
        for name, wheel in sorted(wheels.items())
    }


def pure_wheel(package: str, distribution: str, folder: Path) -> Path:
    """A wheel of an installed package's Python files, without what is compiled; it must work without that."""
    site = Path(sysconfig.get_path("purelib"))
    (info,) = site.glob(f"{distribution}-*.dist-info")
    version = info.name.removesuffix(".dist-info").rpartition("-")[2]
    stem = f"{distribution.lower()}-{version}"
    wheel = folder / f"{stem}-py3-none-any.whl"
    facts = f"{stem}.dist-info"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted((site / package).rglob("*.py")):
            out.write(file, file.relative_to(site).as_posix())
        out.write(info / "METADATA", f"{facts}/METADATA")
        out.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{facts}/RECORD", "")
    return wheel


def carry_pyodide(given: Path, target: Path) -> None:
    """Copy an npm package's Pyodide, with the wheels that the kernel and k8slab ask its distribution for."""
    shutil.copytree(given, target, ignore=shutil.ignore_patterns("*.map", "*.d.ts", "*.html", "node_modules"))
    lock = json.loads((target / "pyodide-lock.json").read_text(encoding="utf-8"))
    packages, python = lock["packages"], lock["info"]["python"].rpartition(".")[0]
    needed = closure(packages, WANTED)
    pure = [name for name in needed if packages[name]["file_name"].endswith("-none-any.whl")]
    compiled = [name for name in needed if name not in pure]
    assert compiled == ["pyyaml"], f"no pure-Python wheels are known for {compiled}"
    _download([f"{name}=={packages[name]['version']}" for name in pure], python, target)
    wheels = {_key(wheel.name.partition("-")[0]): wheel for wheel in target.glob("*-none-any.whl")}
    wheels["pyyaml"] = pure_wheel("yaml", "pyyaml", target)
    text = json.dumps({**lock, "packages": locked(packages, wheels)})
    (target / "pyodide-lock.json").write_text(text, encoding="utf-8")


def with_install(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """A notebook that begins by installing k8slab, and without outputs, which are to be made in the page."""
    first = {
        "cell_type": "code",
        "execution_count": None,
        "id": "install",
        "metadata": {},
        "outputs": [],
        "source": INSTALL,
    }
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    kernel = {"kernelspec": {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}}
    return {**notebook, "cells": [first, *cells], "metadata": {**notebook["metadata"], **kernel}}


def write_contents(sources: Path, target: Path) -> None:
    """The tutorials and their manifests, ready for the page."""
    shutil.copytree(sources / "manifests", target / "manifests")
    for file in sorted(sources.glob("*.ipynb")):
        notebook = with_install(json.loads(file.read_text(encoding="utf-8")))
        (target / file.name).write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def build(output: Path, pyodide: Path | None, python: str) -> None:
    """Build the site, anew."""
    work = BUILD / "site-sources"
    for folder in (work, output):
        if folder.exists():
            shutil.rmtree(folder)
    wheels = work / "wheels"
    _download(BESIDE, python, wheels)
    _pip("wheel", "--no-deps", "-w", str(wheels), str(ROOT))
    write_contents(ROOT / "notebooks", work / "contents")
    if pyodide is not None:
        carry_pyodide(pyodide, work / "static" / "pyodide")
    words = [sys.executable, "-m", "jupyter", "lite", "build", "--no-sourcemaps", "--lite-dir", str(work)]
    words += ["--output-dir", str(output), "--contents", str(work / "contents")]
    for wheel in sorted(wheels.glob("*.whl")):
        words += ["--piplite-wheels", str(wheel)]
    subprocess.run(words, check=True, cwd=work)


def main() -> None:
    """Do what was asked for."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_PYTHON_VERSION

    parser = argparse.ArgumentParser(description="Build a JupyterLite site of the tutorials.")
    parser.add_argument("--pyodide", type=Path, help="npm's pyodide, to be carried by the site")
    parser.add_argument("output", type=Path, nargs="?", default=BUILD / "site")
    given = parser.parse_args()
    build(given.output.resolve(), given.pyodide and given.pyodide.resolve(), PYODIDE_PYTHON_VERSION)
    print(f"The site is in {given.output}: any web server for files can publish it.")


if __name__ == "__main__":
    main()
