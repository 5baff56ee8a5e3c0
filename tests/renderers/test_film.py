"""Films: the past of a lab as scenes, and the files that show them."""

from __future__ import annotations

import json
import sys
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from k8slab.lab import Lab
from k8slab.renderers import film, scene_of
from k8slab.renderers.gif import gif_bytes, indexed, palette
from k8slab.renderers.raster import Raster
from k8slab.scene import apply, diff
from k8slab.scene.scene import Scene, to_json
from tests.renderers.labs import minute, short


def shots(lab: Lab, instants: list[int]) -> list[film.Shot]:
    return list(film.shoot(lab, instants))


def pods(scene: Scene) -> dict[str, tuple[str, str]]:
    return {item.label: (item.state, item.detail) for item in scene.items.values() if item.kind == "Pod"}


def test_the_last_scene_is_the_lab_as_it_is() -> None:
    lab = minute()
    last = shots(lab, film.moments(lab, film.stretch_of(lab, None, None)))[-1].scene
    assert pods(last) == pods(scene_of(lab))
    assert (last.now_us, last.header) == (lab.now_us, scene_of(lab).header)


@pytest.mark.parametrize("seconds", [9.0, 11.5, 16.0])
def test_a_scene_of_the_past_is_that_of_the_lab_gone_back(seconds: float) -> None:
    lab = short()
    then = lab.at(seconds)
    shot = shots(lab, [lab.ready_us, then.now_us])[-1].scene
    assert pods(shot) == pods(scene_of(then))


def test_what_was_not_done_yet_is_not_shown() -> None:
    lab = minute()
    words = json.dumps(to_json(shots(lab, [lab.start_us + 30_000_000])[0].scene))
    assert "crash" not in words
    assert "crash" in json.dumps(to_json(shots(lab, [lab.now_us])[0].scene))


def test_the_ids_that_a_shot_names_are_all_that_differ() -> None:
    lab = minute()
    found = shots(lab, film.moments(lab, film.stretch_of(lab, None, None)))
    for before, after in pairwise(found):
        patched = apply(diff(before.scene, after.scene, after.changed), before.scene)
        assert patched == after.scene


def test_the_axis_keeps_still() -> None:
    lab = minute()
    axes = {shot.scene.axis for shot in film.shoot(lab, film.even_instants(film.stretch_of(lab, 5, 60), 7))}
    assert len(axes) == 1


def test_moments_are_in_order_and_few() -> None:
    lab = minute()
    stretch = film.stretch_of(lab, None, None)
    found = film.moments(lab, stretch)
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == stretch
    changed = {change.at_us for change in lab.history}
    assert all(one in changed for one in found[1:-1])
    assert all(after - before >= 40_000 for before, after in zip(found[1:], found[3:-1])), (
        "two a picture at most"
    )


@pytest.mark.parametrize(("start", "end"), [(-1, 10), (10, 10), (20, 10), (0, 10_000)])
def test_a_stretch_lies_within_the_past(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="within the lab's past"):
        film.stretch_of(minute(), start, end)


def test_filming_leaves_no_trace() -> None:
    lab = minute()
    digest, inputs, now_us = lab.digest(), len(lab.inputs), lab.now_us
    shots(lab, film.even_instants(film.stretch_of(lab, None, None), 5))
    assert (lab.digest(), len(lab.inputs), lab.now_us) == (digest, inputs, now_us)


# Pixels.


def test_a_raster_that_follows_scenes_draws_what_a_new_one_would() -> None:
    lab = minute()
    scenes = [shot.scene for shot in film.shoot(lab, film.even_instants(film.stretch_of(lab, 5, 60), 4))]
    size = (scenes[0].width, max(scene.height for scene in scenes))
    raster = Raster(*size)
    for scene in scenes:
        drawn = raster.draw(scene).copy()
        assert (drawn == Raster(*size).draw(scene)).all()


def test_a_text_beyond_the_edge_is_cut() -> None:
    scene = scene_of(short())
    assert Raster(40, 30).draw(scene).shape == (30, 40, 4)


