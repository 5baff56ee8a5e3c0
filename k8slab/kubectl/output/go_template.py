"""`-o go-template` and `go-template-file`: Go's text/template over an object.

Models text/template of Go and
staging/src/k8s.io/cli-runtime/pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from k8slab.api.go_text import marshal, quote, sprint, type_name
from k8slab.api.meta import Obj
from k8slab.kubectl.output.errors import OutputError
from k8slab.kubectl.output.template_functions import FUNCTIONS, MISSING, FunctionError, is_true
from k8slab.kubectl.output.template_parse import NAME, Int, Node, TemplateError, parse

_DEEPEST_TEMPLATE = 100_000
_NONE_GIVEN: Any = object()
"""That no value came down the pipe."""


@dataclass(frozen=True, slots=True)
class Boxed:
    """A value as an `interface {}`: a member of a map or list, before a pipe unwraps it."""

    value: Any


class _BreakError(Exception):
    """`{{break}}`: leaves the range."""


class _ContinueError(Exception):
    """`{{continue}}`: goes on with the next element."""


def go_template_printer(template: str, *, allow_missing_keys: bool = True) -> Callable[[Obj], str]:
    """A function from an object to its text. Raises OutputError for a template that cannot be parsed."""
    try:
        top, defined = parse(template, frozenset(FUNCTIONS))
    except TemplateError as error:
        raise OutputError(f"error parsing template {template}, {error}") from None

    def text(obj: Obj) -> str:
        run = _Run(template, defined, allow_missing_keys, obj)
        try:
            run.walk_all(obj, top)
        except TemplateError as error:
            printed = "".join(run.parts) + (
                f"Error executing template: {error}. Printing more information for debugging the template:\n"
                f"\ttemplate was:\n\t\t{template}\n"
                f"\traw data was:\n\t\t{marshal(obj)}\n"
                f"\tobject given to template engine was:\n\t\t{sprint(obj)}\n\n"
            )
            raise OutputError(f"error executing template {quote(template)}: {error}", printed) from None
        return "".join(run.parts)

    return text


@dataclass(slots=True)
class _Run:
    """One execution: the text so far, the variables, and the node being evaluated, for errors."""

    template: str
    defined: dict[str, tuple[Node, ...]]
    allow_missing_keys: bool
    data: Any
    parts: list[str] = field(default_factory=list)
    variables: list[tuple[str, Any]] = field(default_factory=list)
    node: Node | None = None
    name: str = NAME
    depth: int = 0

    def __post_init__(self) -> None:
        self.variables.append(("$", self.data))

    def error(self, message: str) -> TemplateError:
        if self.node is None:
            return TemplateError(f"template: {self.name}: {message}")
        before = self.template[: self.node.position]
        column = len(before.encode()) - (before.encode().rfind(b"\n") + 1)
        return TemplateError(
            f"template: {NAME}:{before.count(chr(10)) + 1}:{column}: "
            f"executing {quote(self.name)} at <{self.node}>: {message}"
        )

    def walk_all(self, dot: Any, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.walk(dot, node)

    def walk(self, dot: Any, node: Node) -> None:
        self.node = node
        if node.kind == "text":
            self.parts.append(node.value)
        elif node.kind == "action":
            value = self.pipeline(dot, node.parts[0])
            if not node.parts[0].value[1]:
                self.node = node
                self.parts.append(_printed(value))
        elif node.kind in ("if", "with"):
            self.branch(dot, node)
        elif node.kind == "range":
            self.loop(dot, node)
        elif node.kind == "template":
            self.call_template(dot, node)
        else:
            raise _BreakError if node.kind == "break" else _ContinueError

    def branch(self, dot: Any, node: Node) -> None:
        mark = len(self.variables)
        pipe, then, otherwise = node.parts
        value = self.pipeline(dot, pipe)
        if is_true(value):
            self.walk_all(value if node.kind == "with" else dot, then)
        else:
            self.walk_all(dot, otherwise)
        del self.variables[mark:]

    def loop(self, dot: Any, node: Node) -> None:
        mark = len(self.variables)
        pipe, body, otherwise = node.parts
        value = self.pipeline(dot, pipe)
        inner = len(self.variables)
        items = self.items_of(value)
        try:
            for index, element in items:
                self.set_loop_variables(pipe, inner, index, element)
                try:
                    self.walk_all(element, body)
                except _ContinueError:
                    pass
                finally:
                    del self.variables[inner:]
        except _BreakError:
            pass
        if not items:
            self.walk_all(dot, otherwise)
        del self.variables[mark:]

    def items_of(self, value: Any) -> list[tuple[Any, Any]]:
        if isinstance(value, dict):
            return [(name, Boxed(value[name])) for name in sorted(value)]
        if isinstance(value, (list, tuple)):
            return [(Int(position), Boxed(item)) for position, item in enumerate(value)]
        if isinstance(value, int) and not isinstance(value, bool):
            return [(type(value)(number), type(value)(number)) for number in range(value)]
        if value is MISSING:
            return []
        raise self.error(f"range can't iterate over {sprint(value)}")

    def set_loop_variables(self, pipe: Node, inner: int, index: Any, element: Any) -> None:
        """The last variable takes the element, the one before it the index."""
        is_assignment, names = pipe.value
        for name, value in zip(names, (index, element)[-len(names) :] if names else ()):
            if is_assignment:
                self.set_variable(name, value)
            else:
                place = next(i for i in range(inner - 1, -1, -1) if self.variables[i][0] == name)
                self.variables[place] = (name, value)

    def call_template(self, dot: Any, node: Node) -> None:
        body = self.defined.get(node.value)
        if body is None:
            raise self.error(f"template {quote(node.value)} not defined")
        if self.depth >= _DEEPEST_TEMPLATE // 1000:
            raise self.error(f"exceeded maximum template depth ({_DEEPEST_TEMPLATE})")
        pipe = node.parts[0]
        argument = self.pipeline(dot, pipe) if pipe is not None else MISSING
        outer, self.variables = self.variables, [("$", argument)]
        outer_name, self.name = self.name, node.value
        self.depth += 1
        self.walk_all(argument, body)
        self.depth -= 1
        self.variables, self.name = outer, outer_name

    def set_variable(self, name: str, value: Any) -> None:
        for place in range(len(self.variables) - 1, -1, -1):
            if self.variables[place][0] == name:
                self.variables[place] = (name, value)
                return
        raise self.error(f"undefined variable: {name}")

    def pipeline(self, dot: Any, pipe: Node) -> Any:
        """The value of a pipe, out of its box; None becomes MISSING."""
        self.node = pipe
        value: Any = _NONE_GIVEN
        for command in pipe.parts:
            value = _unboxed(self.command(dot, command, value))
        is_assignment, names = pipe.value
        for name in names:
            if is_assignment:
                self.set_variable(name, value)
            else:
                self.variables.append((name, value))
        return value

    def command(self, dot: Any, command: Node, final: Any) -> Any:
        first = command.parts[0]
        arguments = command.parts
        if first.kind == "field":
            self.node = first
            return self.fields(dot, first.value, arguments, final)
        if first.kind == "chain":
            return self.chain(dot, first, arguments, final)
        if first.kind == "identifier":
            return self.function(dot, first, command, arguments, final)
        if first.kind == "pipe":
            self.check_no_arguments(arguments, final)
            return self.pipeline(dot, first)
        if first.kind == "variable":
            return self.variable(dot, first, arguments, final)
        self.node = first
        self.check_no_arguments(arguments, final)
        if first.kind == "dot":
            return dot
        if first.kind == "nil":
            raise self.error("nil is not a command")
        return first.value

    def check_no_arguments(self, arguments: Sequence[Node], final: Any) -> None:
        if len(arguments) > 1 or final is not _NONE_GIVEN:
            raise self.error(f"can't give argument to non-function {arguments[0]}")

    def chain(self, dot: Any, node: Node, arguments: Sequence[Node], final: Any) -> Any:
        self.node = node
        if node.parts[0].kind == "nil":
            raise self.error(f"indirection through explicit nil in {node}")
        return self.fields(self.argument(dot, node.parts[0]), node.value, arguments, final)

    def variable(self, dot: Any, node: Node, arguments: Sequence[Node], final: Any) -> Any:
        self.node = node
        value = next(value for name, value in reversed(self.variables) if name == node.value[0])
        if len(node.value) == 1:
            self.check_no_arguments(arguments, final)
            return value
        return self.fields(value, node.value[1:], arguments, final)

    def fields(self, receiver: Any, names: Sequence[str], arguments: Sequence[Node], final: Any) -> Any:
        """The value at the end of a chain of fields."""
        for name in names[:-1]:
            receiver = self.field_of(receiver, name, False)
        has_arguments = len(arguments) > 1 or final is not _NONE_GIVEN
        return self.field_of(receiver, names[-1], has_arguments)

    def field_of(self, receiver: Any, name: str, has_arguments: bool) -> Any:
        if receiver is MISSING:
            if not self.allow_missing_keys:
                raise self.error(f"nil data; no entry for key {quote(name)}")
            return MISSING
        boxed = isinstance(receiver, Boxed)
        value = receiver.value if isinstance(receiver, Boxed) else receiver
        if value is None:
            raise self.error(f"nil pointer evaluating interface {{}}.{name}")
        if isinstance(value, dict):
            if has_arguments:
                raise self.error(f"{name} is not a method but has arguments")
            if name in value:
                return Boxed(value[name])
            if not self.allow_missing_keys:
                raise self.error(f"map has no entry for key {quote(name)}")
            return MISSING
        raise self.error(f"can't evaluate field {name} in type {'interface {}' if boxed else go_type(value)}")

    def argument(self, dot: Any, node: Node) -> Any:
        """The value of an operand, in its box where it has one."""
        self.node = node
        if node.kind == "dot":
            return dot
        if node.kind == "nil":
            return None
        if node.kind == "field":
            return self.fields(dot, node.value, (node,), _NONE_GIVEN)
        if node.kind == "variable":
            return self.variable(dot, node, (), _NONE_GIVEN)
        if node.kind == "pipe":
            return self.pipeline(dot, node)
        if node.kind == "identifier":
            return self.function(dot, node, node, (), _NONE_GIVEN)
        if node.kind == "chain":
            return self.chain(dot, node, (), _NONE_GIVEN)
        return node.value

    def function(self, dot: Any, node: Node, command: Node, arguments: Sequence[Node], final: Any) -> Any:
        self.node = node
        name = node.value
        function = FUNCTIONS[name]
        operands = arguments[1:]
        given = len(operands) + (final is not _NONE_GIVEN)
        if function.variadic and given < function.least:
            raise self.error(f"wrong number of args for {name}: want at least {function.least} got {given}")
        if not function.variadic and given != function.least:
            raise self.error(f"wrong number of args for {name}: want {function.least} got {given}")
        if name in ("and", "or"):
            return self.logic(dot, name == "or", operands, final)
        values = [
            self.typed(dot, operand, function.expects if position == 0 else "any")
            for position, operand in enumerate(operands)
        ]
        if final is not _NONE_GIVEN:
            values.append(self.as_text(final) if function.expects == "string" and not values else final)
        try:
            return function.call(*values)
        except FunctionError as error:
            self.node = command
            message = (
                str(error).replace("{}", str(operands[0])) if name == "call" and operands else str(error)
            )
            raise self.error(f"error calling {name}: {message}") from None

    def logic(self, dot: Any, is_or: bool, operands: Sequence[Node], final: Any) -> Any:
        """`and` and `or` stop at the first operand that decides."""
        value: Any = MISSING
        for operand in operands:
            value = self.argument(dot, operand)
            if is_true(_unboxed(value)) == is_or:
                return value
        return value if final is _NONE_GIVEN else final

    def typed(self, dot: Any, operand: Node, expects: str) -> Any:
        """The argument as the function takes it: `any` value, a `string`, or with null kept (`nilable`)."""
        if expects == "string" and operand.kind in ("bool", "number", "nil"):
            self.node = operand
            found = (
                "cannot assign nil to string"
                if operand.kind == "nil"
                else f"expected string; found {operand}"
            )
            raise self.error(found)
        value = self.argument(dot, operand)
        if expects == "string":
            return self.as_text(_unboxed(value))
        return value.value if expects == "nilable" and isinstance(value, Boxed) else _unboxed(value)

    def as_text(self, value: Any) -> str:
        if value is MISSING:
            raise self.error("invalid value; expected string")
        if not isinstance(value, str):
            raise self.error(f"wrong type for value; expected string; got {go_type(value)}")
        return value


def _unboxed(value: Any) -> Any:
    plain = value.value if isinstance(value, Boxed) else value
    return MISSING if plain is None else plain


def _printed(value: Any) -> str:
    return "<no value>" if value is MISSING else sprint(value)


def go_type(value: Any) -> str:
    """The Go type of a value in a template."""
    return "int" if isinstance(value, Int) else type_name(value)
