"""A CronJob: a clock face whose hand runs towards the next tick, and the Jobs that it last made."""

from __future__ import annotations

from functools import lru_cache

from k8slab.api.cron import CronError, next_after
from k8slab.api.meta import condition_is, dig
from k8slab.clock import MINUTE_US, SECOND_US, parse_timestamp
from k8slab.scene.marks import Mark, arc_d, circle, clock_text, instant_text, path, rect
from k8slab.scene.metrics import text_width
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip

_MOST_JOBS = 6


@lru_cache(maxsize=1024)
def next_tick_us(schedule: str, time_zone: str, after_minute: int) -> int:
    """The first instant after a minute (counted from the epoch) that a schedule names; 0 for none."""
    try:
        return next_after(schedule, after_minute * MINUTE_US, time_zone) or 0
    except CronError:
        return 0


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    spec = obj["spec"]
    name, schedule = obj["metadata"]["name"], spec["schedule"]
    kind = f"CronJob  {schedule}"
    if spec.get("suspend"):
        marks = chip(subject.width, subject.colour, kind, name, around.words("suspended"))
        return Picture(
            (*marks, *_face(0.0), *_jobs(subject, around)),
            _said(subject, around, around.words("cronjob.suspended", schedule=schedule)),
        )
    tick = next_tick_us(schedule, spec.get("timeZone") or "", around.now_us // MINUTE_US)
    if not tick:
        marks = chip(subject.width, subject.colour, kind, name, around.words("cronjob.no_tick"))
        return Picture(
            (*marks, *_face(0.0), *_jobs(subject, around)),
            _said(subject, around, around.words("cronjob.never", schedule=schedule)),
        )
    marks = _ticking(subject, kind, name, around.words("cronjob.next"), tick, tick - around.now_us)
    last = dig(obj, "status", "lastScheduleTime", default="")
    since = parse_timestamp(last) if last else tick - MINUTE_US
    share = 1 - (tick - around.now_us) / max(1, tick - since)
    # The hand moves in steps of a sixteenth: the exact time is what the running clock says.
    share = round(min(1.0, max(0.0, share)) * 16) / 16
    step_us = max(SECOND_US, (tick - since) // 16)
    return Picture(
        (*marks, *_face(share), *_jobs(subject, around)),
        _said(
            subject,
            around,
            around.words("cronjob", schedule=schedule),
            around.words("cronjob.next_at", at=instant_text(tick, around.now_us)),
        ),
        links=tuple(around.graph.sources(subject.id, "owner")),
        look_again_us=min(tick, around.now_us + step_us),
    )


def _ticking(subject: Subject, kind: str, name: str, words: str, tick: int, left_us: int) -> list[Mark]:
    """The chip with a clock that runs towards the next tick: alone where name and words have no room."""
    longest = clock_text(max(left_us, 10 * MINUTE_US))
    room = subject.width - 40 - text_width(name, "strong")
    value = words if text_width(words.replace("{}", longest), "value") <= room else "{}"
    return chip(subject.width, subject.colour, kind, name, value, "until", tick, longest=longest)


def _face(share: float) -> list[Mark]:
    x, y = STRIP_X + 7, STRIP_Y + 4
    marks = [circle(x, y, 6.5, "", "chip-line", 1.2)]
    if share:
        marks.append(path(arc_d(x, y, 6.5, 0, share), "", "muted", 2))
    hand = arc_d(x, y, 4.6, share % 1, 0.001).partition("C")[0][1:]
    marks.append(path(f"M{x} {y}L{hand}", "", "text", 1.3))
    return marks


def _made(subject: Subject, around: Surroundings) -> list[tuple[str, str]]:
    """The Jobs that there still are, oldest first, each with its tone."""
    found = []
    for identity in around.graph.sources(subject.id, "owner")[-_MOST_JOBS:]:
        job = around.graph.get(identity)
        if job is not None:
            tone = "succeeded" if condition_is(job, "Complete") else "running"
            found.append((job["metadata"]["name"], "failed" if condition_is(job, "Failed") else tone))
    return found


def _said(subject: Subject, around: Surroundings, *first: str) -> str:
    """The schedule in words, and what became of the Jobs."""
    words = around.words
    jobs = [words("slot", slots=name, tone=words(f"tone.{tone}")) for name, tone in _made(subject, around)]
    more = [words("cronjob.jobs", jobs=words("comma").join(jobs))] if jobs else []
    return words("comma").join((*first, *more))


def _jobs(subject: Subject, around: Surroundings) -> list[Mark]:
    """A square for each Job: dark when done, bright at work."""
    return [
        rect(STRIP_X + 24 + 13 * place, STRIP_Y - 1, 10, 10, 2, "starting" if tone == "running" else tone)
        for place, (_, tone) in enumerate(_made(subject, around))
    ]


PORTRAYAL = Portrayal("CronJob", "workloads", _draw)
