"""Modes, owners and who may do what; where volumes lead; what stays as it was."""

from __future__ import annotations

import pytest

from k8slab.cluster import api
from tests.kubelet.nodes import Nodes, shell


@pytest.fixture
def nodes():
    return Nodes()


def config(nodes, name="settings", **data):
    nodes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


def change(nodes, kind, name, **fields):
    obj = nodes.get(name, kind)
    api.update(nodes.world, api.ADMIN, kind, {**obj, **fields})


def idle(**fields):
    return shell("sleep 100000", **fields)


MODES = {
    "a directory of the image": ("stat -c '%a %u %g' /etc", "755 0 0"),
    "the place for all": ("stat -c '%a %A' /tmp", "1777 drwxrwxrwt"),
    "a new file": ("touch /f; stat -c '%a %u %g' /f", "644 0 0"),
    "a mode in numbers": ("touch /f; chmod 0600 /f; stat -c %A /f", "-rw-------"),
    "a mode in letters": ("touch /f; chmod u+x,g-r /f; stat -c %a /f", "704"),
    "the sticky bit": ("mkdir /d; chmod 1777 /d; ls -ld /d | cut -c1-10", "drwxrwxrwt"),
    "another owner": ("touch /f; chown 1000:2000 /f; stat -c '%u %g' /f", "1000 2000"),
    "a directory made with a mode": ("mkdir -m 700 /d; stat -c %a /d", "700"),
    "an emptyDir": ("stat -c '%a' /empty", "777"),
    "an emptyDir in memory": ("mount | grep ' /memory ' | cut -d' ' -f5", "tmpfs"),
    "a file keeps its mode when it is written again": (
        "echo a > /f; chmod 600 /f; echo b > /f; stat -c %a /f",
        "600",
    ),
    "a removed file's mode is forgotten": ("touch /f; chmod 600 /f; rm /f; touch /f; stat -c %a /f", "644"),
}
VOLUMES = [{"name": "empty", "emptyDir": {}}, {"name": "memory", "emptyDir": {"medium": "Memory"}}]
MOUNTS = [{"name": "empty", "mountPath": "/empty"}, {"name": "memory", "mountPath": "/memory"}]


@pytest.mark.parametrize(("script", "expected"), MODES.values(), ids=MODES)
def test_modes(nodes, script, expected):
    nodes.pod("box", idle(volumeMounts=MOUNTS), volumes=VOLUMES)
    nodes.run(3)
    ran = nodes.exec("box", "sh", "-c", script)
    assert (ran.stdout.strip(), ran.stderr) == (expected, "")


REFUSALS = {
    "the image's files are root's": ("echo x > /etc/f", "can't create /etc/f: Permission denied"),
    "an owner can't be given away": ("touch /tmp/f; chown 0 /tmp/f", "/tmp/f: Operation not permitted"),
    "a mode of somebody else's file": ("chmod 777 /etc/hosts", "/etc/hosts: Operation not permitted"),
    "a file that only root may read": ("cat /secret/word", "can't open '/secret/word': Permission denied"),
    "a read-only volume": ("echo x > /secret/f", "can't create /secret/f: Read-only file system"),
}


