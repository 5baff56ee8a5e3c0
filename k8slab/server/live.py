"""Real time for a lab that is served: its clock follows the wall, at some speed.

A thread lets each event happen when it falls due and sleeps in between, until
the next one or until a request has changed what is to come. A lab that can't
keep up falls behind; it doesn't try to make good more than a second.

Somebody else may let time pass meanwhile (`lab.run("5m")` in a cell): the
clock then goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from k8slab.clock import SECOND_US, timestamp
from k8slab.cluster import queue

if TYPE_CHECKING:
    from k8slab.lab import Lab

_SLICE_SECONDS = 0.02
"""How long events may happen in one go before others get at the lab."""
_BREATH_SECONDS = 0.0005
_LONGEST_DEBT_US = SECOND_US
_LONGEST_SLEEP_SECONDS = 0.1
"""How far the lab's clock may lag behind for one who only reads it."""


class LiveClock:
    """Moves a lab's clock with real time. With `speed` 0 time stands still, unless someone else moves it."""

    def __init__(self, lab: Lab, speed: float, changed: Callable[[], None]) -> None:
        self.lab = lab
        self.speed = speed
        self._changed = changed
        self._wake = threading.Event()
        self._stopped = False
        self._passed = threading.Condition()
        self._last = time.monotonic()
        self._due_us = lab.now_us
        self._thread = threading.Thread(target=self._loop, name="k8slab-clock", daemon=True)

    def start(self) -> None:
        """Let the clock run."""
        self._last = time.monotonic()
        if self.speed > 0:
            self._thread.start()

    def stop(self) -> None:
        """Stop the clock and wait until its thread has ended."""
        self._stopped = True
        self._wake.set()
        with self._passed:
            self._passed.notify_all()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def poke(self) -> None:
        """Something may fall due earlier than was thought."""
        self._wake.set()

    def catch_up(self) -> bool:
        """Let happen what is due by now, for a short while at most; the lab's lock must be held.

        Whether nothing due is left.
        """
        if self.speed <= 0:
            return True
        lab = self.lab
        world = lab.world
        now = time.monotonic()
        elapsed_us = int((now - self._last) * self.speed * SECOND_US)
        self._last = now
        self._due_us = max(self._due_us + elapsed_us, world.now_us)
        limit = now + _SLICE_SECONDS
        while (event := queue.next_event(world)) is not None and event.at_us <= self._due_us:
            # What falls due at one instant happens together, so that a replay can stop in between.
            if event.at_us > world.now_us and time.monotonic() > limit:
                longest_us = int(_LONGEST_DEBT_US * max(self.speed, 1.0))
                self._due_us = min(self._due_us, world.now_us + longest_us)
                return False
            lab._let_happen(event)
        world.now_us = max(world.now_us, self._due_us)
        return True

    def _loop(self) -> None:
        while not self._stopped:
            self._wake.clear()
            with self.lab.lock:
                before = self.lab.world.store.revision
                settled = self.catch_up()
                changed = self.lab.world.store.revision != before
                seconds = self._seconds_to_next()
            if changed:
                self._changed()
            with self._passed:
                self._passed.notify_all()
            if not settled:
                time.sleep(_BREATH_SECONDS)
            elif seconds > 0:
                self._wake.wait(seconds)

    def _seconds_to_next(self) -> float:
        event = queue.next_event(self.lab.world)
        if event is None:
            return _LONGEST_SLEEP_SECONDS
        return min((event.at_us - self._due_us) / SECOND_US / self.speed, _LONGEST_SLEEP_SECONDS)

    def wait_until(self, at_us: int) -> None:
        """Wait, without holding the lab, until its clock has reached an instant.

        Where time stands still it is moved there: whoever waits would wait for ever.
        """
        lab = self.lab
        if self.speed <= 0:
            lab.run((at_us - lab.now_us) / SECOND_US)
            self._changed()
            return
        while not self._stopped:
            with lab.lock:
                self.catch_up()
                left_us = at_us - lab.now_us
            if left_us <= 0:
                return
            with self._passed:
                self._passed.wait(min(left_us / SECOND_US / self.speed, 1.0))


_AHEAD_SECONDS = 300
"""How long before the wall clock's now a lab begins that is to be there when it is ready."""


def shortly_before_now() -> str:
    """The instant at which to begin a lab that will have started up by the wall clock's now."""
    return timestamp((int(time.time()) - _AHEAD_SECONDS) * SECOND_US)


def catch_up_with_wall(lab: Lab) -> None:
    """Let a lab's time pass until it is what the wall clock shows. ValueError for one beyond that."""
    left_us = int(time.time() * SECOND_US) - lab.now_us
    if left_us < 0:
        raise ValueError(f"the lab's clock shows {timestamp(lab.now_us)}, which has not come yet")
    lab.run(left_us / SECOND_US)
