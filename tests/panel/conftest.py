"""The page that most of the panel's tests look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import watched


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """As wide as a picture is before the browser says how wide it is to be, and without a complaint."""
    with watched(browser, 1180, 900) as made:
        yield made
