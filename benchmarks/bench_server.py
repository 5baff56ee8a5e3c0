"""How fast a served lab answers: requests a second, their slowest hundredth, watch fan-out, kubectl's time.

The server is a process of its own, as a user's is. `python -m benchmarks.bench_server` measures a lab; with
K8SLAB_BENCH_URL and K8SLAB_BENCH_TOKEN set, any other API server too, beside it and with the same requests.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

PODS = 1000
WRITES = 300
READS = 1000
LISTS = 20
WATCHERS = 100
WATCHED = 50
RUNS = 100
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


class Server(NamedTuple):
    """Where an API server listens, the token that it takes, and the kubeconfig that says so."""

    url: str
    token: str
    kubeconfig: str = ""


class Speed(NamedTuple):
    """Requests a second by one client, and the time in ms below which 99 of 100 answers came."""

    name: str
    each_second: float
    p99_ms: float


class Client:
    """One connection that is kept."""

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.url)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.connection: HTTPConnection = HTTPSConnection(parts.netloc, context=context)
        else:
            self.connection = HTTPConnection(parts.netloc)
        self.prefix = parts.path.rstrip("/")
        self.headers = {"Authorization": f"Bearer {server.token}", "User-Agent": "bench"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        self.connection.request(method, self.prefix + path, data, {**self.headers, **kind, **headers})
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:200]!r}")
        return text


@contextmanager
def lab_server(nodes: int, *arguments: str) -> Iterator[Server]:
    """`k8slab serve` as a process of its own."""
    command = [sys.executable, "-m", "k8slab", "serve", "--nodes", str(nodes), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        text = ""
        while "KUBECONFIG=" not in text:
            text = process.stdout.readline()
            if not text:
                raise RuntimeError("k8slab serve ended before it listened")
        path = text.partition("KUBECONFIG=")[2].strip()
        with open(path, encoding="utf-8") as file:
            config = yaml.safe_load(file)
        url = config["clusters"][0]["cluster"]["server"]
        yield Server(url, config["users"][0]["user"]["token"], path)
    finally:
        process.terminate()
        process.wait(30)


def measure(name: str, count: int, act: Callable[[int], object]) -> Speed:
    times = []
    for number in range(count):
        begun = time.perf_counter()
        act(number)
        times.append(time.perf_counter() - begun)
    times.sort()
    return Speed(name, count / sum(times), times[int(count * 0.99)] * 1000)


def pod(name: str) -> dict[str, Any]:
    """A Pod that no scheduler takes, so that only the API is at work."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "bench"}},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "main", "image": "nginx"}]},
    }


def speeds(server: Server) -> list[Speed]:
    """Create, get, patch and list Pods in a namespace of their own."""
    client = Client(server)
    client.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "bench"}})
    pods = "/api/v1/namespaces/bench/pods"
    account = "/api/v1/namespaces/bench/serviceaccounts"
    while b'"name":"default"' not in client.ask("GET", account).replace(b" ", b""):
        time.sleep(0.05)
    rows = [measure("create a Pod", PODS, lambda number: client.ask("POST", pods, pod(f"p-{number}")))]
    rows.append(measure("get a Pod", READS, lambda number: client.ask("GET", f"{pods}/p-{number % PODS}")))
    merge = {"Content-Type": "application/merge-patch+json"}
    rows.append(
        measure(
            "patch a Pod",
            WRITES,
            lambda number: client.ask(
                "PATCH", f"{pods}/p-{number}", {"metadata": {"labels": {"n": str(number)}}}, **merge
            ),
        )
    )
    rows.append(measure("list 1,000 Pods as a table", LISTS, lambda _: client.ask("GET", pods, Accept=TABLE)))
    rows.append(fan_out(server))
    client.ask("DELETE", "/api/v1/namespaces/bench")
    return rows


def fan_out(server: Server) -> Speed:
    """Events a second that reach all watchers together, and how late the slowest hundredth of them is."""
    path = "/api/v1/namespaces/bench/configmaps"
    sent: dict[str, float] = {}
    late: list[float] = []
    ready, lock = threading.Barrier(WATCHERS + 1), threading.Lock()

    def watch() -> None:
        client = Client(server)
        connection = client.connection
        connection.request("GET", f"{client.prefix}{path}?watch=1", headers=client.headers)
        response = connection.getresponse()
        ready.wait()
        mine = []
        while len(mine) < WATCHED:
            event = json.loads(response.readline())
            name = event["object"]["metadata"]["name"]
            if name.startswith("w-"):
                mine.append(time.perf_counter() - sent[name])
        with lock:
            late.extend(mine)

    threads = [threading.Thread(target=watch) for _ in range(WATCHERS)]
    for thread in threads:
        thread.start()
    ready.wait()
    client = Client(server)
    begun = time.perf_counter()
    for number in range(WATCHED):
        sent[f"w-{number}"] = time.perf_counter()
        client.ask("POST", path, {"metadata": {"name": f"w-{number}"}})
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    late.sort()
    name = f"an event to {WATCHERS} watchers"
    return Speed(name, len(late) / took, late[int(len(late) * 0.99)] * 1000)


def kubectl_ratio() -> tuple[float, float]:
    """Median seconds of `kubectl version --client`, and of `kubectl get pods` on a lab of 30 Pods.

    They take turns, and kubectl has the environment of a shell cell: the kubeconfig and cache of the lab.
    """
    found = shutil.which("kubectl", path=f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        raise RuntimeError("no kubectl on this machine")
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 30,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": "nginx"}]},
            },
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/web.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        with lab_server(3, "--timing", "instant", "-f", path) as server:
            os.environ["KUBECONFIG"] = server.kubeconfig
            os.environ["KUBECACHEDIR"] = os.path.join(os.path.dirname(server.kubeconfig), "cache")
            command = [found, "get", "pods"]
            _seconds(command)
            pairs = [(_seconds([found, "version", "--client"]), _seconds(command)) for _ in range(RUNS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def print_speeds(title: str, rows: list[Speed]) -> None:
    print(f"\n| {title} | a second | p99, ms |\n| --- | --- | --- |", flush=True)
    for row in rows:
        print(f"| {row.name} | {row.each_second:,.0f} | {row.p99_ms:.1f} |", flush=True)


def main() -> int:
    with lab_server(3) as server:
        print_speeds("a served lab, one client", speeds(server))
    if url := os.environ.get("K8SLAB_BENCH_URL"):
        other = Server(url, os.environ.get("K8SLAB_BENCH_TOKEN", ""))
        print_speeds("the other API server, one client", speeds(other))
    bare, full = kubectl_ratio()
    print(
        f"\nkubectl get pods, 30 Pods: {full * 1000:.0f} ms, {full / bare:.2f} × kubectl's own start", end=""
    )
    print(f" ({bare * 1000:.0f} ms; target 1.3 ×)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
