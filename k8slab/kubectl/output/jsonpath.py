"""`-o jsonpath`, `jsonpath-as-json` and `jsonpath-file`.

Models staging/src/k8s.io/cli-runtime/pkg/printers/jsonpath.go and
genericclioptions/jsonpath_flags.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slab.api import jsonpath
from k8slab.api.go_text import quote, sprint
from k8slab.api.meta import Obj
from k8slab.kubectl.output.errors import OutputError


def jsonpath_printer(
    template: str, *, as_json: bool = False, allow_missing_keys: bool = True
) -> Callable[[Obj], str]:
    """A function from an object to its text. Raises OutputError for a template that cannot be parsed."""
    try:
        path = jsonpath.parse(template)
    except jsonpath.JSONPathError as error:
        raise OutputError(f"error parsing jsonpath {template}, {error}") from None

    def text(obj: Obj) -> str:
        try:
            return jsonpath.execute(path, obj, allow_missing_keys=allow_missing_keys, as_json=as_json)
        except jsonpath.JSONPathError as error:
            raise OutputError(
                f"error executing jsonpath {quote(template)}: Error executing template: {error}. "
                "Printing more information for debugging the template:\n"
                f"\ttemplate was:\n\t\t{template}\n"
                f"\tobject given to jsonpath engine was:\n\t\t{go_syntax(obj)}\n\n\n"
            ) from None

    return text


def go_syntax(value: Any) -> str:
    """A value as Go's `%#v` writes it."""
    if isinstance(value, dict):
        members = ", ".join(f"{quote(name)}:{go_syntax(value[name])}" for name in sorted(value))
        return f"map[string]interface {{}}{{{members}}}"
    if isinstance(value, (list, tuple)):
        return f"[]interface {{}}{{{', '.join(go_syntax(item) for item in value)}}}"
    if value is None:
        return "interface {}(nil)"
    return quote(value) if isinstance(value, str) else sprint(value)
