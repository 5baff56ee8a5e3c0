"""Common Expression Language, as the API server evaluates it in policies and match conditions.

`compile_expression` reads and checks a text; `Program.evaluate` gives its
value for variables. Nothing is typed by a schema: what comes from JSON has
JSON's types, as upstream's `dyn`.

Models staging/src/k8s.io/apiserver/pkg/cel and
pkg/admission/plugin/cel/{compile,condition}.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.cel.evaluation import OUT_OF_LIMIT, Program, compile_expression
from k8slab.api.cel.values import CelError

__all__ = ["OUT_OF_LIMIT", "CelError", "Program", "compile_expression"]
