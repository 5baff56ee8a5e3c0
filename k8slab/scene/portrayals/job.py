"""A Job, by how it counts: a grid of indexes, a tally of completions, or a queue with its workers."""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of, condition_is, labels_of
from k8slab.scene.marks import Mark, circle, path, rect, text
from k8slab.scene.portrayal import Picture, Portrayal, Subject, Surroundings
from k8slab.scene.portrayals._chip import STRIP_X, STRIP_Y, chip, progress, told

INDEX = "batch.kubernetes.io/job-completion-index"
_MOST_CELLS = 12


def _draw(subject: Subject, around: Surroundings) -> Picture:
    obj = subject.obj
    spec, status = obj["spec"], obj.get("status") or {}
    done, failed = status.get("succeeded", 0), status.get("failed", 0)
    completions = spec.get("completions")
    indexed = spec.get("completionMode") == "Indexed"
    words = around.words
    mode = "Indexed" if indexed else words("job.queue" if completions is None else "job.counted")
    value = words("job.done", done=done if completions is None else f"{done}/{completions}")
    progress_words = value
    if condition_is(obj, "Failed"):
        value = words("tone.failed")
    elif spec.get("suspend"):
        value = words("suspended")
    marks = chip(subject.width, subject.colour, f"Job · {mode}", obj["metadata"]["name"], value)
    if completions is None:
        marks += _queue(subject, done, status.get("active", 0), spec.get("parallelism", 1))
    elif completions > _MOST_CELLS:
        marks += progress(subject.width, subject.colour, done, completions)
    elif indexed:
        marks += _grid(subject, _tones(subject.id, status, completions, around))
    else:
        marks += _tally(subject, done, status.get("active", 0), completions)
    shown = value if value == progress_words else f"{value}{words('comma')}{progress_words}"
    said = [words("job", mode=mode, value=shown, active=status.get("active", 0), failed=failed)]
    if completions is None:
        said.append(words("job.workers", count=spec.get("parallelism", 1)))
    elif indexed and completions <= _MOST_CELLS:
        said.append(told(_tones(subject.id, status, completions, around), words))
    if failed:
        marks += _failures(subject.width, words("job.failures", count=failed))
    links = tuple(around.graph.sources(subject.id, "owner")[:40])
    return Picture(tuple(marks), words("comma").join(said), links=links)


def _failures(width: float, said: str) -> list[Mark]:
    """How many Pods failed, at the right above the value."""
    return [text(width - 12, 16, "smaller", said, "alert", "end")]


def parsed_indexes(text_: str) -> list[int]:
    """The numbers that `completedIndexes` names, e.g. `0,2-4`."""
    found: list[int] = []
    for part in text_.split(","):
        first, dash, last = part.partition("-")
        if first:
            found.extend(range(int(first), int(last if dash else first) + 1))
    return found


def _index_of(pod: Obj) -> int:
    text_ = annotations_of(pod).get(INDEX) or labels_of(pod).get(INDEX) or "-1"
    return int(text_)


def _tones(identity: str, status: Obj, completions: int, around: Surroundings) -> list[str]:
    tones = [""] * completions
    for pod_id in around.graph.sources(identity, "owner"):
        pod, look = around.graph.get(pod_id), around.look_of(pod_id)
        if pod is None or look is None:
            continue
        index = _index_of(pod)
        if 0 <= index < completions:
            tones[index] = look.tone
    for names, tone in (
        (status.get("failedIndexes"), "failed"),
        (status.get("completedIndexes"), "succeeded"),
    ):
        for index in parsed_indexes(names or ""):
            if index < completions:
                tones[index] = tone
    return tones


def _grid(subject: Subject, tones: list[str]) -> list[Mark]:
    """A numbered cell for each index: what is filled has a Pod, what is dark is done."""
    step = min(20.0, (subject.width - 28) / max(1, len(tones)))
    marks: list[Mark] = []
    for index, tone in enumerate(tones):
        x = round(STRIP_X + step * index, 1)
        marks.append(rect(x, STRIP_Y - 2, step - 1.5, 13, 0, tone or "chip", "chip-line", 0.8))
        fill = "on-mark" if tone in ("succeeded", "failed") else "on-bright" if tone else "muted"
        marks.append(text(x + (step - 1.5) / 2, STRIP_Y + 7.8, "tiny", str(index), fill, "middle"))
    return marks


def _tally(subject: Subject, done: int, active: int, completions: int) -> list[Mark]:
    """A row of beads: filled when done, ringed while at work, hollow when still to come."""
    step = min(18.0, (subject.width - 30) / max(1, completions))
    marks = []
    for bead in range(completions):
        x, y = round(STRIP_X + 6 + step * bead, 1), STRIP_Y + 4
        if bead < done:
            marks.append(circle(x, y, 5, "succeeded"))
        elif bead < done + active:
            marks.append(circle(x, y, 4.2, "chip", "starting", 2.4))
        else:
            marks.append(circle(x, y, 4.5, "", "chip-line", 1.1))
    return marks


def _queue(subject: Subject, done: int, active: int, parallelism: int) -> list[Mark]:
    """A heap of work, an arrow, and the workers that draw on it; no end is known."""
    x, y = STRIP_X, STRIP_Y
    marks = [rect(x + 3 * card, y - 1 + 3 * card, 14, 5, 1, "chip", "chip-line", 1) for card in range(3)]
    arrow = f"M{x + 26} {y + 4}L{x + 40} {y + 4}M{x + 36} {y}L{x + 40} {y + 4}L{x + 36} {y + 8}"
    marks.append(path(arrow, "", "muted", 1.3))
    for worker in range(min(parallelism, 6)):
        at = x + 54 + 14 * worker
        marks.append(circle(at, y + 4, 4.6, "starting" if worker < active else "", "chip-line", 1.1))
    return marks


PORTRAYAL = Portrayal("Job", "workloads", _draw)
