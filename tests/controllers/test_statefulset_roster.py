"""The roster of a StatefulSet's Pods is the same whether it was kept up or built anew."""

from __future__ import annotations

import pytest

from k8slab.controllers import statefulset
from k8slab.controllers._statefulset_roster import Rosters
from k8slab.lab import Lab


def _set(policy, replicas):
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "podManagementPolicy": policy,
            "selector": {"matchLabels": {"app": "db"}},
            "template": template,
        },
    }


def _shown(rosters):
    return {
        slot: (roster.odd, sorted(roster.ready.items()), roster.ready_count, sorted(roster.labels.items()))
        for slot, roster in rosters._by_owner.items()
    }


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
def test_kept_up_is_built_anew(policy):
    lab = Lab(nodes=2)
    lab.apply(_set(policy, 4))
    seen = []

    def agrees(here):
        kept = here.world.cache(statefulset.NAME)
        seen.append(_shown(kept))
        assert _shown(kept) == _shown(Rosters(here.world))
        return False

    lab.run(until=agrees, timeout="60s")
    lab.delete("pod/db-1")
    lab.run(until=agrees, timeout="5s")
    lab.apply(_set(policy, 2))
    lab.run(until=agrees, timeout="60s")
    ((odd, ready, count, _),) = seen[-1].values()
    assert (odd, ready, count) == (0, [(0, True), (1, True)], 2)
    assert any(odd for one in seen for odd, *_ in one.values())


def test_a_copy_goes_its_own_way():
    lab = Lab(nodes=2)
    lab.apply(_set("Parallel", 2))
    lab.settle()
    kept = lab.world.cache(statefulset.NAME)
    twin = kept.copy()
    before = _shown(kept)
    lab.delete("pod/db-0")
    assert _shown(twin) == before
    assert _shown(kept) != before
