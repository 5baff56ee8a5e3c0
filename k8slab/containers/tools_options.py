"""Reading a tool's options from its arguments."""

from __future__ import annotations

from typing import NamedTuple


class Options(NamedTuple):
    """What a command line says: flags with their values ("" where they take none), and operands."""

    flags: dict[str, str]
    operands: list[str]

    def has(self, *names: str) -> bool:
        """Whether any of these flags is given."""
        return any(name in self.flags for name in names)

    def value(self, *names: str, default: str = "") -> str:
        """The value of the first of these flags that is given."""
        for name in names:
            if name in self.flags:
                return self.flags[name]
        return default


def options(argv: list[str], valued: str = "", long_valued: tuple[str, ...] = ()) -> Options:
    """The options of a command line. `valued` are the letters that take a value."""
    flags: dict[str, str] = {}
    operands: list[str] = []
    words = argv[1:]
    while words:
        word = words.pop(0)
        if word == "--":
            operands.extend(words)
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals and name in long_valued and words:
                value = words.pop(0)
            flags[name] = value
        elif word.startswith("-") and len(word) > 1:
            for at, letter in enumerate(word[1:], 1):
                if letter in valued:
                    value = word[at + 1 :] or (words.pop(0) if words else "")
                    flags[letter] = value
                    break
                flags[letter] = ""
        else:
            operands.append(word)
    return Options(flags, operands)
