"""Giving generated names the form in which recordings write them.

Hashes, random suffixes, uids and times differ from run to run; a recording
counts instead: `web-~1` is the first ReplicaSet of `web`, `web-~1-#3` its third
Pod. The names of one play are found from its history of creations.
"""

from __future__ import annotations

import re
from typing import Any

from k8slab import clock
from k8slab.api.meta import Obj, controller_of
from k8slab.reference.scenario import Scenario

_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$")


_POD_SETS = ("Job", "ReplicaSet", "ReplicationController")

_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])"
"""A random suffix of a Pod that was refused: it is in a message, but never was an object."""


class Names:
    """The replacements of one play: names, hashes, uids, and its first minute."""

    def __init__(self, scenario: Scenario, *, exact: bool | None = None) -> None:
        self.exact = scenario.spec.get("identity") == "exact" if exact is None else exact
        self.anonymous_nodes = bool(scenario.spec.get("anonymousNodes"))
        self.minute_us = scenario.start_us
        self.names: dict[tuple[str, str], str] = {}
        self.hashes: dict[str, str] = {}
        self.uids: dict[str, str] = {}
        self._counts: dict[tuple[str, ...], int] = {}
        self.owners: dict[str, Obj] = {}
        """By uid: the last controlling owner that an object had, also if it was released since."""
        history = scenario.steps[-1].world.store.history if scenario.steps else []
        for change in history:
            owner = controller_of(change.new) if change.new is not None else None
            if owner is not None and change.new is not None:
                self.owners[change.new["metadata"]["uid"]] = owner
            if change.old is None and change.new is not None and change.new["metadata"].get("uid"):
                self._learn(change.kind, change.new)
        self._blur_slices()
        texts = {real: alias for (_, real), alias in self.names.items() if real != alias}
        texts.update(self.hashes)
        texts.update({uid: f"<uid {alias}>" for uid, alias in self.uids.items()})
        self._texts = texts
        ordered = sorted(texts, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        sets = sorted({alias for (kind, _), alias in self.names.items() if kind in _POD_SETS})
        self._refused = re.compile(f"\\b({'|'.join(map(re.escape, sets))})-{_SUFFIX}") if sets else None

    def _blur_slices(self) -> None:
        """A slice whose Service shares its name with a set of Pods can't be told from those Pods."""
        if self.exact:
            return
        for slot, alias in self.names.items():
            base = alias.rpartition("-#")[0]
            if slot[0] == "EndpointSlice" and any((kind, base) in self.names for kind in _POD_SETS):
                self.names[slot] = f"{base}-#"

    def of(self, kind: str, name: str) -> str:
        """The recorded form of an object's name."""
        return self.names.get((kind, name), name)

    def _next(self, *group: str) -> int:
        self._counts[group] = self._counts.get(group, 0) + 1
        return self._counts[group]

    def _learn(self, kind: str, obj: Obj) -> None:
        name = obj["metadata"]["name"]
        owner = controller_of(obj)
        if (kind, name) not in self.names or kind == "Pod":
            alias = self._alias(kind, obj, name, owner)
            self.names[(kind, name)] = alias
        self.uids[obj["metadata"]["uid"]] = f"{kind}/{self.names[(kind, name)]}"

    def _alias(self, kind: str, obj: Obj, name: str, owner: Obj | None) -> str:
        labels = obj["metadata"].get("labels") or {}
        if kind == "PersistentVolume":
            claim = (obj["spec"].get("claimRef") or {}).get("name")
            return f"pv({claim})" if claim else name
        if owner is None:
            return self._run_alias(name) if kind == "Job" else name
        if kind == "ReplicaSet" and owner["kind"] == "Deployment":
            number = f"~{self._next(kind, owner['uid'])}"
            if labels.get("pod-template-hash"):
                self.hashes[labels["pod-template-hash"]] = number
            return f"{owner['name']}-{number}"
        if kind == "ControllerRevision":
            number = f"~{self._next(kind, owner['uid'])}"
            suffix = name.removeprefix(f"{owner['name']}-")
            self.hashes[suffix] = number
            hashed = labels.get("controller.kubernetes.io/hash") or labels.get("controller-revision-hash")
            if hashed:
                self.hashes[hashed] = number
            return f"{owner['name']}-{number}"
        if kind == "EndpointSlice":
            return f"{owner['name']}-#{self._next(kind, owner['uid'])}"
        if kind == "Job" and owner["kind"] == "CronJob":
            return self._run_alias(name)
        if kind == "Pod":
            return self._pod_alias(obj, name, owner)
        return name

    def _run_alias(self, name: str) -> str:
        """The name of a CronJob's run, or of somebody else's Job that has taken it: by its minute."""
        base, _, minutes = name.rpartition("-")
        if ("CronJob", base) not in self.names or not minutes.isdigit():
            return name
        return f"{base}-@{int(minutes) - self.minute_us // clock.MINUTE_US:+d}"

    def _pod_alias(self, pod: Obj, name: str, owner: Obj) -> str:
        prefix = self.of(owner["kind"], owner["name"])
        if owner["kind"] == "StatefulSet" or not pod["metadata"].get("generateName"):
            return name
        if owner["kind"] == "DaemonSet":
            if self.anonymous_nodes:
                return f"{prefix}@#"
            node = _daemon_node(pod)
            return f"{prefix}@{node}#{self._next('Pod', prefix, node)}"
        index = (pod["metadata"].get("labels") or {}).get("batch.kubernetes.io/job-completion-index")
        if owner["kind"] == "Job" and index is not None:
            return f"{prefix}-{index}-#{self._next('Pod', prefix, index)}"
        return f"{prefix}-#{self._next('Pod', prefix)}" if self.exact else f"{prefix}-#"

    def text(self, value: str) -> str:
        """A text with every generated name, hash, uid and time replaced."""
        if _TIME.match(value):
            return self.time(value)
        if self._pattern is None:
            return value
        named = self._pattern.sub(lambda match: self._texts[match[0]], value)
        return self._refused.sub(r"\1-#", named) if self._refused is not None else named

    def time(self, value: str) -> str:
        """`<minute-5>` for a time at a full minute, `<time>` for any other."""
        at_us = clock.parse_timestamp(value)
        if at_us % clock.MINUTE_US == 0:
            return f"<minute{(at_us - self.minute_us) // clock.MINUTE_US:+d}>"
        return "<time>"

    def replaced(self, value: Any) -> Any:
        """JSON data with every text replaced, keys too."""
        if isinstance(value, dict):
            return {self.text(name): self.replaced(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.replaced(one) for one in value]
        return self.text(value) if isinstance(value, str) else value


def _daemon_node(pod: Obj) -> str:
    """The node that a DaemonSet's Pod is for: in its affinity before it is bound."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name":
                return str(field["values"][0])
    return str(pod["spec"].get("nodeName", ""))
