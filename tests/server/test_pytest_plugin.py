from __future__ import annotations

import httpx
import pytest

from k8slab.pytest_plugin import k8slab as cluster  # noqa: F401 - a fixture


def test_time_moves_only_by_the_tests_hand(cluster) -> None:  # noqa: F811
    before = cluster.lab.now
    cluster.kubectl("create", "deployment", "web", "--image=nginx")
    assert "0/1" in cluster.kubectl("get", "deployment", "web").stdout
    assert cluster.lab.now == before
    assert cluster.run("5m")
    assert cluster.lab.now == before + 300
    assert "1/1" in cluster.kubectl("get", "deployment", "web").stdout
    headers = {"Authorization": f"Bearer {cluster.token}"}
    assert httpx.get(f"{cluster.url}/api/v1/nodes", headers=headers, timeout=60).status_code == 200


def test_a_command_that_fails_fails_the_test(cluster) -> None:  # noqa: F811
    with pytest.raises(AssertionError, match='pods "nobody" not found'):
        cluster.kubectl("get", "pod", "nobody")
