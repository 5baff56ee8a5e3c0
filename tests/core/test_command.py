"""The command `k8slab`: what a terminal gets to see of a lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slab.command import main

MANIFEST = str(Path(__file__).parents[2] / "notebooks" / "manifests" / "nginx-statefulset.yaml")

RUNS: dict[str, tuple[list[str], int, str, str]] = {
    "until nothing changes any more": ([], 0, "StatefulSet nginx-statefulset: 3 of 3 ready", ""),
    "for a duration": (["--until", "1s"], 0, "StatefulSet nginx-statefulset: 0 of 3 ready", ""),
    "until a condition holds": (
        ["--until", "jsonpath={.status.readyReplicas}=2 statefulset/nginx-statefulset"],
        0,
        "StatefulSet nginx-statefulset: 2 of 3 ready",
        "",
    ),
    "a condition that never holds": (
        ["--until", "jsonpath={.status.readyReplicas}=4 statefulset/nginx-statefulset"],
        1,
        "",
        "timed out waiting for jsonpath={.status.readyReplicas}=4 statefulset/nginx-statefulset\n",
    ),
    "a condition that isn't one": (
        ["--until", "happy pod/a"],
        1,
        "",
        'error: unrecognized condition: "happy"\n',
    ),
    "a duration that isn't one": (
        ["--until", "7q"],
        1,
        "",
        'invalid duration "7q": write seconds, or e.g. 90s, 5m, 1h30m\n',
    ),
    "one Pod is one": (["--until", "5s"], 0, ", Ready, 1 pod\n", ""),
}


@pytest.mark.parametrize(("options", "code", "out", "err"), RUNS.values(), ids=RUNS)
def test_run(options: list[str], code: int, out: str, err: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", MANIFEST, *options]) == code
    said = capsys.readouterr()
    assert out in said.out
    assert said.err == err


def test_a_manifest_that_is_refused_leaves_no_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n")
    assert main(["run", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "spec.containers: Required value" in said.err
