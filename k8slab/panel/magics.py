"""`%kubectl` and `%%apply`: kubectl's commands as cells of a notebook.

The magics work on the notebook's current lab: the last one that was made
current by `use`, else the variable `lab` of the notebook.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from k8slab.panel.handle import LabHandle
from k8slab.texts import say

_current: list[LabHandle] = []


def use(lab: LabHandle) -> None:
    """Make a lab the one that the magics work on."""
    _current[:] = [lab]


def current(ipython: Any) -> LabHandle:
    """The lab that the magics work on. RuntimeError that says what to do where there is none."""
    if _current:
        return _current[0]
    lab = ipython.user_ns.get("lab")
    if lab is None:
        raise RuntimeError(say("en", "panel.no_lab"))
    return lab  # type: ignore[no-any-return]


def _show(result: Any) -> None:
    """Print what a command said; the order of the two streams doesn't depend on a kernel's threads."""
    for stream, text in ((sys.stdout, result.stdout), (sys.stderr, result.stderr)):
        if text:
            stream.write(text)
            stream.flush()


def _offer_words(ipython: Any) -> None:
    """Let Tab offer kubectl's words, and nothing of Python's, behind `%kubectl`."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def kubectl_words(context: Any) -> dict[str, Any]:
        """What the last word could become (a matcher of IPython's completer)."""
        line = context.line_with_cursor[: context.cursor_position].lstrip()
        found = _COMMAND.match(line)
        if found is None:
            return {"completions": [], "suppress": False}
        line = line[found.end() :]
        try:
            offers = current(ipython).completions(line)
        except RuntimeError:
            # There is no lab yet, so nothing is known to offer.
            offers = []
        return {
            "completions": [SimpleCompletion(text=one, type="kubectl") for one in offers],
            "matched_fragment": line.rpartition(" ")[2],
            "suppress": bool(offers),
        }

    as_matcher: Any = context_matcher(identifier="kubectl")
    ipython.Completer.custom_matchers.append(as_matcher(kubectl_words))


_COMMAND = re.compile(r"%{0,2}kubectl +")


def register(ipython: Any) -> None:
    """Register the magics with IPython (called by `%load_ext k8slab`)."""

    def kubectl(line: str, cell: str | None = None) -> None:
        """Run kubectl in process; a cell's text is its standard input."""
        _show(current(ipython).kubectl(line, stdin=cell or ""))

    def apply(line: str, cell: str) -> None:
        """Apply the YAML of the cell: `%%apply [flags]`."""
        _show(current(ipython).kubectl(f"apply -f - {line}", stdin=cell))

    ipython.register_magic_function(kubectl, "line_cell", "kubectl")
    _offer_words(ipython)
    ipython.register_magic_function(apply, "cell", "apply")
