from __future__ import annotations

import re
import subprocess

import httpx
import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, forwarding, spdy
from k8slab.server.serving import kubectl_path


def test_the_dictionary_is_the_one_that_everybody_has() -> None:
    import zlib

    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_kubectl_forwards_a_port(lab: Lab, serving: Serving) -> None:
    lab.kubectl("run web --image=nginx")
    lab.settle()
    command = [kubectl_path(), "port-forward", "pod/web", ":80", "--address=127.0.0.1"]
    with subprocess.Popen(
        command, env=serving.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            port = re.search(r"127\.0\.0\.1:(\d+)", line)[1]
            for _ in range(3):
                answer = httpx.get(f"http://127.0.0.1:{port}/", timeout=60)
                assert answer.status_code == 200
                assert "Welcome to nginx!" in answer.text
            assert httpx.get(f"http://127.0.0.1:{port}/nothing", timeout=60).status_code == 404
        finally:
            process.terminate()
    assert '"GET / HTTP/1.1" 200' in lab.kubectl("logs web").stdout


@pytest.mark.parametrize(
    "data, whole",
    [
        pytest.param(b"GET / HTTP/1.1\r\n", False, id="cut off in the head"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False, id="cut off in the body"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", True, id="whole"),
        pytest.param(b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nGET", True, id="with more behind it"),
    ],
)
def test_requests_are_cut_out_of_bytes(data: bytes, whole: bool) -> None:
    assert (forwarding.parse_http(data) is not None) is whole
