"""A compiled expression with the types of its variables: which calls are settled, and what it costs at worst.

Models vendor/github.com/google/cel-go/{checker/checker,interpreter/planner}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from k8slab.api.cel.bounds import Bounds
from k8slab.api.cel.checking import DYN, Type, list_of, types_of
from k8slab.api.cel.compiling import full_name, is_function, parts_of
from k8slab.api.cel.cost import cost_of
from k8slab.api.cel.estimates import Sizes
from k8slab.api.cel.evaluation import Program, compile_expression
from k8slab.api.cel.overloads import forms_of
from k8slab.api.cel.syntax import Call, ListOf, Node
from k8slab.api.cel.values import CelError


class Typed(NamedTuple):
    """A program that knows its types: what it gives, and those of its parts by identity."""

    program: Program
    gives: Type
    types: Mapping[int, Type]

    def cost(self, sizes: Sizes) -> Bounds:
        """What it costs at worst, by the sizes of what it may read."""
        return cost_of(self.program.tree, self.types, sizes)


def typed(text: str, variables: Mapping[str, Type]) -> Typed:
    """Compile an expression over variables of these types. CelError with the compiler's messages."""
    program = compile_expression(text, tuple(sorted(variables)))
    types = types_of(text, program.tree, variables)
    vague = frozenset(id(node) for node in _calls(program.tree) if len(_forms(node, types)) > 1)
    return Typed(program._replace(vague=vague), types[id(program.tree)], types)


@lru_cache(maxsize=1024)
def untyped(text: str, names: tuple[str, ...]) -> Program:
    """Compile an expression over variables of no known type. CelError with the compiler's messages."""
    try:
        return typed(text, dict.fromkeys(names, DYN)).program
    except CelError:
        # What no types fit is no less an expression: it fails when it is evaluated.
        return compile_expression(text, names)


def _calls(node: Node) -> Iterator[Call]:
    if isinstance(node, Call):
        yield node
    for part in parts_of(node):
        yield from _calls(part)


def _forms(node: Call, types: Mapping[int, Type]) -> tuple[str, ...]:
    """The forms that a call may have, by the types of what it is given."""
    given = [types.get(id(one), DYN) for one in node.arguments]
    if node.target is None:
        return forms_of(node.function, given)
    if is_function(f"{full_name(node.target)}.{node.function}"):
        return ("",)
    target = types.get(id(node.target), DYN)
    if isinstance(node.target, ListOf) and not node.target.elements:
        # An empty list is of any type; the first form takes it.
        return ("",)
    if node.function == "sortBy":
        return forms_of("@sortByAssociatedKeys", [target, list_of(given[-1])])
    return forms_of(node.function, [target, *given])
