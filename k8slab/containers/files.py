"""Files as a container's process sees them: trees, mounts over each other, modes and owners.

A tree is a flat dict from absolute path to text; a directory that holds
nothing is a key that ends in `/`. What is special about a file's or a
directory's mode and owner stands beside it, under its path with a NUL at the
end; what isn't special follows from its mount. Reading goes through the mounts
to whatever is behind them (`mounts`).

A text longer than a page is kept as a list of pages, so that appending to a
long file shares all but the last one with every older version. Bytes that are
no UTF-8 are kept as Python's surrogate escapes, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

PAGE_LETTERS = 4096

Tree = dict[str, Any]

READ_ONLY = "Read-only file system"
NOT_FOUND = "No such file or directory"
IS_DIRECTORY = "Is a directory"
NOT_DIRECTORY = "Not a directory"
DENIED = "Permission denied"
NOT_PERMITTED = "Operation not permitted"

_READ, _WRITE = 4, 2
_SET_GROUP = 0o2000
"""A directory with this bit hands on its group, and this bit to directories in it."""
_MARK = "\0"
_NO_MODES: Mapping[str, int] = {}


def text_of(content: Any) -> str:
    """The text of a file's content, whole or in pages."""
    return content if isinstance(content, str) else "".join(content)


def joined(content: Any, more: str) -> Any:
    """A file's content with text appended."""
    if isinstance(content, str):
        if len(content) + len(more) <= PAGE_LETTERS:
            return content + more
        content = [content]
    last = content[-1] + more
    pages = [last[start : start + PAGE_LETTERS] for start in range(0, len(last), PAGE_LETTERS)]
    return [*content[:-1], *pages]


def bytes_of(text: str) -> bytes:
    """A text as the bytes that it stands for."""
    return text.encode("utf-8", "surrogateescape")


def text_from(data: bytes) -> str:
    """Bytes as a text from which they can be got again."""
    return data.decode("utf-8", "surrogateescape")


