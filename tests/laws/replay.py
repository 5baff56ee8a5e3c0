"""Playing a lab's inputs again: from its seed and what the user did to the same history."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.lab import Input, Lab


def replay(nodes: int, seed: int, inputs: Sequence[Input], end_us: int) -> Lab:
    """A new lab with the same inputs at the same instants, run to `end_us`."""
    lab = Lab(nodes=nodes, seed=seed)
    for one in inputs:
        lab._run_to(one.at_us)
        perform(lab, one)
    lab._run_to(end_us)
    return lab


def perform(lab: Lab, one: Input) -> None:
    """Do once more what an input says."""
    if one.verb == "kubectl":
        command, stdin, files = one.arguments
        assert not files, "the laws' commands read no files"
        lab.kubectl(command, stdin=stdin)
    elif one.verb == "add_node":
        name, machine = one.arguments
        lab.add_node(name, **machine)
    else:
        getattr(lab, one.verb)(*one.arguments)
