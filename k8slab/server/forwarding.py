"""Port-forward."""

from __future__ import annotations

PROTOCOLS = ()


async def serve(app, channels, scope, key): ...