def frames_of(data: bytes) -> list[Any]:
    image = Image.open(BytesIO(data))
    found = []
    for number in range(image.n_frames):
        image.seek(number)
        found.append(numpy.asarray(image.convert("RGB")))
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_frame_of_a_gif_is_its_scene_in_the_palette(theme: Any) -> None:
    lab = minute()
    scenes = [shot.scene for shot in film.shoot(lab, film.even_instants(film.stretch_of(lab, 5, 60), 5))]
    height = max(scene.height for scene in scenes)
    frames = frames_of(gif_bytes(scenes, height, theme, scale=0.5))
    assert len(frames) == 5
    for scene, frame in zip(scenes, frames):
        pixels = Raster(scene.width, height, theme, 0.5).draw(scene)
        assert (palette(theme)[indexed(pixels, theme)] == frame).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_is_near_every_shade(theme: Any) -> None:
    """A pixel of a picture is off by little, and a surface's by nothing."""
    scene = scene_of(minute())
    pixels = Raster(scene.width, scene.height, theme).draw(scene)
    shown = palette(theme)[indexed(pixels, theme)].astype(int)
    off = numpy.abs(shown - pixels[:, :, :3]).max(axis=2)
    assert off.mean() < 0.6
    assert (off == 0).mean() > 0.9


def test_a_frame_in_which_nothing_changed() -> None:
    scene = scene_of(short())
    frames = frames_of(gif_bytes([scene, scene], scene.height, scale=0.25))
    assert (frames[0] == frames[-1]).all()


def test_a_film_of_nothing() -> None:
    with pytest.raises(ValueError, match="needs a scene"):
        gif_bytes([], 100)


# Files.


HEADS = {
    ".svg": b"<svg ",
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".txt": b"k8slab ",
    ".gif": b"GIF89a",
    ".mp4": b"\x00\x00\x00",
    ".html": b"<!doctype html>",
}


@pytest.mark.parametrize("ending", HEADS)
def test_export_writes_the_kind_that_the_name_asks_for(ending: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"frames": 3} if ending in (".gif", ".mp4") else {}
    if ending != ".txt":
        options["theme"] = "dark"
    path = short().export(tmp_path / f"cluster{ending}", **options)
    assert path.read_bytes().startswith(HEADS[ending])
    again = short().export(tmp_path / f"again{ending}", **options)
    assert again.read_bytes() == path.read_bytes()


def test_a_video_plays(tmp_path: Path) -> None:
    import imageio_ffmpeg

    path = short().export(tmp_path / "cluster.mp4", frames=5, fps=5, scale=0.5)
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    assert meta["codec"] == "h264"
    assert len(list(reader)) == 5
    assert all(side % 2 == 0 for side in meta["size"])


def test_without_ffmpeg_there_is_a_word_of_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "k8slab\[mp4\]"'):
        short().export(tmp_path / "cluster.mp4", frames=3)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("x.bmp", {}, 'unknown ending ".bmp"'),
        ("x", {}, 'unknown ending ""'),
        ("x.png", {"fps": 3}, '".png" has no option fps'),
        ("x.gif", {"at": 3}, '".gif" has no option at'),
        ("x.png", {"theme": "red"}, 'unknown theme "red"'),
        ("x.html", {"fps": 3}, '".html" has no option fps'),
        ("x.gif", {"frames": 1}, "frames > 1"),
        ("x.png", {"at": 1e6}, "the lab's past is"),
    ],
)
def test_what_there_is_not_is_refused(name: str, options: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        short().export(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_picture_of_the_past(tmp_path: Path) -> None:
    lab = short()
    path = lab.export(tmp_path / "then.txt", at=(lab.ready_us - lab.start_us) / 1e6)
    assert "db-0" not in path.read_text(encoding="utf-8")
    assert "db-0" in lab.export(tmp_path / "now.txt").read_text(encoding="utf-8")
