"""The small tools that every image has, by name.

Each family of tools is a module; this one only puts them together.
"""

from __future__ import annotations

from typing import Any

from k8slab.containers.tools_amqp import AMQP_TOOLS
from k8slab.containers.tools_binary import BINARY_TOOLS
from k8slab.containers.tools_files import FILE_TOOLS
from k8slab.containers.tools_listing import LISTING_TOOLS
from k8slab.containers.tools_network import NETWORK_TOOLS
from k8slab.containers.tools_signals import SIGNALS
from k8slab.containers.tools_system import SYSTEM_TOOLS
from k8slab.containers.tools_text import TEXT_TOOLS

TOOLS: dict[str, Any] = {
    **TEXT_TOOLS,
    **FILE_TOOLS,
    **LISTING_TOOLS,
    **SYSTEM_TOOLS,
    **SIGNALS,
    **NETWORK_TOOLS,
    **BINARY_TOOLS,
    **AMQP_TOOLS,
}
"""Tools by name: generators `(shell, argv, io)` that return an exit code."""
