"""The error that every way to print can end in."""

from __future__ import annotations


class OutputError(Exception):
    """Why something cannot be printed, in upstream's words.

    `printed` is what had been written to standard output by then.
    """

    def __init__(self, message: str, printed: str = "") -> None:
        super().__init__(message)
        self.printed = printed


class FatalError(OutputError):
    """An error that ends kubectl at once, where others of its kind would pass unsaid."""
