"""Requests between Pods: through names, Services, node ports, and what stands in their way."""

from __future__ import annotations

from shlex import quote

import pytest

from k8slab import Lab
from tests.kubelet.nodes import Nodes, nginx, shell


@pytest.fixture
def nodes():
    """Two servers behind a Service, and a client on the other node."""
    nodes = Nodes()
    for number in range(2):
        name = f"web-{number}"
        script = f"echo {name} > /usr/share/nginx/html/index.html"
        hook = {"postStart": {"exec": {"command": ["sh", "-c", script]}}}
        nodes.pod(name, nginx(lifecycle=hook, ports=[{"containerPort": 80, "name": "http"}]))
    nodes.pod("client", shell("sleep 100000"), node="node-2")
    nodes.run(5)
    add_service(nodes, "web", [("http", 80, 80)], ["web-0", "web-1"])
    return nodes


def add_service(nodes, name, ports, pods, ready=True, **spec):
    """A Service with its slice, as the EndpointSlice controller would make it."""
    nodes.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {
                "ports": [
                    {"name": label, "port": port, "targetPort": target} for label, port, target in ports
                ],
                **spec,
            },
        }
    )
    endpoints = [
        {
            "addresses": [nodes.status(pod)["podIP"]],
            "conditions": {"ready": ready},
            "hostname": pod,
            "targetRef": {"kind": "Pod", "name": pod, "namespace": "default"},
        }
        for pod in pods
    ]
    nodes.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-x", "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [{"name": label, "port": target, "protocol": "TCP"} for label, _, target in ports],
        }
    )


def get(nodes, url, *flags):
    return nodes.exec("client", "wget", "-qO-", *flags, url)


def test_a_pod_by_its_address(nodes):
    assert get(nodes, f"http://{nodes.status('web-1')['podIP']}").stdout == "web-1\n"


def test_a_service_spreads_requests(nodes):
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do wget -qO- web; sleep 1; done"
    found = nodes.exec("client", "sh", "-c", script).stdout.split()
    assert sorted(set(found)) == ["web-0", "web-1"]


def test_a_service_by_its_full_name(nodes):
    assert get(nodes, "http://web.default.svc.cluster.local:80").stdout in ("web-0\n", "web-1\n")


def test_affinity_keeps_to_one_backend(nodes):
    add_service(nodes, "sticky", [("http", 80, 80)], ["web-0", "web-1"], sessionAffinity="ClientIP")
    script = "for i in 1 2 3 4 5 6 7 8; do wget -qO- sticky; sleep 1; done"
    found = nodes.exec("client", "sh", "-c", script).stdout.split()
    assert len(set(found)) == 1


def test_affinity_forgets_a_client_that_does_not_call(nodes):
    config = {"clientIP": {"timeoutSeconds": 60}}
    options = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": config}
    add_service(nodes, "sticky", [("http", 80, 80)], ["web-0", "web-1"], **options)

    def called(pause, times):
        script = f"for i in {' '.join(map(str, range(times)))}; do wget -qO- sticky; sleep {pause}; done"
        return nodes.exec("client", "sh", "-c", script).stdout.split()

    assert len(set(called(50, 8))) == 1
    assert sorted(set(called(70, 12))) == ["web-0", "web-1"]


def test_a_headless_service_names_each_pod(nodes):
    add_service(nodes, "each", [("http", 80, 80)], ["web-0", "web-1"], clusterIP="None")
    assert get(nodes, "http://web-1.each").stdout == "web-1\n"
    looked_up = nodes.exec("client", "nslookup", "each").stdout
    assert looked_up == (
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
        "Name:\teach.default.svc.cluster.local\nAddress: 10.244.0.2\n"
        "Name:\teach.default.svc.cluster.local\nAddress: 10.244.0.3\n\n"
    )


def test_a_node_port(nodes):
    add_service(nodes, "open", [("http", 80, 80)], ["web-0"], type="NodePort")
    port = nodes.world.get("Service", ("default", "open"))["spec"]["ports"][0]["nodePort"]
    assert get(nodes, f"http://172.18.0.3:{port}").stdout == "web-0\n"


def test_a_node_port_hides_who_asks(nodes):
    nodes.pod(
        "echo",
        {"name": "main", "image": "registry.k8s.io/echoserver:1.4", "ports": [{"containerPort": 8080}]},
    )
    nodes.run(9)
    home = nodes.get("echo")["spec"]["nodeName"]
    add_service(nodes, "asked", [("http", 80, 8080)], ["echo"], type="NodePort")
    service = nodes.world.get("Service", ("default", "asked"))
    for node in nodes.world.list("Node"):
        address = node["status"]["addresses"][0]["address"]
        bridge = node["spec"]["podCIDR"].replace(".0/24", ".1")
        told = get(nodes, f"http://{address}:{service['spec']['ports'][0]['nodePort']}").stdout
        assert f"client_address={bridge if node['metadata']['name'] == home else address}\n" in told
    told = get(nodes, "http://asked").stdout
    assert f"client_address={nodes.get('client')['status']['podIP']}\n" in told