@pytest.mark.parametrize(("script", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_what_an_ordinary_user_may_not_do(nodes, script, expected):
    config(nodes, word="swordfish")
    volume = {"name": "secret", "configMap": {"name": "settings", "defaultMode": 0o400}}
    mount = {"name": "secret", "mountPath": "/secret"}
    nodes.pod("box", idle(volumeMounts=[mount]), volumes=[volume], securityContext={"runAsUser": 1000})
    nodes.run(3)
    ran = nodes.exec("box", "sh", "-c", script)
    assert ran.code and expected in ran.stderr


def test_what_an_ordinary_user_may_do(nodes):
    nodes.pod(
        "box",
        idle(volumeMounts=MOUNTS),
        volumes=VOLUMES,
        securityContext={
            "runAsUser": 1000,
            "runAsGroup": 3000,
            "fsGroup": 2000,
            "supplementalGroups": [4000],
        },
    )
    nodes.run(3)
    script = "id; echo a > /empty/f; stat -c '%u %g' /empty /empty/f; echo b > /tmp/f; stat -c '%u %g' /tmp/f"
    assert nodes.exec("box", "sh", "-c", script).stdout.splitlines() == [
        "uid=1000 gid=3000 groups=2000,3000,4000",
        "0 2000",
        "1000 2000",
        "1000 3000",
    ]


def test_a_read_only_root_leaves_volumes_and_last_words(nodes):
    security = {"readOnlyRootFilesystem": True}
    nodes.pod("box", idle(volumeMounts=MOUNTS, securityContext=security), volumes=VOLUMES)
    nodes.run(3)
    assert "Read-only file system" in nodes.exec("box", "sh", "-c", "echo a > /f").stderr
    assert nodes.exec("box", "sh", "-c", "echo a > /empty/f; echo b > /dev/termination-log").code == 0


def test_a_container_that_must_not_run_as_root(nodes):
    nodes.pod("box", idle(), securityContext={"runAsNonRoot": True})
    nodes.run(3)
    uid = nodes.get("box")["metadata"]["uid"]
    assert nodes.container("box")["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": "container has runAsNonRoot and image will run as root "
        f'(pod: "box_default({uid})", container: main)',
    }


def test_a_mounted_config_follows_within_a_minute_but_a_sub_path_and_a_variable_do_not():
    from k8slab.timing import REALISTIC

    nodes = Nodes(timing=REALISTIC)
    config(nodes, colour="blue")
    mounts = [
        {"name": "settings", "mountPath": "/all"},
        {"name": "settings", "mountPath": "/one", "subPath": "colour"},
    ]
    variable = {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}}
    volume = {"name": "settings", "configMap": {"name": "settings"}}
    nodes.pod("box", idle(volumeMounts=mounts, env=[variable]), volumes=[volume])
    nodes.run(10)
    change(nodes, "ConfigMap", "settings", data={"colour": "red", "size": "big"})
    look = "cat /all/colour; echo; cat /one; echo; echo $COLOUR; ls /all"
    nodes.run(0.5)
    assert nodes.exec("box", "sh", "-c", look).stdout.split() == ["blue", "blue", "blue", "colour"]
    nodes.run(62)
    assert nodes.exec("box", "sh", "-c", look).stdout.split() == ["red", "blue", "blue", "colour", "size"]


def test_labels_are_shown_at_once(nodes):
    items = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    volume = {"name": "about", "downwardAPI": {"items": items}}
    mount = {"name": "about", "mountPath": "/about"}
    nodes.pod("box", idle(volumeMounts=[mount]), volumes=[volume], metadata={"labels": {"a": 'say "x"'[:3]}})
    nodes.run(3)
    assert nodes.exec("box", "cat", "/about/labels").stdout == 'a="say"'
    pod = nodes.get("box")
    change(nodes, "Pod", "box", metadata={**pod["metadata"], "labels": {"a": "b", "c": "d"}})
    nodes.run(1)
    assert nodes.exec("box", "cat", "/about/labels").stdout == 'a="b"\nc="d"'


SUB_PATHS = {
    "a variable": ("box", ""),
    "no such variable": ("", "missing value for PLACE"),
    "an absolute path": ("/box", "error SubPath `/box` must not be an absolute path"),
    "up and away": ("../box", "unable to provision SubPath `../box`: must not contain '..'"),
}


@pytest.mark.parametrize(("value", "fault"), SUB_PATHS.values(), ids=SUB_PATHS)
def test_sub_paths_with_variables(nodes, value, fault):
    container = idle(
        env=[{"name": "PLACE", "value": value}],
        volumeMounts=[
            {"name": "empty", "mountPath": "/mine", "subPathExpr": "$(PLACE)"},
            {"name": "empty", "mountPath": "/all"},
        ],
    )
    nodes.pod("box", container, volumes=VOLUMES[:1])
    nodes.run(3)
    if fault:
        waiting = nodes.container("box")["state"]["waiting"]
        assert waiting == {"reason": "CreateContainerConfigError", "message": fault}
    else:
        assert nodes.exec("box", "sh", "-c", "echo x > /mine/f; ls /all/box").stdout == "f\n"


RESOLVERS = {
    "the cluster's": ({}, "search default.svc.cluster.local svc.cluster.local cluster.local\n"
                          "nameserver 10.96.0.10\noptions ndots:5\n"),
    "with more": (
        {
            "dnsConfig": {
                "searches": ["lab.example"],
                "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
            }
        },
        "search default.svc.cluster.local svc.cluster.local cluster.local lab.example\n"
        "nameserver 10.96.0.10\noptions ndots:2 edns0\n",
    ),
    "none but its own": (
        {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["lab.example"]}},
        "search lab.example\nnameserver 1.1.1.1\n",
    ),
    "the node's": ({"dnsPolicy": "Default"}, "nameserver 172.18.0.1\n"),
    "the node's, on its network": ({"hostNetwork": True}, "nameserver 172.18.0.1\n"),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "text"), RESOLVERS.values(), ids=RESOLVERS)
def test_resolv_conf(nodes, spec, text):
    nodes.pod("box", idle(), **spec)
    nodes.run(3)
    assert nodes.exec("box", "cat", "/etc/resolv.conf").stdout == text


def test_a_pod_that_asks_for_its_full_name(nodes):
    nodes.pod("box", idle(), hostname="web", subdomain="shop", setHostnameAsFQDN=True)
    nodes.run(3)
    assert nodes.exec("box", "hostname").stdout == "web.shop.default.svc.cluster.local\n"
    hosts = nodes.exec("box", "cat", "/etc/hosts").stdout
    assert hosts.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert hosts.endswith("\tweb.shop.default.svc.cluster.local\tweb\n")


def test_bytes_come_through(nodes):
    binary = {"dump.bin": "3sr+utD+/w=="}
    nodes.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "binaryData": binary}
    )
    volume = {"name": "settings", "configMap": {"name": "settings"}}
    nodes.pod("box", idle(volumeMounts=[{"name": "settings", "mountPath": "/c"}]), volumes=[volume])
    nodes.run(3)
    assert nodes.exec("box", "base64", "/c/dump.bin").stdout == "3sr+utD+/w==\n"
    assert nodes.exec("box", "hexdump", "-C", "/c/dump.bin").stdout.splitlines()[0] == (
        "00000000  de ca fe ba d0 fe ff                              |.......|"
    )
