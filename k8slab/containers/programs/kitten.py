"""kitten: one of the two images between which upstream's oldest demonstration updates; see nautilus.

Models test/images/kitten, v1.36.
"""

from __future__ import annotations

from k8slab.containers.program import Family
from k8slab.containers.programs._picture import picture

PROGRAM: Family = picture("kitten")
