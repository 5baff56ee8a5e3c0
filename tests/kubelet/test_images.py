"""Image names and pulls (pkg/util/parsers, pkg/kubelet/images/image_manager_test.go, v1.36)."""

from __future__ import annotations

import pytest

from k8slab.cluster import api
from k8slab.containers.images import bad_name, pull_failure, resolve
from tests.kubelet.nodes import Nodes, nginx


@pytest.fixture
def nodes():
    return Nodes()


NAMES = [
    ("nginx", "docker.io/library/nginx:latest"),
    ("nginx:1.29", "docker.io/library/nginx:1.29"),
    ("bitnami/redis", "docker.io/bitnami/redis:latest"),
    ("docker.io/library/nginx:1", "docker.io/library/nginx:1"),
    ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
    ("gcr.io/google-samples/xtrabackup:1.0", "gcr.io/google-samples/xtrabackup:1.0"),
    ("localhost/app", "localhost/app:latest"),
    ("localhost:5000/app:v1", "localhost:5000/app:v1"),
    ("registry.example.com:5000/team/app", "registry.example.com:5000/team/app:latest"),
    (f"nginx@sha256:{'a' * 64}", f"docker.io/library/nginx@sha256:{'a' * 64}"),
]


@pytest.mark.parametrize("image, full", NAMES, ids=[one[0] for one in NAMES])
def test_full_names(image, full):
    assert bad_name(image) == ""
    assert resolve(image).name == full


BAD = ["", ":latest", "nginx:", "UPPER", "a//b", "nginx:ta g", "-nginx", "nginx@sha256:123", "http://nginx"]


@pytest.mark.parametrize("image", BAD)
def test_no_names(image):
    assert bad_name(image).startswith(f'couldn\'t parse image name "{image}": invalid reference format')


FAILS = [
    ("nginx:does-not-exist", "code = NotFound", ": not found"),
    ("nginx:missing", "code = NotFound", ": not found"),
    ("nginx:1.161", "code = NotFound", "docker.io/library/nginx:1.161: not found"),
    ("nginx:1.91", "code = NotFound", ": not found"),
    ("nginx:sometag", "code = NotFound", ": not found"),
    ("webserver:404", "code = NotFound", ": not found"),
    ("does-not-exist", "code = Unknown", "insufficient_scope: authorization failed"),
    ("non-existing-repo/non-existing-image:example", "code = Unknown", "authorization failed"),
    ("team/no-such-tag-app:1", "code = Unknown", "insufficient_scope: authorization failed"),
    ("registry.invalid/app:1", "code = Unknown", "lookup registry.invalid: no such host"),
    ("invalid:5000/app:1", "code = Unknown", "lookup invalid: no such host"),
]


@pytest.mark.parametrize("image, code, end", FAILS, ids=[one[0] for one in FAILS])
def test_pulls_that_fail(image, code, end):
    failure = pull_failure(image)
    assert code in failure and failure.endswith(end)


TAGS = ["1.14.2", "1.16.1", "1.16-alpine", "1.29-alpine3.22-slim", "stable-perl", "mainline", "alpine", "2"]


FOUND = [*(one[0] for one in NAMES), *(f"nginx:{tag}" for tag in TAGS), "app:sometag"]


@pytest.mark.parametrize("image", FOUND)
def test_pulls_that_succeed(image):
    assert pull_failure(image) == ""


def test_an_image_has_one_id_and_size():
    assert resolve("nginx") == resolve("docker.io/library/nginx:latest")
    assert resolve("nginx:1").image_id != resolve("nginx:2").image_id
    assert resolve("team/app").size_bytes > 0


def test_a_pull_is_tried_again_by_itself(nodes):
    nodes.pod("typo", nginx(image="nginx:does-not-exist"))
    nodes.run(40)
    pulls = [count for _, reason, _, count in nodes.events("typo") if reason == "Pulling"]
    assert pulls == [3], "at once, after 10 s, after 20 s more"


def test_another_image_is_tried_at_once(nodes):
    nodes.pod("typo", nginx(image="nginx:does-not-exist"))
    nodes.run(200)
    pod = nodes.get("typo")
    spec = {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], "image": "nginx:1.29"}]}
    api.update(nodes.world, api.ADMIN, "Pod", {**pod, "spec": spec})
    nodes.run(1)
    assert nodes.status("typo")["phase"] == "Running"


def test_a_container_whose_variables_lack_a_config_is_tried_every_ten_seconds(nodes):
    reference = {"configMapKeyRef": {"name": "settings", "key": "colour"}}
    nodes.pod("reader", nginx(env=[{"name": "COLOUR", "valueFrom": reference}]))
    nodes.run(25)
    waiting = nodes.container("reader")["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    assert ("Warning", "Failed", 'Error: configmap "settings" not found', 3) in nodes.events("reader")
    nodes.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings"},
            "data": {"colour": "blue"},
        }
    )
    nodes.run(10)
    assert nodes.exec("reader", "sh", "-c", "echo $COLOUR").stdout == "blue\n"
