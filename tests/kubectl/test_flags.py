"""Every command and every flag that the kubectl binary lists is known in process, done or refused aloud."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

import k8slab.kubectl
from k8slab.kubectl.command import GLOBAL_FLAGS, find, verbs
from k8slab.kubectl.flag_table import as_text, rows
from k8slab.lab import Lab
from k8slab.server.serving import kubectl_path

DOCUMENT = Path(__file__).parents[2] / "docs" / "kubectl-flags.md"
SOURCES = sorted(Path(k8slab.kubectl.__file__).parent.rglob("*.py"))
_OPTION = re.compile(r"^    (?:-(\w), )?\s*--([\w-]+)=", re.MULTILINE)
_COMMANDS = re.compile(r"^[^\n]*Commands[^\n]*:\n((?:  [^\n]*\n)+)", re.MULTILINE)

OF_LATER_VERSIONS = {("explain", "max-depth"), ("", "proxy-url")}
"""Flags that kubectl got after v1.36."""

Flags = Mapping[str, str]


@cache
def _help(words: tuple[str, ...]) -> str:
    command = [kubectl_path(), *words, *(() if words == ("options",) else ("--help",))]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _listed() -> Iterator[tuple[str, Flags]]:
    """Every command that the binary lists, with its flags and their short forms."""
    level: list[tuple[str, ...]] = [(), ("options",)]
    with ThreadPoolExecutor(2) as pool:
        while level:
            deeper: list[tuple[str, ...]] = []
            for words, text in zip(level, pool.map(_help, level), strict=True):
                full = "" if words == ("options",) else " ".join(words)
                yield full, {name: short or "" for short, name in _OPTION.findall(text)}
                for block in _COMMANDS.findall(text):
                    deeper += [(*words, line.split()[0]) for line in block.splitlines()]
            level = [words for words in deeper if words != ("options",)]


def test_every_command_and_flag_of_the_binary_is_known() -> None:
    unknown: list[str] = []
    for command, flags in _listed():
        verb, full, rest = find(command.split())
        own = {flag.name: flag.short for flag in (*GLOBAL_FLAGS, *verb.flags)}
        if rest or full != command:
            unknown.append(command)
        unknown += [
            f"{command} -{short} --{name}"
            for name, short in flags.items()
            if own.get(name) != short and (command, name) not in OF_LATER_VERSIONS
        ]
    assert unknown == []


_DEFAULTS = re.compile(r"^    (?:-\w, )?--[\w-]+=.*?(?=:?$)", re.MULTILINE)
_USAGE = re.compile(r"^Usage:\n.*\Z", re.MULTILINE | re.DOTALL)
_EXAMPLES = re.compile(r"^Examples:\n.*?^Options:\n", re.MULTILINE | re.DOTALL)


def test_help_tells_of_the_binarys_arguments_flags_and_defaults() -> None:
    different: list[str] = []
    lab = Lab(nodes=1)
    for command, _ in _listed():
        words = tuple(command.split())
        binary = _EXAMPLES.sub("", _help(words))
        inside = lab.kubectl(f"{command} --help").stdout
        later = [f"--{name}=" for one, name in OF_LATER_VERSIONS if one == command]
        defaults = [one for one in _DEFAULTS.findall(binary) if not any(name in one for name in later)]
        own = [
            one
            for one in _DEFAULTS.findall(inside)
            if "--kuberc=" not in one or not command.startswith("kuberc")
        ]
        if [one for one in defaults if "--kuberc=" not in one] != own:
            different.append(f"{command}: {sorted(set(defaults) ^ set(own))}")
        if _USAGE.findall(binary) != _USAGE.findall(inside):
            different.append(f"{command}: {_USAGE.findall(binary)} {_USAGE.findall(inside)}")
        assert lab.kubectl(f"help {command}").stdout == inside
    assert different == []


def test_help_knows_no_other_topic() -> None:
    refused = Lab(nodes=1).kubectl("help nope")
    done = subprocess.run([kubectl_path(), "help", "nope"], capture_output=True, text=True, check=False)
    assert (refused.code, refused.stdout) == (done.returncode, done.stdout)
    assert refused.stderr.split("\n")[0] == done.stderr.split("\n")[0]


def _words_of(path: Path) -> Iterator[str]:
    """The texts of a module that don't declare a flag."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    declared = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Flag"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in declared:
            yield node.value


def test_a_flag_that_no_code_looks_at_says_why() -> None:
    read = {word for path in SOURCES if path.stem != "word_completion" for word in _words_of(path)}
    silent = [
        f"{row.command} --{flag.name}"
        for row in rows()
        for flag in row.flags
        if flag.name not in read and not (flag.idle or flag.refused or row.refused)
    ]
    assert silent == []


def test_the_document_is_the_table() -> None:
    if os.environ.get("K8SLAB_UPDATE_GOLDEN"):
        DOCUMENT.write_text(as_text(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == as_text()


REFUSED = {
    f"{row.command} --{flag.name}": flag.refused for row in rows()[1:] for flag in row.flags if flag.refused
}


@pytest.mark.parametrize(("command", "reason"), REFUSED.items(), ids=REFUSED)
def test_a_refused_flag_is_refused_with_its_reason(command: str, reason: str) -> None:
    result = Lab(0).kubectl(f"{command}=true")
    name = command.rpartition("--")[2]
    assert (result.stderr, result.code) == (f"error: --{name} is not simulated: {reason}\n", 1)


def test_an_apply_that_would_leave_conflicts_is_refused() -> None:
    lab = Lab(1)
    manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: '1'}}"
    assert lab.kubectl("apply -f - --overwrite=false", stdin=manifest).code == 0
    assert lab.kubectl("apply -f - --overwrite=false", stdin=manifest).stdout == "configmap/c unchanged\n"
    lab.kubectl('patch configmap c -p \'{"data": {"a": "2"}}\'')
    refused = lab.kubectl("apply -f - --overwrite=false", stdin=manifest)
    assert refused.code == 1
    conflict = 'patch:\ndata:\n  a: "1"\n\nconflicts with changes made from original to current:\n'
    assert refused.stderr.count(conflict) == 3
    assert lab.get("configmap/c")["data"] == {"a": "2"}


def test_a_refused_command_says_what_to_do() -> None:
    refused = {row.command: row.refused for row in rows() if row.refused}
    assert sorted(refused) == ["kuberc set", "proxy"]
    for command, reason in refused.items():
        assert Lab(0).kubectl(command).stderr == f"error: {reason}\n"


def test_no_flag_is_declared_twice() -> None:
    for row in rows():
        names = [flag.name for flag in row.flags]
        assert len(names) == len(set(names)), row.command
    assert len(verbs()) > 40
