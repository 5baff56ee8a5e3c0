"""Saved labs: files, lines and links, and what is said of those that are none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8slab import saved
from k8slab.cluster.request import Request
from k8slab.lab import Lab
from tests.renderers.labs import workload


def busy_lab() -> Lab:
    """A lab to which everything was done that can be done."""
    lab = Lab(nodes=2, seed=11)
    lab.apply([workload("StatefulSet", "db", replicas=2, serviceName="db")])
    lab.run("20s")
    lab.add_node(zone="d")
    lab.set_load("pod/db-0", cpu="200m")
    lab.break_registry()
    lab.mend_registry()
    lab.stop_api_server()
    lab.start_api_server()
    lab.slow_api_server(0.5)
    lab.refuse_writes(0.25, "Lost")
    lab.run("5s")
    lab.mend_api_server()
    console = lab.start_command("default", "db-0", "", ["cat"], has_input=True)
    lab.type_in("default", console, "bytes that are no text: \udcff\n", ended=True)
    lab.end_command("default", console)
    lab.hang("pod/db-0")
    lab.resume("pod/db-0")
    lab.kill("pod/db-0")
    lab.fill_storage("pod/db-1", "1Mi")
    lab.run_out_of_memory("pod/db-1")
    lab.disconnect("node-2")
    lab.recover("node-2")
    lab.stop_kubelet("node-1")
    lab.crash("node-1")
    lab.crash_zone("d")
    lab.recover_zone("d")
    lab.fill_disk("node-2")
    lab.fill_memory("node-3", "2Gi")
    lab.slow_node("node-3")
    lab.skew_clock("node-3", "-1m30s")
    lab.use_up_pids("node-3")
    lab.request(Request("DELETE", "/api/v1/namespaces/default/pods/db-0", query={}, headers={}, body=b""))
    lab.remove_node("node-3")
    lab.kubectl("scale sts db --replicas=3")
    lab.run("30s")
    return lab


@pytest.fixture(scope="module")
def lab() -> Lab:
    return busy_lab()


@pytest.fixture(scope="module")
def document(lab: Lab) -> dict[str, Any]:
    return saved.read(lab.save())


def test_everything_that_can_be_done_can_be_saved(lab: Lab) -> None:
    assert {one.verb for one in lab.inputs} == saved.ARGUMENTS.keys()


@pytest.mark.parametrize("name", ["lab.json", "lab.yaml", "lab.yml"])
def test_a_file_plays_again_to_the_same_digest(lab: Lab, tmp_path: Path, name: str) -> None:
    lab.save(tmp_path / name)
    assert Lab.load(tmp_path / name).digest() == Lab.load(str(tmp_path / name)).digest() == lab.digest()


@pytest.mark.parametrize("page", ["", "https://lab.example/play?theme=dark"])
def test_a_link_plays_again_to_the_same_digest(lab: Lab, page: str) -> None:
    link = lab.link(page)
    assert re.fullmatch(r"#lab=[A-Za-z0-9_-]+", link.removeprefix(page))
    assert len(link) < 2500
    assert Lab.load(link).digest() == Lab.load(f"  {link}&x=1\n").digest() == lab.digest()


def test_a_yaml_file_can_be_read(lab: Lab, tmp_path: Path) -> None:
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\ndata:\n  sky: 'no'\n"
    other = Lab(nodes=1)
    other.apply(manifest)
    other.save(tmp_path / "lab.yaml")
    text = (tmp_path / "lab.yaml").read_text(encoding="utf-8")
    assert "    sky: 'no'\n" in text
    assert "seed: 7" in text
    assert Lab.load(tmp_path / "lab.yaml").digest() == other.digest()


def changed(document: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {**document, **parts}


INPUT = [1, "crash", ["node-1"], 1]
WRONG = [
    (
        {"k8slab": 2, "version": "0.9.0"},
        "saved by k8slab 0.9.0 in format 2; .* reads up to format 1: upgrade",
    ),
    ({"k8slab": 99, "version": "9"}, "saved by k8slab 9 in format 99"),
    ({"k8slab": 0}, "there is no format 0"),
    ({"k8slab": "x"}, "there is no format 'x'"),
    ({"digest": None}, "no digest that could be used"),
    ({"inputs": {}}, "no inputs that could be used"),
    ({"lab": {"seed": "x"}}, "made with seed = 'x'"),
    ({"lab": {"components": []}}, "made with components"),
    ({"inputs": ["crash"]}, r"inputs\[0\] is not an instant"),
    ({"inputs": [INPUT, [1, "crash", "node-1", 1]]}, r"inputs\[1\] is not an instant"),
    ({"inputs": [[1, "save", ["/tmp/x"], 1]]}, "is 'save', which is nothing that can be done"),
    ({"inputs": [[1, "__init__", [], 1]]}, "nothing that can be done"),
    ({"inputs": [[1, "crash", [], 1]]}, "other arguments than crash takes"),
    ({"inputs": [[1, "kubectl", ["get pods", "", []], 1]]}, "other arguments than kubectl takes"),
]


@pytest.mark.parametrize(("parts", "words"), WRONG, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_said(document: dict[str, Any], parts: Any, words: str) -> None:
    with pytest.raises(saved.SavedLabError, match=words):
        saved.read(saved.to_text(changed(document, **parts)))


@pytest.mark.parametrize("missing", ["lab", "inputs", "steps", "nowUs", "digest"])
def test_what_is_missing_is_said(document: dict[str, Any], missing: str) -> None:
    rest = {name: part for name, part in document.items() if name != missing}
    with pytest.raises(saved.SavedLabError, match=f"it has no {missing}$"):
        saved.checked(rest)


def test_a_text_that_was_cut_short(lab: Lab) -> None:
    text = lab.save()
    for length in (len(text) - 8, len(text) // 2, 40):
        with pytest.raises(saved.SavedLabError, match="cut short"):
            saved.read(text[: length // 4 * 4])


@given(st.integers(0, 10**6), st.sampled_from("AZaz09-_+/ é"))
def test_one_wrong_letter_never_goes_unnoticed(place: int, letter: str) -> None:
    """Invariant: a damaged line is refused, or it is the same document."""
    text = saved.to_text(SMALL)
    place %= len(text)
    damaged = text[:place] + letter + text[place + 1 :]
    try:
        found = saved.read(damaged)
    except saved.SavedLabError:
        return
    assert found == SMALL


SMALL = {
    "k8slab": 1,
    "version": "0.1.0",
    "lab": {"nodes": ["node-1"], "seed": 7, "timing": "realistic", "gates": []},
    "inputs": [INPUT],
    "steps": 5,
    "nowUs": 9,
    "digest": "d",
}


@pytest.mark.parametrize(
    ("name", "text"), [("x.json", '{"k8slab": 1,'), ("x.yaml", "k8slab: [1"), ("x.yaml", "- a list")]
)
def test_a_damaged_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(saved.SavedLabError, match="no saved lab"):
        Lab.load(tmp_path / name)


def test_a_bomb_does_not_go_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "_MOST_BYTES", 1000)
    with pytest.raises(saved.SavedLabError, match="more than 1000 bytes"):
        saved.read(saved.to_text({**SMALL, "digest": "d" * 5000}))


def test_yaml_files_hold_plain_data_only(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("k8slab: !!python/object/apply:os.system ['true']\n", encoding="utf-8")
    with pytest.raises(saved.SavedLabError, match="damaged"):
        Lab.load(path)


def test_json_and_yaml_hold_the_same(lab: Lab, tmp_path: Path) -> None:
    lab.save(tmp_path / "lab.json")
    lab.save(tmp_path / "lab.yaml")
    read = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
    assert read == yaml.safe_load((tmp_path / "lab.yaml").read_text(encoding="utf-8"))