def test_serve_hostname(nodes):
    nodes.pod("hostnames", {"name": "main", "image": "registry.k8s.io/serve_hostname"})
    nodes.run(9)
    assert get(nodes, f"http://{nodes.get('hostnames')['status']['podIP']}:9376").stdout == "hostnames"


ASK_THE_API = """
APISERVER=https://kubernetes.default.svc
SERVICEACCOUNT=/var/run/secrets/kubernetes.io/serviceaccount
TOKEN=$(cat ${SERVICEACCOUNT}/token)
CACERT=${SERVICEACCOUNT}/ca.crt
curl --cacert ${CACERT} --header "Authorization: Bearer ${TOKEN}" -X GET ${APISERVER}/api
"""


def test_a_pod_asks_the_api_server_for_its_versions():
    lab = Lab(1)
    lab.kubectl("run asker --image=curlimages/curl -- sleep 1d")
    lab.run("20s")
    told = lab.kubectl(f"exec asker -- sh -c {quote(ASK_THE_API)}")
    assert told.stderr == "" and told.stdout.startswith(
        '{\n  "kind": "APIVersions",\n  "versions": [\n    "v1"\n'
    )
    told = lab.kubectl("exec asker -- curl -sk https://kubernetes.default.svc/api")
    assert '"code": 403' in told.stdout


def test_nobody_is_ready(nodes):
    add_service(nodes, "none", [("http", 80, 80)], ["web-0"], ready=False)
    ran = get(nodes, "http://none")
    assert ran.code == 1 and "Connection refused" in ran.stderr


FAULTS = [
    ("a closed port", "http://{web}:81", "can't connect to remote host ({web}): Connection refused"),
    ("an unknown name", "http://nosuch", "bad address 'nosuch'"),
    ("an address that nobody has", "http://10.244.0.99", "(10.244.0.99): No route to host"),
    ("a page that isn't there", "http://{web}/no", "server returned error: HTTP/1.1 404 Not Found"),
]


@pytest.mark.parametrize("url, text", [case[1:] for case in FAULTS], ids=[one[0] for one in FAULTS])
def test_what_goes_wrong(nodes, url, text):
    web = nodes.status("web-0")["podIP"]
    ran = get(nodes, url.format(web=web))
    assert ran.code == 1 and text.format(web=web) in ran.stderr


def test_a_node_without_network_times_out(nodes):
    web = nodes.status("web-0")["podIP"]
    nodes.machine("node-1", network="Down")
    before = nodes.world.now_us
    ran = get(nodes, f"http://{web}", "-T", "5")
    assert ran.stderr == "wget: download timed out\n"
    assert nodes.world.now_us - before == 5_000_000


def test_a_request_is_logged_with_the_callers_address(nodes):
    web = nodes.status("web-0")["podIP"]
    get(nodes, f"http://{web}/no")
    last = nodes.logs("web-0", tail=1)
    assert last.startswith(f"{nodes.status('client')['podIP']} - - [05/Jan/2026:09:00:0")
    assert '"GET /no HTTP/1.1" 404' in last


def test_curl_prints_the_status(nodes):
    web = nodes.status("web-0")["podIP"]
    ran = nodes.exec("client", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{web}/no")
    assert ran.stdout == "404"
    assert nodes.exec("client", "curl", "-sf", f"http://{web}/no").code == 22
    refused = nodes.exec("client", "curl", f"http://{web}:81")
    assert refused.code == 7 and refused.stderr.startswith(f"curl: (7) Failed to connect to {web} port 81")


def test_a_loopback_reaches_the_other_container_of_the_pod(nodes):
    nodes.pod("both", nginx(), shell("sleep 1000"))
    nodes.run(3)
    ran = nodes.exec("both", "wget", "-qO-", "localhost", container="main")
    assert "Welcome to nginx!" in ran.stdout


def test_a_service_variable_is_there_for_later_pods(nodes):
    nodes.pod("later", shell("sleep 1000"))
    nodes.run(3)
    address = nodes.world.get("Service", ("default", "web"))["spec"]["clusterIP"]
    assert nodes.exec("later", "sh", "-c", "echo $WEB_SERVICE_HOST").stdout == f"{address}\n"
    assert nodes.exec("later", "sh", "-c", "echo $WEB_PORT").stdout == f"tcp://{address}:80\n"


def test_a_finished_pods_address_answers_no_more(nodes):
    nodes.pod("short", nginx(), activeDeadlineSeconds=5)
    nodes.run(3)
    address = nodes.status("short")["podIP"]
    nodes.run(10)
    assert nodes.status("short")["phase"] == "Failed"
    assert "No route to host" in get(nodes, f"http://{address}").stderr


def test_host_network(nodes):
    nodes.pod("host", nginx(ports=[{"containerPort": 80}]), hostNetwork=True, node="node-2")
    nodes.run(3)
    assert nodes.status("host")["podIP"] == nodes.status("host")["hostIP"] == "172.18.0.3"
    assert "Welcome to nginx!" in get(nodes, "http://172.18.0.3").stdout
