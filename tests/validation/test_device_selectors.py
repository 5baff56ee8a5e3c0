"""What expressions that choose devices cost at worst, with upstream's figures, and which of them are refused.

The figures are those of staging/src/k8s.io/dynamic-resource-allocation/cel/compile_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api.cel.planning import typed
from k8slab.api.validation._device_selectors import DEVICE, sizes, validate_selectors

ONES = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
NESTED = "int('1'.find('[0-9]*')) < 100"
for name in ("z5", "z4", "z3", "z2", "z", "y", "x"):
    NESTED = f"{ONES}.all({name}, {NESTED})"
ATTRIBUTES = 'device.attributes["dra.example.com"]'
CAPACITY = 'device.capacity["dra.example.com"]'
ALL = " && ".join(
    (
        f'{CAPACITY}.quantity.isGreaterThan(quantity("1Ki"))',
        f"{ATTRIBUTES}.bool",
        f"{ATTRIBUTES}.int > 0",
        f'{ATTRIBUTES}.string == "fish"',
        f'{ATTRIBUTES}.version.isGreaterThan(semver("0.0.1"))',
        f'{CAPACITY}["quantity"].isGreaterThan(quantity("1Ki"))',
        f'{ATTRIBUTES}["bool"]',
        f'{ATTRIBUTES}["int"] > 0',
        f'{ATTRIBUTES}["string"] == "fish"',
        f'{ATTRIBUTES}["version"].isGreaterThan(semver("0.0.1"))',
    )
)
COSTS = {
    "true": 0,
    'device.attributes["no-such-domain"].noSuchAttr.isGreaterThan(quantity("0"))': 6,
    '"no-such-domain" in device.attributes': 3,
    'device.driver == ""': 2,
    'device.driver == "dra.example.com"': 4,
    f"{ATTRIBUTES}.name": 4,
    f'{ATTRIBUTES}["name"]': 4,
    f"{ATTRIBUTES}.name > 0": 5,
    f'{ATTRIBUTES}.name == "fish"': 5,
    f'{ATTRIBUTES}.name.isGreaterThan(semver("0.0.1"))': 6,
    f'{ATTRIBUTES}.name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)': 7,
    f'{CAPACITY}.name.isGreaterThan(quantity("1Ki"))': 6,
    f'"name" in {CAPACITY} && {CAPACITY}.name.isGreaterThan(quantity("1Ki"))': 10,
    f'!("name" in {CAPACITY}) || {CAPACITY}.name.isGreaterThan(quantity("1Ki"))': 11,
    ALL: 52,
    f"{ATTRIBUTES}.a && {ATTRIBUTES}.b && {ATTRIBUTES}.c": 12,
    'device.attributes.exists_one(x, x == "dra.example.com")': 164,
    f'{ATTRIBUTES}.exists_one(x, x == "services")': 133,
    f'{ATTRIBUTES}.services.split("example").size() >= 2': 19,
    f'{ATTRIBUTES}.services.matches("[^a]?sym")': 18,
    'device.capacity.exists_one(x, x == "dra.example.com")': 164,
    f'{CAPACITY}.exists_one(x, x == "memory")': 133,
    NESTED: 85_555_551,
    "device.allowMultipleAllocations == true": 3,
}


@pytest.mark.parametrize("expression, cost", COSTS.items(), ids=[text[:60] for text in COSTS])
def test_what_an_expression_costs_at_worst(expression: str, cost: int) -> None:
    assert typed(expression, {"device": DEVICE}).cost(sizes).most == cost


REFUSED = {
    "1": 'Invalid value: "1": must evaluate to bool or the unknown type, not int',
    NESTED: "Forbidden: too complex, exceeds cost limit",
    f"true || {' ' * 10_240}": "Too long: may not be more than 10240 bytes",
}


@pytest.mark.parametrize("expression, text", REFUSED.items(), ids=REFUSED.values())
def test_an_expression_that_is_refused(expression: str, text: str) -> None:
    (cause,) = validate_selectors([{"cel": {"expression": expression}}], "spec.selectors")
    assert cause.field == "spec.selectors[0].cel.expression"
    assert cause.message == text
