"""How a served lab listens."""

from __future__ import annotations

import socket

from k8slab.server import Serving


def test_answers_are_not_held_back_for_acknowledgements(serving: Serving) -> None:
    # asyncio sets TCP_NODELAY only for connections that name their protocol, as they inherit it.
    assert serving._socket.proto == socket.IPPROTO_TCP
