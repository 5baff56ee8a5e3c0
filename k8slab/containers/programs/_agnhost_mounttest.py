"""agnhost mounttest: looks at files and says what their kind, mode, owner and content are.

Models test/images/agnhost/mounttest/{mt,mt_utils}.go, v1.36.
"""

from __future__ import annotations

import json

from k8slab.clock import SECOND_US
from k8slab.containers.programs._go import flags
from k8slab.containers.requests import Read, Sleep, StatOf, Write
from k8slab.containers.shell import Invocation
from k8slab.containers.streams import Steps
from k8slab.containers.tools_listing import mode_text

_NEW_CONTENT = "mount-tester new file\n"
_NEW_MODES = ("0644", "0666", "0660", "0777")
_MISSING = "no such file or directory"
_MAGIC = {"ext4": "61267", "overlay": "2035054128"}
_LOOP_US = 2 * SECOND_US


def _quoted(text: str) -> str:
    return json.dumps(text)


def mounttest(call: Invocation, argv: list[str]) -> Steps:
    """Do what the flags say, in the program's own order. 1 where anything went wrong."""
    given, _ = flags(argv[2:], ("break_on_expected_content",))
    failed = False
    if given.get("fs_type"):
        failed = (yield from _file_system(call, given["fs_type"])) or failed
    for mode in _NEW_MODES:
        path = given.get(f"new_file_{mode}")
        if path:
            failed = (yield from _new_file(call, path, int(mode, 8))) or failed
    for flag in ("file_mode", "file_perm", "file_owner"):
        if given.get(flag):
            failed = (yield from _describe(call, flag, given[flag])) or failed
    if given.get("file_content"):
        failed = (yield from _content(call, given["file_content"])) or failed
    if given.get("file_content_in_loop"):
        failed = (yield from _content_in_loop(call, given)) or failed
    return int(failed)


def _file_system(call: Invocation, path: str) -> Steps:
    found = yield StatOf(path)
    if found is None:
        yield from call.io.out.write(f"error from statfs({_quoted(path)}): {_MISSING}\n")
        return True
    name = _MAGIC.get(found.file_system, found.file_system)
    yield from call.io.out.write(f"mount type of {_quoted(path)}: {name}\n")
    return False


def _new_file(call: Invocation, path: str, mode: int) -> Steps:
    fault = yield Write(path, _NEW_CONTENT, mode=mode)
    if fault:
        text = f"error writing new file {_quoted(path)}: open {path}: {fault.lower()}\n"
        yield from call.io.out.write(text)
        return True
    return (yield from _content(call, path))


def _describe(call: Invocation, flag: str, path: str) -> Steps:
    found = yield StatOf(path)
    if found is None:
        name = "stat" if flag == "file_owner" else "Stat"
        yield from call.io.out.write(f"error from {name}({_quoted(path)}): stat {path}: {_MISSING}\n")
        return True
    if flag == "file_owner":
        yield from call.io.out.write(f"owner UID of {_quoted(path)}: {found.user}\n")
        yield from call.io.out.write(f"owner GID of {_quoted(path)}: {found.group}\n")
        return False
    if flag == "file_perm":
        text = mode_text("file", found.mode & 0o777)
        yield from call.io.out.write(f"perms of file {_quoted(path)}: {text}\n")
        return False
    yield from call.io.out.write(f"mode of file {_quoted(path)}: {_go_mode(found.kind, found.mode)}\n")
    return False


def _go_mode(kind: str, mode: int) -> str:
    """A mode as Go's os.FileMode prints it: `dtrwxrwxrwx`."""
    letters = "d" * (kind == "dir") + "u" * bool(mode & 0o4000)
    letters += "g" * bool(mode & 0o2000) + "t" * bool(mode & 0o1000)
    return (letters or "-") + mode_text("file", mode & 0o777)[1:]


def _content(call: Invocation, path: str) -> Steps:
    text = yield Read(path)
    if text is None:
        found = yield StatOf(path)
        why = _MISSING if found is None else "permission denied"
        yield from call.io.out.write(f"error reading file content for {_quoted(path)}: open {path}: {why}\n")
        return True
    yield from call.io.out.write(f"content of file {_quoted(path)}: {text}\n")
    return False


def _content_in_loop(call: Invocation, given: dict[str, str]) -> Steps:
    path = given["file_content_in_loop"]
    stops = given.get("break_on_expected_content", "true") == "true"
    failed = True
    for _ in range(-(-int(given.get("retry_time", "180")) // 2)):
        text = yield Read(path)
        failed = text is None
        if text is None:
            yield from call.io.out.write(f"Error reading file {path}: open {path}: {_MISSING}, retrying\n")
        else:
            yield from call.io.out.write(f"content of file {_quoted(path)}: {text}\n")
            if stops and text == _NEW_CONTENT:
                return False
            if stops:
                expected = f"Unexpected content. Expected: {_NEW_CONTENT}. Retrying\n"
                yield from call.io.out.write(expected)
        yield Sleep(_LOOP_US)
    return failed
