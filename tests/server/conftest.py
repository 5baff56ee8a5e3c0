from __future__ import annotations

from collections.abc import Iterator

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, serve


@pytest.fixture
def lab() -> Lab:
    return Lab(3)


@pytest.fixture
def serving(lab: Lab) -> Iterator[Serving]:
    """A served lab whose time stands still unless the test moves it; nothing may go wrong within."""
    with serve(lab, live=False, token="secret") as served:
        yield served
        assert served.app.faults == []
