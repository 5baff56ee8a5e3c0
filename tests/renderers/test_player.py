"""The player: a film as a page, opened from a file in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from k8slab.api.yaml_emitter import dump
from k8slab.graph import Graph, all_relations
from k8slab.lab import Lab
from k8slab.renderers import film
from k8slab.renderers.player import page as player_page
from k8slab.scene import to_json
from k8slab.texts import say, texts_of
from tests.browser import findings
from tests.renderers.labs import minute, workload

DB = "Pod/default/db-0"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minute().export(tmp_path_factory.mktemp("player") / "minute.html")


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 1280, "height": 1250})
    errors: list[str] = []
    asked: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: message.type == "error" and errors.append(message.text))
    made.on("request", lambda request: asked.append(request.url))
    made.goto(file.as_uri())
    made.wait_for_selector(".k8-object")
    yield made
    made.close()
    assert not errors
    assert asked == [file.as_uri()], "a page that stands alone asks for nothing"


def item(identity: str) -> str:
    return f'[data-id="{identity}"]:not(.k8-gone)'


def seconds(page: Page) -> float:
    return float(page.evaluate("(k8slabPlayer.nowUs - k8slabPlayer.beginUs) / 1e6"))


def objects(page: Page) -> dict[str, str]:
    found: list[list[str]] = page.evaluate(
        "[...document.querySelectorAll('.k8-object:not(.k8-gone)')].map(one => "
        "[one.dataset.id, one.getAttribute('aria-label')])"
    )
    return {identity: label for identity, label in found if identity}


def test_a_page_is_small(file: Path) -> None:
    assert file.stat().st_size <= 300_000


def test_every_scene_in_the_page_is_that_of_the_film(page: Page) -> None:
    lab = minute()
    instants = film.moments(lab, film.stretch_of(lab, None, None))
    held = page.evaluate("k8slabPlayer.scenes.map(({ head, items }) => [head, [...items.values()]])")
    assert len(held) == len(instants)
    for (head, items), shot in zip(held, film.shoot(lab, instants)):
        wanted = json.loads(json.dumps(to_json(shot.scene)))
        assert sorted(items) == sorted(wanted.pop("items"))
        assert head == wanted


def test_it_begins_at_the_beginning_and_shows_what_is_scrubbed_to(page: Page) -> None:
    assert DB not in objects(page)
    page.fill(".k8-scrub", "10000000")
    page.wait_for_selector(item(DB))
    assert objects(page)[DB] == "Pod db-0, Running 1/1, db-0.db.default.svc.cluster.local"
    page.fill(".k8-scrub", "0")
    page.wait_for_function(f"!document.querySelector('{item(DB)}')")


def show(page: Page, number: int) -> dict[str, str]:
    """Go to a scene and wait until it is painted."""
    page.evaluate(f"k8slabPlayer.go({number})")
    page.wait_for_function("k8slabPlayer.painted === k8slabPlayer.model.seq")
    return objects(page)


def test_going_back_shows_what_going_on_showed(page: Page) -> None:
    fresh = {number: show(page, number) for number in (5, 20, 35)}
    assert len({len(one) for one in fresh.values()}) > 1
    for number in (35, 20, 5):
        assert show(page, number) == fresh[number]


def test_play_plays_to_the_end_and_pauses(page: Page) -> None:
    page.keyboard.press("Space")
    page.wait_for_selector('[data-act=play][aria-label="Pause"]')
    page.select_option(".k8-speeds", "1000")
    page.wait_for_function("k8slabPlayer.nowUs === k8slabPlayer.endUs")
    page.wait_for_selector('[data-act=play][aria-label="Play"]')
    assert page.inner_text(".k8-said").startswith("paused at t = ")
    page.click("[data-act=play]")
    page.wait_for_function("k8slabPlayer.nowUs === k8slabPlayer.endUs && !k8slabPlayer.playing")


def test_the_speed_is_kept(page: Page) -> None:
    """Between two frames of the browser as much lab time passes as the speed says."""
    page.select_option(".k8-speeds", "4")
    passed = page.evaluate(
        """() => {
          const player = k8slabPlayer;
          player.toggle();
          const before = player.nowUs;
          player.painted = player.model.seq;
          player.frame(player.last + 100);
          player.pause();
          return player.nowUs - before;
        }"""
    )
    assert passed == pytest.approx(400_000, rel=1e-6)


def test_the_keyboard_does_everything(page: Page) -> None:
    start = seconds(page)
    page.keyboard.press("ArrowRight")
    first = seconds(page)
    assert first > start
    page.keyboard.press("ArrowLeft")
    assert seconds(page) == start
    page.keyboard.press("End")
    assert seconds(page) == minute().now
    speed = page.input_value(".k8-speeds")
    page.keyboard.press("+")
    assert float(page.input_value(".k8-speeds")) > float(speed)
    page.keyboard.press("-")
    assert page.input_value(".k8-speeds") == speed
    dark = page.get_attribute(".k8-stage", "data-theme")
    page.keyboard.press("t")
    assert page.get_attribute(".k8-stage", "data-theme") != dark
    page.focus(item(DB))
    page.keyboard.press("Enter")
    assert page.inner_text(".k8-details h2 >> nth=0") == "Pod db-0"
    page.keyboard.press("Home")
    assert page.inner_text(".k8-details p") == "It is not there at this instant."
    page.keyboard.press("End")
    page.focus("[data-act=play]")
    page.keyboard.press("Escape")
    assert page.is_hidden(".k8-details")


def test_a_click_inspects(page: Page) -> None:
    page.keyboard.press("End")
    page.click(item(DB))
    rows = dict(
        zip(
            page.locator(".k8-details dt").all_inner_texts(), page.locator(".k8-details dd").all_inner_texts()
        )
    )
    assert rows["Container main"] == "running"
    assert "owner: StatefulSet db" in rows["Related"]
    life = page.locator(".k8-life button").all_inner_texts()
    assert [one.split("\n")[-1] for one in life] == ["ContainerCreating", "Running 1/1"]
    page.click(".k8-life button >> nth=0")
    assert page.inner_text(".k8-details p") == "ContainerCreating, db-0.db.default.svc.cluster.local"
    page.click("[data-act=close]")
    assert page.is_hidden(".k8-details")


def opened(page: Page, name: str) -> str:
    """Open a page of the details; what it says."""
    page.click(f"[data-open={name}]")
    assert page.get_attribute(f"[data-open={name}]", "aria-pressed") == "true"
    return page.inner_text(f"[data-page={name}]")


INSTANTS = (6.0, 12.0, 46.0, 60.0)


@pytest.mark.parametrize("at", INSTANTS)
def test_yaml_and_why_are_those_of_the_lab_at_that_instant(page: Page, at: float) -> None:
    """The film's last scene up to an instant is the lab's at the instant of that scene."""
    page.fill(".k8-scrub", str(round(at * 1e6) - (minute().ready_us - minute().start_us)))
    shown = page.evaluate("k8slabPlayer.instants[k8slabPlayer.number]")
    then = minute().at((shown - minute().start_us + 1) / 1e6)
    graph = Graph(then.view)
    for identity in ("StatefulSet/default/db", "Node/node-2", *graph.ids("Pod")[:3], DB):
        if identity not in graph:
            continue
        page.evaluate("id => k8slabPlayer.choose(id)", identity)
        assert opened(page, "yaml").strip() == dump(graph.get(identity)).strip()
        kind, *_, name = identity.split("/")
        why = [line.strip() for line in then.why(f"{kind.lower()}/{name}").split("\n") if line.strip()]
        assert opened(page, "why").split("\n") == why, identity


def test_what_a_change_brought_is_marked(page: Page) -> None:
    page.keyboard.press("End")
    page.evaluate("k8slabPlayer.choose('Node/node-2')")
    opened(page, "yaml")
    marked = " ".join(page.locator("[data-page=yaml] ins").all_text_contents())
    assert "docker.io/library/nginx:latest" in marked
    assert "kernelVersion" not in marked


def test_why_a_thing_is_gone_is_known_too(browser: Browser, tmp_path: Path) -> None:
    lab = Lab(nodes=1)
    lab.kubectl("create deployment web --image=nginx")
    lab.settle()
    lab.kubectl("scale deployment web --replicas=0")
    lab.settle()
    page = browser.new_page()
    page.goto(lab.export(tmp_path / "gone.html").as_uri())
    page.wait_for_selector(".k8-stage")
    pod = page.evaluate(
        "Object.keys(film().why).find(id => id.startsWith('Pod/'))".replace("film()", "k8slabPlayer.film")
    )
    page.evaluate("id => { k8slabPlayer.choose(id); k8slabPlayer.go(k8slabPlayer.scenes.length - 1); }", pod)
    assert opened(page, "yaml") == opened(page, "logs") == say("en", "player.gone")
    said = opened(page, "why").split("\n")
    assert said[0].startswith(f"{pod.replace('/default/', ' ')} is gone: removed at t=")
    assert said[-1].endswith("kubectl scale deployment web --replicas=0")
    page.close()


def test_logs_are_those_of_the_instant(browser: Browser, tmp_path: Path) -> None:
    lab = Lab(nodes=1)
    lab.kubectl(
        "run talk --image=busybox -- sh -c 'i=0; while true; do echo line $i; i=$((i+1)); sleep 2; done'"
    )
    lab.run("20s")
    page = browser.new_page()
    page.goto(lab.export(tmp_path / "talk.html").as_uri())
    page.wait_for_selector(".k8-stage")
    page.evaluate("k8slabPlayer.choose('Pod/default/talk')")
    lengths = []
    for number in range(page.evaluate("k8slabPlayer.scenes.length")):
        page.evaluate(f"k8slabPlayer.go({number})")
        said = opened(page, "logs") if page.is_visible("[data-open=logs]") else ""
        shown = page.evaluate("k8slabPlayer.nowUs")
        if "line 0" in said:
            then = lab.at((shown - lab.start_us) / 1e6)
            wanted = then.kubectl("logs talk").stdout.strip()
            assert said.endswith(wanted)
            lengths.append(len(wanted.split("\n")))
    assert lengths == sorted(lengths)
    assert lengths[-1] > 4
    page.click("[data-open=summary]")
    page.evaluate("k8slabPlayer.choose('Node/node-1')")
    assert page.is_hidden("[data-open=logs]")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out_of_the_details(browser: Browser, file: Path, scheme: Any) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 1250})
    page.goto(file.as_uri())
    page.wait_for_selector(f'.k8-stage[data-theme="{scheme}"]')
    page.evaluate("k8slabPlayer.go(40); k8slabPlayer.choose('Pod/default/db-0')")
    for name in ("summary", "why", "yaml", "logs"):
        opened(page, name)
        assert not findings(page, ".k8-player"), name
    page.close()


def test_what_was_done_leads_to_when(page: Page) -> None:
    done = page.locator(".k8-done button")
    assert done.last.inner_text().split("\n")[-1] == "lab.crash('node-2')"
    done.last.click()
    assert seconds(page) == pytest.approx(45, abs=1)
    # The picture is painted with the next frame.
    shown = "([where, words]) => document.querySelector(where)?.textContent.includes(words)"
    page.wait_for_function(shown, arg=[item("Node/node-2"), "power off"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_readers(browser: Browser, file: Path, scheme: Any) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(file.as_uri())
    page.wait_for_selector(f'.k8-stage[data-theme="{scheme}"]')
    page.close()


def test_what_users_name_cannot_break_the_page(browser: Browser, tmp_path: Path) -> None:
    lab = Lab(nodes=1)
    lab.apply([workload("StatefulSet", "db", replicas=1, serviceName="db")])
    lab.kubectl("annotate statefulset db note='</script><script>boom()</script>'")
    lab.run("5s")
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(lab.export(tmp_path / "evil.html").as_uri())
    page.wait_for_selector(".k8-object")
    assert "</script><script>" in page.inner_text(".k8-done")
    page.close()
    assert not errors


def test_the_page_speaks_the_language(browser: Browser, tmp_path: Path) -> None:
    lab = minute()
    path = tmp_path / "zh.html"
    path.write_text(player_page(lab, film.stretch_of(lab, 5, 20), language="zh"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(".k8-object")
    assert page.get_attribute("html", "lang") == "zh"
    assert page.get_attribute("[data-act=play]", "aria-label") == say("zh", "player.play")
    page.close()


def test_every_text_that_the_player_asks_for_is_in_the_catalogue() -> None:
    source = (Path(film.__file__).parent / "player.js").read_text(encoding="utf-8")
    asked = set(re.findall(r'say\("(\w+)"', source)) | set(re.findall(r'\? "(\w+)" : "(\w+)"\)', source)[0])
    assert asked <= texts_of("player", "en").keys()


def test_every_relation_has_a_word() -> None:
    assert {f"relation.{one.name}" for one in all_relations()} <= texts_of("summary", "en").keys()
