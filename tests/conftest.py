"""Settings of all tests: properties are tried on the same examples in every run.

A search for new ones is a run with `--hypothesis-profile=search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# A lab in a notebook imports the panel in a thread. The plugin for notebooks' tests makes this process
# look like one, and Python can't parse, as pytest's rewriting does, in two threads at a time.
import k8slab.panel  # noqa: F401

if TYPE_CHECKING:
    from playwright.sync_api import Browser

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser for the tests of one module. Only they need what it is driven by."""
    from tests.browser import chromium

    with chromium() as found:
        yield found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let those that need a browser come first: the short ones then fill up the end."""
    items.sort(key=lambda item: "browser" not in getattr(item, "fixturenames", ()))