def normal(path: str) -> str:
    """An absolute path without `.`, `..` or doubled slashes."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


class Stat(NamedTuple):
    """What is at a path: `file` or `dir`, its mode, its owner's and group's number, its file system."""

    kind: str
    mode: int
    user: int
    group: int
    file_system: str

    def allows(self, user: int, groups: tuple[int, ...], wanted: int) -> bool:
        """Whether a user may read (4) or write (2)."""
        if user == 0:
            return True
        shift = 6 if self.user == user else 3 if self.group in groups else 0
        return bool(self.mode >> shift & wanted)

    def is_readable(self, user: int, groups: tuple[int, ...]) -> bool:
        """Whether a user may read it."""
        return self.allows(user, groups, _READ)


class Who(NamedTuple):
    """Who asks for files: a user with groups, the first of which new files get."""

    user: int = 0
    groups: tuple[int, ...] = (0,)


def owned(path: str, mode: int, user: int, group: int) -> Tree:
    """What a tree has beside a file that has a mode and an owner of its own."""
    return {path + _MARK: [mode, user, group]}


class Mount(NamedTuple):
    """A part of a container's tree: `path` is where, `load` and `save` what is behind it.

    `inside` is the path in the source to which `path` is mapped. `base` are
    files below those of the tree (an image's). Modes and owners hold for what
    has none of its own; `modes` are those of single files. `is_shared` says
    that others may change it without this container's knowledge; `size_bytes`
    is asked for how much fits in, where that is less than the node's disk.
    """

    path: str
    load: Callable[[], Tree]
    save: Callable[[Tree], None] | None
    inside: str = ""
    base: Tree = {}  # noqa: RUF012 - never changed
    directory_mode: int = 0o755
    file_mode: int = 0o644
    user: int = 0
    group: int = 0
    file_system: str = "ext4"
    modes: Mapping[str, int] = _NO_MODES
    is_shared: bool = False
    size_bytes: Callable[[], int] | None = None


ROOT = Who()


class Files:
    """A container's files for the length of a step, as one of its users may use them."""

    __slots__ = ("_mounts", "_who")

    def __init__(self, mounts: list[Mount], who: Who = ROOT) -> None:
        self._mounts = sorted(mounts, key=lambda mount: -len(mount.path))
        self._who = who

    def _find(self, path: str) -> tuple[Mount, str]:
        for mount in self._mounts:
            at = mount.path
            if at == "/" or path == at or path.startswith(at + "/"):
                rest = path if at == "/" else path[len(at) :]
                return mount, normal(mount.inside + rest) if mount.inside else rest or "/"
        raise LookupError(path)

    def is_shared(self, path: str) -> bool:
        """Whether others may change what is at a path without this container's knowledge."""
        return self._find(path)[0].is_shared

    def read(self, path: str) -> str | None:
        """The text of a file, or None where there is none or it may not be read."""
        mount, inner = self._find(path)
        content = _lookup(mount, inner)
        if content is None or not self.may(path, _READ):
            return None
        return text_of(content)

    def kind(self, path: str) -> str:
        """`file`, `dir`, or the empty string."""
        if path == "/":
            return "dir"
        mount, inner = self._find(path)
        if _lookup(mount, inner) is not None:
            return "file"
        if inner == (mount.inside or "/") or _has_directory(mount, inner):
            return "dir"
        prefix = path + "/"
        return "dir" if any(one.path.startswith(prefix) for one in self._mounts) else ""

    def stat(self, path: str) -> Stat | None:
        """What is at a path; None where there is nothing."""
        kind = self.kind(path)
        if not kind:
            return None
        mount, inner = self._find(path)
        tree = mount.load()
        own = tree.get(inner + _MARK)
        if own is not None:
            return Stat(kind, own[0], own[1], own[2], mount.file_system)
        mode = mount.modes.get(inner)
        if mode is None:
            at_root = kind == "dir" and inner == (mount.inside or "/")
            mode = mount.directory_mode if at_root else mount.file_mode if kind == "file" else 0o755
        return Stat(kind, mode, mount.user, mount.group, mount.file_system)

    def may(self, path: str, wanted: int) -> bool:
        """Whether the user may read (4) or write (2) what is at a path."""
        if self._who.user == 0:
            return True
        found = self.stat(path)
        return found is not None and found.allows(self._who.user, self._who.groups, wanted)

    def write(self, path: str, text: str, append: bool = False, mode: int = 0o644) -> str:
        """Write or append to a file; a new one gets the mode. Why it failed, or the empty string."""
        parent = path.rpartition("/")[0] or "/"
        if self.kind(parent) != "dir":
            return NOT_FOUND if not self.kind(parent) else NOT_DIRECTORY
        kind = self.kind(path)
        if kind == "dir":
            return IS_DIRECTORY
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        if not self.may(path if kind else parent, _WRITE):
            return DENIED
        tree = mount.load()
        old = _lookup(mount, inner)
        content = joined(old, text) if append and old is not None else joined("", text)
        mount.save({**tree, inner: content, **({} if kind else self._new_mark(mount, inner, mode, "file"))})
        return ""

    def _new_mark(self, mount: Mount, inner: str, mode: int, kind: str) -> Tree:
        """The mode and owner of something new, where they are not what its mount says anyway."""
        group = mount.group if mount.directory_mode & _SET_GROUP else self._who.groups[0]
        plain = mount.file_mode if kind == "file" else 0o755
        if (mode, self._who.user, group) == (plain, mount.user, mount.group):
            return {}
        return {inner + _MARK: [mode, self._who.user, group]}

    def make_directory(self, path: str, mode: int = 0o755) -> str:
        """Make a directory whose parent exists. Why it could not be done, or the empty string."""
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        parent = path.rpartition("/")[0] or "/"
        if not self.may(parent, _WRITE):
            return DENIED
        above = self.stat(parent)
        if above is not None and above.mode & _SET_GROUP:
            mode |= _SET_GROUP
        mount.save({**mount.load(), inner + "/": "", **self._new_mark(mount, inner, mode, "dir")})
        return ""

    def remove(self, path: str) -> str:
        """Remove a file or a directory with all that is in it."""
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        if not self.may(path.rpartition("/")[0] or "/", _WRITE):
            return DENIED
        if inner == (mount.inside or "/"):
            return "Device or resource busy"
        tree = mount.load()
        prefix = inner.rstrip("/") + "/"
        mark = inner + _MARK
        kept = {
            name: value
            for name, value in tree.items()
            if name not in (inner, mark) and not name.startswith(prefix)
        }
        for name in mount.base:
            if name == inner or name.startswith(prefix):
                kept[name] = None
        parent = inner.rpartition("/")[0]
        if parent and not _has_directory(mount._replace(load=lambda: kept), parent):
            kept[parent + "/"] = ""
        mount.save(kept)
        return ""

    def change(self, path: str, mode: int | None, user: int | None, group: int | None) -> str:
        """Change mode or owner. Why it could not be done, or the empty string."""
        found = self.stat(path)
        if found is None:
            return NOT_FOUND
        mount, inner = self._find(path)
        if mount.save is None:
            return READ_ONLY
        if self._who.user and (found.user != self._who.user or user is not None):
            return NOT_PERMITTED
        mark = [
            found.mode if mode is None else mode,
            found.user if user is None else user,
            found.group if group is None else group,
        ]
        tree = mount.load()
        content = {} if inner in tree or found.kind == "dir" else {inner: _lookup(mount, inner)}
        mount.save({**tree, **content, inner + _MARK: mark})
        return ""

    def names(self, path: str) -> list[str] | None:
        """The names in a directory, sorted; None where it is none, or may not be read."""
        if self.kind(path) != "dir" or not self.may(path, _READ):
            return None
        mount, inner = self._find(path)
        prefix = inner.rstrip("/") + "/"
        found: dict[str, None] = {}
        for name in _names(mount):
            if name.startswith(prefix) and name != prefix:
                found[name[len(prefix) :].partition("/")[0]] = None
        outer = path.rstrip("/") + "/"
        for one in self._mounts:
            if one.path.startswith(outer) and one.path != "/":
                found[one.path[len(outer) :].partition("/")[0]] = None
        return sorted(found)

    def mounts(self) -> list[tuple[str, str, bool, int]]:
        """Where something is mounted, outermost first.

        The path, the file system, whether it is read-only, and its size in bytes where it has one of its own.
        """
        return sorted(
            (mount.path, mount.file_system, mount.save is None, mount.size_bytes() if mount.size_bytes else 0)
            for mount in self._mounts
        )


def _lookup(mount: Mount, inner: str) -> Any:
    tree = mount.load()
    if inner in tree:
        return tree[inner]
    return mount.base.get(inner)


def _names(mount: Mount) -> Iterator[str]:
    tree = mount.load()
    for name, value in tree.items():
        if value is not None and not name.endswith(_MARK):
            yield name
    for name in mount.base:
        if name not in tree:
            yield name


def _has_directory(mount: Mount, inner: str) -> bool:
    prefix = inner.rstrip("/") + "/"
    return any(name.startswith(prefix) for name in _names(mount))
