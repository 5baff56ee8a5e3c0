"""The player: lets lab time pass in step with wall time, beside everything else.

A daemon thread goes on while a cell blocks the kernel, so the picture does too.
Where there are no threads (in a browser) it is a task of the event loop. Either
way the lab is only touched under its own lock, and for a few milliseconds at a
time, so that a click never waits for long.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from k8slab.panel.handle import LabHandle

FRAME_S = 0.04
SLICE_S = 0.012
_SLOWEST_SHARE = 1 / 64
Job = Callable[[], None]


class Player:
    """Plays a lab at a speed (lab seconds for a wall second). `on_frame` is called after time has passed.

    `on_stop` is called when playing ends by itself, because nothing is pending.
    """

    def __init__(
        self,
        lab: LabHandle,
        on_frame: Callable[[], None],
        on_stop: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lab = lab
        self.speed = 1.0
        self.playing = False
        self._on_frame = on_frame
        self._on_stop = on_stop
        self._clock = clock
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._wake = threading.Event()
        self._runner: threading.Thread | asyncio.Task[None] | None = None
        self._share = 1.0

    def play(self) -> None:
        """Let time pass from now on."""
        self.playing = True
        self._start()

    def pause(self) -> None:
        """Stop; the lab stays as it is."""
        self.playing = False

    def do(self, job: Job) -> None:
        """Run something that may take long, beside the notebook; then show the outcome."""
        self._jobs.put(job)
        self._start()

    def _start(self) -> None:
        self._wake.set()
        if self._is_alive():
            return
        thread = threading.Thread(target=self._run, name="k8slab-player", daemon=True)
        try:
            thread.start()
            self._runner = thread
        except RuntimeError:
            self._runner = asyncio.get_running_loop().create_task(self._run_task())

    def _is_alive(self) -> bool:
        if isinstance(self._runner, threading.Thread):
            return self._runner.is_alive()
        return self._runner is not None and not self._runner.done()

    def _run(self) -> None:
        """The thread: a frame at a time while there is something to do, then wait to be woken."""
        last = self._clock()
        while True:
            self._wake.clear()
            if not self.turn(last):
                self._wake.wait()
                last = self._clock()
                continue
            start, last = last, self._clock()
            time.sleep(max(0.001, FRAME_S - (self._clock() - start) % FRAME_S))

    async def _run_task(self) -> None:
        """The same as a task, which ends when there is nothing to do."""
        last = self._clock()
        while self.turn(last):
            last = self._clock()
            await asyncio.sleep(FRAME_S)

    def turn(self, since: float) -> bool:
        """Do what is due: jobs, then lab time for the wall time since `since`. Whether anything was."""
        did = False
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            did = True
            job()
            self._on_frame()
        if not self.playing:
            return did
        self.advance(max(0.0, min(self._clock() - since, 4 * FRAME_S)))
        self._on_frame()
        return True

    def advance(self, wall_s: float) -> None:
        """Let `speed` times the wall seconds pass, or what a slice of computing time allows of them."""
        left_s = wall_s * self.speed
        deadline = self._clock() + SLICE_S
        while left_s > 0 and self.playing:
            piece_s = max(left_s * self._share, min(left_s, 0.001))
            begun = self._clock()
            with self.lab.lock:
                # Whoever pauses may have held the lock until now, and has shown the lab as it is.
                if not self.playing:
                    break
                self.lab.run(round(piece_s, 6))
            now = self._clock()
            left_s -= piece_s
            self._tune(now - begun)
            if now > deadline:
                break
        with self.lab.lock:
            pending = self.lab.next_event_us() is not None
        if not pending:
            self.playing = False
            self._on_stop()

    def _tune(self, took_s: float) -> None:
        """Take smaller pieces where one took too long, and larger ones again where it did not."""
        if took_s > SLICE_S / 2:
            self._share = max(_SLOWEST_SHARE, self._share / 2)
        elif took_s < SLICE_S / 8:
            self._share = min(1.0, self._share * 2)
