"""Settings of all tests: properties are tried on the same examples in every run.

A search for new ones is a run with `--hypothesis-profile=search`.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile("fixed")
