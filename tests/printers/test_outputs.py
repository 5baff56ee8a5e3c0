"""Templates, custom columns, sorting and whole texts, as a real kubectl printed them."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.kubectl.get_text import GetFlags, object_printer
from k8slab.kubectl.output.errors import OutputError
from k8slab.kubectl.output.kyaml import kyaml_text
from k8slab.kubectl.output.sorting import sort_objects
from k8slab.kubectl.output.tab_writer import DESCRIPTIONS, TABLES, align, aligned
from tests.printers.small_kubectl import get, reference, state

TEMPLATES = reference("templates.json")
GET_TEXTS = reference("get_texts.json")
SORTED = reference("sorted.json")
MORE = ". Printing more information"
"""Behind an error kubectl prints the template and the object, which no case repeats."""


def printed(output: str) -> tuple[str, str]:
    try:
        return object_printer(GetFlags(output=output))(TEMPLATES["object"]), ""
    except OutputError as error:
        return error.printed.split(MORE)[0], f"error: {error}".split(MORE)[0]


@pytest.mark.parametrize("case", TEMPLATES["cases"], ids=lambda case: case["output"])
def test_a_template_prints_what_kubectl_printed(case: dict[str, Any]) -> None:
    assert printed(case["output"]) == (case["stdout"], case["stderr"].removesuffix("\n"))


@pytest.mark.parametrize("case", GET_TEXTS["cases"], ids=lambda case: " ".join(case["args"]))
def test_get_prints_what_kubectl_printed(case: dict[str, Any]) -> None:
    objects = (*state("alpha"), *GET_TEXTS["objects"])
    output = get(case["args"][1:], objects, "alpha", GET_TEXTS["nowUs"])
    errors = "".join(line for line in output.stderr.splitlines(True) if not line.startswith("Warning:"))
    assert (output.stdout, errors, output.exit_code) == (case["stdout"], case["stderr"], case["exit"])


@pytest.mark.parametrize("case", SORTED, ids=lambda case: f"{len(case['values'])} values")
def test_equal_values_are_left_as_gos_sort_leaves_them(case: dict[str, Any]) -> None:
    objects = [
        {"place": place, "data": {} if value is None else {"k": value}}
        for place, value in enumerate(case["values"])
    ]
    assert [obj["place"] for obj in sort_objects(objects, ".data.k")] == case["order"]


def test_columns_end_where_a_line_has_no_such_cell() -> None:
    assert aligned("a\tb\nlong cell\tc\nplain\nx\ty\n", DESCRIPTIONS) == (
        "a          b\nlong cell  c\nplain\nx  y\n"
    )


def test_a_blank_line_has_its_margin_in_kyaml() -> None:
    assert kyaml_text({"a": "\nb\n\n c\n"}) == (
        '---\n{\n  a: "\\\n     \\n\\\n     b\\n\\\n     \\n\\\n    \\ c\\n\\\n    ",\n}\n'
    )


def test_a_watch_keeps_the_width_a_column_once_had() -> None:
    _, widths = align("NAME\tAGE\na-rather-long-name\t1s\n", TABLES)
    text, _ = align("short\t2s\n", TABLES, widths)
    assert text == "short                2s\n"
