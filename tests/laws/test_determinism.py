"""The same seed and inputs give the same history: in every process, Python and fork."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from k8slab.lab import Lab

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "notebooks" / "manifests" / "nginx-statefulset.yaml"
STORY = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from k8slab.lab import Lab
lab = Lab(nodes=4, seed=11)
lab.kubectl("apply -f {MANIFEST}")
lab.settle()
lab.kubectl("exec nginx-statefulset-0 -- sh -c 'date > /usr/share/nginx/html/index.html'")
lab.crash("node-2")
lab.run("8m")
lab.kubectl("scale sts nginx-statefulset --replicas=5")
lab.recover("node-2")
lab.settle()
print(lab.digest(), lab.world.store.revision, lab.now)
"""


PACKAGES = Path(yaml.__file__).resolve().parents[1]
"""Where this Python's packages lie: all that the story needs of them is pure Python."""


def told_by(python: str, hash_seed: str) -> str:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(PACKAGES),
    }
    done = subprocess.run([python, "-c", STORY], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pythons() -> list[str]:
    """The interpreters from 3.11 on that are installed here, one of each minor version."""
    found = {sys.version_info[1]: sys.executable}
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in (11, 12, 13):
        places = [
            shutil.which(f"python3.{minor}") or "",
            *map(str, sorted(managed.glob(f"3.{minor}*/bin/python"))),
        ]
        for path in filter(None, places):
            version = subprocess.run([path, "-c", "print(1)"], capture_output=True, text=True, check=False)
            if version.stdout == "1\n":
                found.setdefault(minor, path)
    return [found[minor] for minor in sorted(found)]


@pytest.fixture(scope="module")
def first() -> str:
    return told_by(sys.executable, "0")


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_the_digest_does_not_depend_on_the_hash_seed(first: str, hash_seed: str) -> None:
    assert told_by(sys.executable, hash_seed) == first


@pytest.mark.parametrize("python", pythons(), ids=lambda path: "-".join(Path(path).parts[-3:]))
def test_every_python_tells_the_same_story(first: str, python: str) -> None:
    assert told_by(python, "random") == first


def begun() -> Lab:
    lab = Lab(nodes=3, seed=5)
    lab.apply(MANIFEST)
    lab.run("9s")
    return lab


def go_on(lab: Lab) -> str:
    lab.kubectl("delete pod nginx-statefulset-0 --wait=false")
    lab.crash("node-1")
    lab.run("6m")
    lab.recover("node-1")
    lab.settle()
    return lab.digest()


def test_a_fork_and_a_straight_run_agree() -> None:
    straight, forked = begun(), begun().fork()
    assert go_on(forked) == go_on(straight)


def test_a_fork_changes_nothing_in_the_original() -> None:
    lab = begun()
    before = lab.digest()
    go_on(lab.fork())
    assert lab.digest() == before
    assert go_on(lab) == go_on(begun())


def test_another_seed_gives_another_history() -> None:
    digests = []
    for seed in (1, 2):
        lab = Lab(nodes=3, seed=seed)
        lab.apply(MANIFEST)
        lab.settle()
        digests.append(lab.digest())
    assert digests[0] != digests[1]


def test_looking_changes_nothing() -> None:
    lab, other = begun(), begun()
    for command in ("get pods -o wide", "get all", "describe pod nginx-statefulset-0", "get events"):
        lab.kubectl(command)
    lab.why("pod/nginx-statefulset-0")
    str(lab.draw(format="text"))
    assert lab.digest() == other.digest()
    assert go_on(lab) == go_on(other)
