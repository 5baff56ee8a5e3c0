"""Who owns what after client-side apply goes over to server-side apply.

Cases of staging/src/k8s.io/client-go/util/csaupgrade/upgrade_test.go, v1.36.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from k8slab.kubectl.apply_migration import upgraded

CLIENT, SERVER = "kubectl-client-side-apply", "kubectl"


def entry(
    manager: str, operation: str, version: str = "v1", subresource: str = "", **fields: Any
) -> dict[str, Any]:
    """One entry of managedFields that owns these keys of `data`."""
    found: dict[str, Any] = {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "fieldsV1": {"f:data": {f"f:{name}": {} for name in fields}},
    }
    return {**found, "subresource": subresource} if subresource else found


class Case(NamedTuple):
    """Managed fields, and what becomes of them."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]


CASES = {
    "only client-side": Case([entry(CLIENT, "Update", a=1)], [entry(SERVER, "Apply", a=1)]),
    "both": Case(
        [entry(SERVER, "Apply", a=1), entry(CLIENT, "Update", b=1)], [entry(SERVER, "Apply", a=1, b=1)]
    ),
    "others stay": Case(
        [entry("other", "Update", c=1), entry(CLIENT, "Update", a=1)],
        [entry("other", "Update", c=1), entry(SERVER, "Apply", a=1)],
    ),
    "another version is dropped": Case(
        [entry(SERVER, "Apply", a=1), entry(CLIENT, "Update", "v2", b=1)], [entry(SERVER, "Apply", a=1)]
    ),
    "a subresource's stay": Case(
        [entry(SERVER, "Apply", a=1), entry(CLIENT, "Update", subresource="status", b=1)],
        [entry(SERVER, "Apply", a=1), entry(CLIENT, "Update", subresource="status", b=1)],
    ),
    "several": Case(
        [entry(CLIENT, "Update", a=1), entry(CLIENT, "Update", "v2", b=1)], [entry(SERVER, "Apply", a=1)]
    ),
    "none": Case([entry("other", "Update", a=1)], [entry("other", "Update", a=1)]),
}


@pytest.mark.parametrize("name", CASES)
def test_fields_go_over_to_the_server_side_manager(name: str) -> None:
    assert upgraded(CASES[name].before, [CLIENT], SERVER) == CASES[name].after


def test_without_client_side_managers_nothing_changes() -> None:
    before = [entry(SERVER, "Apply", a=1)]
    assert upgraded(before, [], SERVER) is before
