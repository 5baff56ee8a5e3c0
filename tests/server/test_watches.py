from __future__ import annotations

import asyncio
import json
import resource
import threading
import time

import httpx
import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, protobuf, serve

WATCHERS, WRITERS, WRITES = 500, 50, 2
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def client(serving: Serving) -> httpx.Client:
    return httpx.Client(
        base_url=serving.url, headers={"Authorization": f"Bearer {serving.token}"}, timeout=60
    )


async def _lines(reader: asyncio.StreamReader):
    """The lines of a chunked response."""
    await reader.readuntil(b"\r\n\r\n")
    rest = b""
    while size := int((await reader.readline()).strip() or b"0", 16):
        rest += await reader.readexactly(size)
        await reader.readexactly(2)
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield json.loads(line)


async def _watch(
    serving: Serving, expected: int, path: str, begun: asyncio.Semaphore | None = None
) -> list[tuple[str, str, int]]:
    """The first events of a watch; `begun` is released when what was there before has been sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
    query = "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    head = f"GET {path}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {serving.token}\r\n\r\n"
    writer.write(head.encode())
    seen = []
    async for event in _lines(reader):
        metadata = event["object"]["metadata"]
        if event["type"] == "BOOKMARK":
            if begun is not None and "k8s.io/initial-events-end" in (metadata.get("annotations") or {}):
                begun.release()
            continue
        if metadata["name"].startswith("cm-"):
            seen.append((event["type"], metadata["name"], int(metadata["resourceVersion"])))
            if len(seen) == expected:
                break
    writer.close()
    return seen


async def _write(serving: Serving, number: int) -> None:
    headers = {"Authorization": f"Bearer {serving.token}"}
    async with httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=60) as http:
        for count in range(WRITES):
            body = {"metadata": {"name": f"cm-{number}-{count}"}}
            assert (await http.post(CONFIGMAPS, json=body)).status_code == 201


@pytest.fixture
def many_sockets() -> None:
    """Both ends of five hundred connections are files of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@pytest.mark.usefixtures("many_sockets")
def test_five_hundred_watchers_miss_nothing_that_fifty_writers_write(serving: Serving) -> None:
    async def everything():
        begun = asyncio.Semaphore(0)
        async with asyncio.timeout(120):
            watching = [
                asyncio.create_task(_watch(serving, WRITERS * WRITES, CONFIGMAPS, begun))
                for _ in range(WATCHERS)
            ]
            for _ in range(WATCHERS):
                await begun.acquire()
            await asyncio.gather(*(_write(serving, number) for number in range(WRITERS)))
            return await asyncio.gather(*watching)

    seen = asyncio.run(everything())
    assert len(seen) == WATCHERS
    names = {f"cm-{number}-{count}" for number in range(WRITERS) for count in range(WRITES)}
    assert {(kind, name) for kind, name, _ in seen[0]} == {("ADDED", name) for name in names}
    revisions = [revision for _, _, revision in seen[0]]
    assert revisions == sorted(set(revisions))
    assert all(events == seen[0] for events in seen)


def test_events_come_in_the_order_of_revisions(lab: Lab, serving: Serving) -> None:
    async def everything():
        begun = asyncio.Semaphore(0)
        watching = asyncio.create_task(_watch(serving, 30, CONFIGMAPS, begun))
        await begun.acquire()
        with lab.lock:
            for number in range(30):
                lab.kubectl(f"create configmap cm-{number}")
        async with asyncio.timeout(120):
            return await watching

    revisions = [revision for _, _, revision in asyncio.run(everything())]
    assert revisions == sorted(revisions)
    assert len(set(revisions)) == 30


def test_a_watch_ends_when_its_time_is_over(serving: Serving) -> None:
    with client(serving) as http:
        before = time.monotonic()
        answer = http.get(CONFIGMAPS, params={"watch": "1", "timeoutSeconds": "1"})
        assert answer.status_code == 200
        assert 0.9 < time.monotonic() - before < 60


def test_tables_are_watched_too(lab: Lab, serving: Serving) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    with client(serving) as http:
        params = {"watch": "1", "timeoutSeconds": "1"}
        answer = http.get("/api/v1/nodes", params=params, headers={"Accept": accept})
    events = [json.loads(line) for line in answer.text.splitlines()]
    assert [event["object"]["kind"] for event in events] == ["Table"] * 3
    assert [bool(event["object"].get("columnDefinitions")) for event in events] == [True, False, False]


def test_closing_ends_open_watches(lab: Lab) -> None:
    serving = serve(lab, live=False)
    opened, done = threading.Event(), threading.Event()

    def watch() -> None:
        with client(serving) as http, http.stream("GET", CONFIGMAPS, params={"watch": "1"}) as answer:
            opened.set()
            answer.read()
        done.set()

    threading.Thread(target=watch, daemon=True).start()
    assert opened.wait(60), "the watch was not opened"
    serving.close()
    assert done.wait(60), "the watch outlived its server"


def test_watches_in_protobuf(serving: Serving) -> None:
    with client(serving) as http:
        params = {"watch": "1", "timeoutSeconds": "1"}
        answer = http.get(
            "/api/v1/nodes", params=params, headers={"Accept": f"{protobuf.MEDIA_TYPE};stream=watch"}
        )
    assert answer.headers["content-type"] == f"{protobuf.MEDIA_TYPE};stream=watch"
    data, names = answer.content, []
    while data:
        size = int.from_bytes(data[:4], "big")
        frame, data = data[4 : 4 + size], data[4 + size :]
        names.append(frame.count(b"k8s\x00"))
    assert names == [1, 1, 1]


def test_a_watch_of_a_rewound_lab_must_list_again(lab: Lab, serving: Serving) -> None:
    with client(serving) as http, http.stream("GET", CONFIGMAPS, params={"watch": "1"}) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines))["type"] == "ADDED"
        with lab.lock:
            lab.world = lab.world.copy()
        *_, last = lines
    assert json.loads(last)["object"]["code"] == 410
