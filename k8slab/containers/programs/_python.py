"""The statements of Python that manifests give to `python -c`: names, conditions, calls of a few functions.

What isn't here is refused by name and ends the program, rather than being passed over.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from k8slab.clock import SECOND_US
from k8slab.containers.requests import Sleep
from k8slab.containers.streams import Steps

_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_UNARY: dict[type, Callable[[Any], Any]] = {ast.Not: operator.not_, ast.USub: operator.neg}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {"int": int, "float": float, "str": str, "len": len}


class _UnknownError(Exception):
    """Something of Python that isn't here; the text is its source."""


class _EndError(Exception):
    """The program ends itself with this code."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def run_statements(call: Any, source: str) -> Steps:
    """Run a program; imports are taken as done. Its exit code."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        yield from call.io.err.write(f'  File "<string>", line {error.lineno}\nSyntaxError: {error.msg}\n')
        return 1
    names: dict[str, Any] = {"os.environ": dict(call.shell.environment())}
    try:
        for node in tree.body:
            yield from _run(call, node, names)
    except _EndError as end:
        return end.code
    except _UnknownError as unknown:
        line = re.sub(r"\s+", " ", str(unknown))[:60]
        yield from call.io.err.write(f"NotImplementedError: this lab's python cannot run: {line}\n")
        return 1
    except (ArithmeticError, LookupError, NameError, TypeError, ValueError) as error:
        place = f'Traceback (most recent call last):\n  File "<string>", line {node.lineno}, in <module>\n'
        yield from call.io.err.write(f"{place}{type(error).__name__}: {error}\n")
        return 1
    return 0


def _run(call: Any, node: ast.stmt, names: dict[str, Any]) -> Steps:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
        return
    if isinstance(node, ast.Assign) and all(isinstance(one, ast.Name) for one in node.targets):
        value = _value(node.value, names)
        names.update(dict.fromkeys(map(ast.unparse, node.targets), value))
        return
    if isinstance(node, ast.If):
        for one in node.body if _value(node.test, names) else node.orelse:
            yield from _run(call, one, names)
        return
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        raise _UnknownError(ast.unparse(node))
    yield from _do(call, node.value, names)


def _do(call: Any, node: ast.Call, names: Mapping[str, Any]) -> Steps:
    """A call for what it does."""
    name = ast.unparse(node.func)
    if name not in ("print", "time.sleep", "sleep", "exit", "sys.exit", "quit"):
        raise _UnknownError(ast.unparse(node))
    if any(word.arg != "flush" for word in node.keywords):
        raise _UnknownError(ast.unparse(node))
    values = [_value(one, names) for one in node.args]
    if name == "print":
        yield from call.io.out.write(" ".join(map(str, values)) + "\n")
    elif name.endswith("sleep"):
        yield Sleep(round(float(values[0]) * SECOND_US))
    elif values and isinstance(values[0], str):
        yield from call.io.err.write(f"{values[0]}\n")
        raise _EndError(1)
    else:
        raise _EndError(int(values[0] or 0) if values else 0)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What an expression is."""
    found = _VALUES.get(type(node))
    if found is None:
        raise _UnknownError(ast.unparse(node))
    return found(node, names)


def _named(node: ast.expr, names: Mapping[str, Any]) -> Any:
    name = ast.unparse(node)
    if name in names:
        return names[name]
    if isinstance(node, ast.Name):
        raise NameError(f"name '{name}' is not defined")
    raise _UnknownError(name)


def _computed(node: ast.BinOp, names: Mapping[str, Any]) -> Any:
    if type(node.op) not in _OPERATORS:
        raise _UnknownError(ast.unparse(node))
    return _OPERATORS[type(node.op)](_value(node.left, names), _value(node.right, names))


def _compared(node: ast.Compare, names: Mapping[str, Any]) -> bool:
    left = _value(node.left, names)
    for one, other in zip(node.ops, node.comparators, strict=True):
        right = _value(other, names)
        if not _OPERATORS[type(one)](left, right):
            return False
        left = right
    return True


def _joined(node: ast.BoolOp, names: Mapping[str, Any]) -> Any:
    value: Any = None
    for one in node.values:
        value = _value(one, names)
        if bool(value) is isinstance(node.op, ast.Or):
            return value
    return value


def _negated(node: ast.UnaryOp, names: Mapping[str, Any]) -> Any:
    if type(node.op) not in _UNARY:
        raise _UnknownError(ast.unparse(node))
    return _UNARY[type(node.op)](_value(node.operand, names))


def _formatted(node: ast.JoinedStr, names: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for one in node.values:
        if isinstance(one, ast.FormattedValue):
            if one.conversion != -1 or one.format_spec is not None:
                raise _UnknownError(ast.unparse(node))
            parts.append(str(_value(one.value, names)))
        else:
            parts.append(_value(one, names))
    return "".join(parts)


def _called(node: ast.Call, names: Mapping[str, Any]) -> Any:
    """A call for what it gives back."""
    name = ast.unparse(node.func)
    if node.keywords or (name not in _FUNCTIONS and name not in ("os.environ.get", "os.getenv")):
        raise _UnknownError(ast.unparse(node))
    values: Sequence[Any] = [_value(one, names) for one in node.args]
    return _FUNCTIONS[name](*values) if name in _FUNCTIONS else names["os.environ"].get(*values)


_VALUES: Mapping[type, Callable[[Any, Mapping[str, Any]], Any]] = {
    ast.Constant: lambda node, names: node.value,
    ast.Name: _named,
    ast.Attribute: _named,
    ast.BinOp: _computed,
    ast.Compare: _compared,
    ast.BoolOp: _joined,
    ast.UnaryOp: _negated,
    ast.IfExp: lambda node, names: _value(node.body if _value(node.test, names) else node.orelse, names),
    ast.JoinedStr: _formatted,
    ast.Subscript: lambda node, names: _value(node.value, names)[_value(node.slice, names)],
    ast.List: lambda node, names: [_value(one, names) for one in node.elts],
    ast.Tuple: lambda node, names: tuple(_value(one, names) for one in node.elts),
    ast.Call: _called,
}
