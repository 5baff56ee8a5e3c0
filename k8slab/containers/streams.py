"""Standard streams inside a container: buffers, files, pipes, the log.

Writing and reading are generators, because a file or a pipe may have to be
asked for. A pipe runs its producer only as far as its reader needs, so
`yes | head -1` ends.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.requests import Log, Read, Receive, Request, Show, Sleep, Write

Steps = Generator[Request, Any, Any]


_LONG_US = 100 * 365 * 86_400 * SECOND_US


class PipeError(Exception):
    """Nobody reads any more: the writer ends with code 141."""


class Interrupted(Exception):  # noqa: N818 - a key was pressed, nothing went wrong
    """Somebody pressed ^C: thrown into the program that runs."""


class _Wrote:
    """What a producer yields when there is something to read."""


_WROTE = _Wrote()


class Buffer:
    """Text kept in memory."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> Steps:
        """Keep some text."""
        self._parts.append(text)
        return
        yield

    def text(self) -> str:
        """All that was written."""
        return "".join(self._parts)


class LogSink:
    """The container's log. `is_terminal` says that a terminal shows it, too."""

    def __init__(self, stream: str, *, is_terminal: bool = False) -> None:
        self._stream = stream
        self.is_terminal = is_terminal

    def write(self, text: str) -> Steps:
        """Write to the log."""
        if text:
            yield Log(text, self._stream)


class ConsoleSink:
    """What the clients of a console see. `is_terminal` says that they see it on a terminal."""

    def __init__(self, stream: str, *, is_terminal: bool = False) -> None:
        self._stream = stream
        self.is_terminal = is_terminal

    def write(self, text: str) -> Steps:
        """Show some text."""
        if text:
            yield Show(text, self._stream)


def is_terminal(stream: Any) -> bool:
    """Whether a stream is read from or written to a terminal (`isatty`)."""
    return bool(getattr(stream, "is_terminal", False))


class Nowhere:
    """/dev/null."""

    def write(self, text: str) -> Steps:
        """Forget the text."""
        return
        yield


class FileSink:
    """A file that has been opened for writing."""

    def __init__(self, path: str) -> None:
        self._path = path

    def write(self, text: str) -> Steps:
        """Append to the file."""
        if text:
            yield Write(self._path, text, append=True)


class PipeSink:
    """The writing end of a pipe."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.closed = False

    def write(self, text: str) -> Steps:
        """Pass text on. PipeError where nobody reads."""
        if self.closed:
            raise PipeError
        if text:
            self.parts.append(text)
            yield _WROTE


class Input:
    """Text to read from, all of it or line by line."""

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._at = 0

    def _more(self) -> Steps:
        """Get more text. Whether there may be more."""
        return False
        yield

    def read(self) -> Steps:
        """The rest of the text."""
        while (yield from self._more()):
            pass
        text = self._text[self._at :]
        self._at = len(self._text)
        return text

    def line(self) -> Steps:
        """The next line with its newline; the empty string at the end."""
        while True:
            end = self._text.find("\n", self._at)
            if end >= 0:
                line = self._text[self._at : end + 1]
                self._at = end + 1
                return line
            if not (yield from self._more()):
                line = self._text[self._at :]
                self._at = len(self._text)
                return line

    def some(self) -> Steps:
        """What there is to read, of which there is something unless all has been read."""
        while self._at == len(self._text) and (yield from self._more()):
            pass
        text = self._text[self._at :]
        self._at = len(self._text)
        return text

    def close(self) -> Steps:
        """Read no more."""
        return
        yield


class ConsoleInput(Input):
    """What somebody types, as it comes. `is_terminal` says that a prompt is wanted."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def _more(self) -> Steps:
        text = yield Receive()
        while text is None:
            yield Sleep(_LONG_US, for_input=True)
            text = yield Receive()
        self._text = self._text[self._at :] + text
        self._at = 0
        return bool(text)


class FileInput(Input):
    """A file, read when it is first needed."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path: str | None = path

    def _more(self) -> Steps:
        if self._path is None:
            return False
        path, self._path = self._path, None
        text = yield Read(path)
        self._text += text or ""
        return True


class PipeInput(Input):
    """The reading end of a pipe, which drives what writes into it. `code` is how the writer ended."""

    def __init__(self, producer: Steps, sink: PipeSink) -> None:
        super().__init__()
        self._producer = producer
        self._sink = sink
        self._done = False
        self._value: Any = None
        self.code = 0

    def _more(self) -> Steps:
        while not self._done:
            try:
                request = self._producer.send(self._value)
            except StopIteration as stop:
                self._done, self.code = True, int(stop.value or 0)
            except PipeError:
                self._done, self.code = True, 141
            else:
                self._value = None
                if request is not _WROTE:
                    self._value = yield request
                    continue
            if self._sink.parts:
                self._text = self._text[self._at :] + "".join(self._sink.parts)
                self._at = 0
                self._sink.parts.clear()
                return True
        return False

    def close(self) -> Steps:
        """Read no more: the writer goes on until it ends or notices."""
        self._sink.closed = True
        while (yield from self._more()):
            self._text, self._at = "", 0
