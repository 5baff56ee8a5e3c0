"""What requests cost the servers that answer them, in CPU time.

Nothing here is measured while the lab runs: each figure is what such a server takes on one core of a
present-day machine, to one digit. Four of them are enough to tell apart what people load on purpose,
a page that computes, from servers that mostly wait to be asked.
"""

from __future__ import annotations

A_KEY_US = 20
"""A key looked up or set in memory, as Redis does some 50,000 times a second."""

A_PAGE_US = 100
"""A small page or a short answer over HTTP; also whatever a server says of which nobody knows more."""

A_STATEMENT_US = 300
"""A statement that a database parses, plans and carries out, or a write that goes through a log first."""

A_MILLION_ROOTS_US = 50_000
"""The page of `hpa-example`: a loop in PHP that adds a million square roots."""

AROUND_A_REQUEST_US = 10_000
"""What passes beside the server's own work where a request takes time at all.

To start a tool, to ask the DNS for each name of the search list and to connect take no time here by
themselves. With a page of 50 ms it is what makes one load generator come to some 0.7 CPUs.
"""
