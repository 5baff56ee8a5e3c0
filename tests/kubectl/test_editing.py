"""`kubectl edit` in a notebook: the cell's text is what was saved in the editor."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from small_lab import SmallLab

from k8slab.kubectl import run


class Case(NamedTuple):
    """A command, what is made of the text that it shows, and what is said then."""

    command: str
    change: Callable[[str], str]
    stdout: str
    stderr: str = ""
    code: int = 0


def replacing(old: str, new: str) -> Callable[[str], str]:
    """An edit that replaces a part of the text, which must be there."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


CASES = {
    "value": Case("edit cm cfg", replacing('a.b: "1"', 'a.b: "2"'), "configmap/cfg edited\n"),
    "patch shown": Case(
        "edit cm cfg --output-patch",
        replacing('a.b: "1"', 'a.b: "2"'),
        'Patch: {"data":{"a.b":"2"}}\nconfigmap/cfg edited\n',
    ),
    "as JSON": Case("edit cm cfg -o json", replacing('"a.b": "1"', '"a.b": "2"'), '"a.b": "2"\n', code=0),
    "two objects, one changed": Case(
        "edit cm/cfg svc/web",
        replacing('a.b: "1"', 'a.b: "2"'),
        "configmap/cfg edited\nservice/web skipped\n",
    ),
    "nothing changed": Case("edit cm cfg", lambda text: text, "", "Edit cancelled, no changes made.\n"),
    "only a comment added": Case(
        "edit cm cfg", lambda text: f"# a note\n{text}", "", "Edit cancelled, no changes made.\n"
    ),
    "renamed": Case(
        "edit cm cfg",
        replacing("name: cfg", "name: other"),
        "",
        "error: At least one of apiVersion, kind and name was changed\n",
        1,
    ),
    "refused by the server": Case(
        "edit deploy web",
        replacing("replicas: 1", "replicas: -1"),
        "# * spec.replicas: Invalid value: -1: must be greater than or equal to 0\n",
        'error: deployments.apps "web" is invalid\nerror: Edit cancelled, no valid changes were saved.\n',
        1,
    ),
    "no YAML": Case(
        "edit cm cfg",
        replacing("kind: ConfigMap", "kind: ["),
        '# configmaps "cfg" was not valid:\n',
        'error: configmaps "cfg" is invalid\nerror: Edit cancelled, no valid changes were saved.\n',
        1,
    ),
    "emptied": Case(
        "edit cm cfg",
        lambda text: "# nothing\n",
        '# * <nil>: Invalid value: "The edited file failed validation": invalid object to validate\n',
        'error: configmaps "cfg" is invalid\nerror: Edit cancelled, no valid changes were saved.\n',
        1,
    ),
    "moved to another namespace": Case(
        "edit cm cfg",
        replacing("namespace: default", "namespace: other"),
        "",
        'error: the namespace from the provided object "other" does not match the namespace "default". You '
        "must pass '--namespace=other' to perform this operation.\n",
        1,
    ),
    "before it is created": Case(
        "create -f generate.yaml --edit",
        replacing("generateName: x-", "name: three"),
        "configmap/three created\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_saved_is_stored(name: str) -> None:
    case = CASES[name]
    shown = run(SmallLab(), shlex.split(case.command))
    result = run(SmallLab(), shlex.split(case.command), case.change(shown.stdout))
    assert case.stdout in result.stdout
    assert (result.stderr, result.code) == (case.stderr, case.code)


def test_what_is_noted_can_be_edited() -> None:
    lab = SmallLab()
    run(lab, ["apply", "-f", "two.yaml"])
    shown = run(lab, ["apply", "edit-last-applied", "cm/one"])
    assert shown.stdout.startswith("# Please edit the 'last-applied-configuration' annotations below.\n")
    result = run(lab, ["apply", "edit-last-applied", "cm/one"], shown.stdout.replace("a: '1'", "a: '9'"))
    assert result.stderr == "Edit cancelled, no changes made.\n"
    result = run(lab, ["apply", "edit-last-applied", "cm/one"], shown.stdout.replace('a: "1"', 'a: "9"'))
    assert (result.stdout, result.code) == ("configmap/one edited\n", 0)
    assert '"a":"9"' in run(lab, ["apply", "view-last-applied", "cm/one", "-o", "json"]).stdout.replace(
        " ", ""
    )


def test_what_is_not_noted_cannot_be_edited() -> None:
    result = run(SmallLab(), ["apply", "edit-last-applied", "sa/default"])
    assert (result.code, result.stderr.startswith("error: no last-applied-configuration annotation")) == (
        1,
        True,
    )
