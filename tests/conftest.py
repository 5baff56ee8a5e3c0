"""Settings of all tests: properties are tried on the same examples in every run.

A search for new ones is a run with `--hypothesis-profile=search`.
"""

from __future__ import annotations

from hypothesis import settings

# A lab in a notebook imports the panel in a thread. The plugin for notebooks' tests makes this process
# look like one, and Python can't parse, as pytest's rewriting does, in two threads at a time.
import k8slab.panel  # noqa: F401

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile("fixed")
