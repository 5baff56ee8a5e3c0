"""Arguments of the form `NAME=VALUE` behind the resources, and names with wildcards.

Models staging/src/k8s.io/kubectl/pkg/cmd/util/helpers.go (GetResourcesAndPairs, ParsePairs)
and cmd/set/helper.go (selectContainers), v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail


def split_pairs(arguments: Sequence[str], what: str) -> tuple[list[str], list[str]]:
    """The words that name resources, and the pairs behind them: `a=b`, or `a-` to remove `a`."""
    resources: list[str] = []
    pairs: list[str] = []
    for word in arguments:
        is_pair = ("=" in word and word[0] != "=") or (word.endswith("-") and word != "-")
        if pairs and not is_pair:
            raise fail(f"all resources must be specified before {what} changes: {word}")
        (pairs if is_pair else resources).append(word)
    return resources, pairs


def parse_pairs(
    pairs: Sequence[str], what: str, *, with_removal: bool = False
) -> tuple[dict[str, str], list[str]]:
    """The values by their names, and the names to remove. KubectlError for what is neither."""
    values: dict[str, str] = {}
    removed: list[str] = []
    invalid: list[str] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if equals and name:
            values[name] = value
        elif with_removal and pair.endswith("-") and not equals and pair != "-":
            removed.append(pair[:-1])
        else:
            invalid.append(pair)
    if invalid:
        raise fail(f"invalid {what} format: {', '.join(invalid)}")
    return values, removed


def chosen_containers(containers: Sequence[Obj] | None, pattern: str) -> list[bool]:
    """Of each container whether its name fits a pattern in which `*` stands for anything."""
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
    return [expression.fullmatch(one["name"]) is not None for one in containers or ()]
