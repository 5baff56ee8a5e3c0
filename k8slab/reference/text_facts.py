"""What is printed: server-side Tables, and the texts of kubectl."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from k8slab import clock
from k8slab.api.kind import Kind
from k8slab.api.meta import Obj, key_of
from k8slab.cluster.kinds import kind_of
from k8slab.cluster.request import Request, Response
from k8slab.cluster.world import World
from k8slab.kubectl import Result
from k8slab.kubectl import run as kubectl
from k8slab.kubectl.explained import of_document
from k8slab.kubectl.verbs.explain import fields_text, head_text, named_fields
from k8slab.reference import bench
from k8slab.reference.asking import ask, is_over_http
from k8slab.reference.facts import differences, load
from k8slab.reference.outcome import Outcome, attempt
from k8slab.reference.scenario import TIMING

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@lru_cache(maxsize=4)
def _state(root: Path, name: str) -> World:
    """A World that holds one frozen state and in which nothing runs."""
    world = World((), timing=TIMING)
    objects = [one for one in load(root, "states")["states"][name] if one["apiVersion"] != _SECOND_EVENTS]
    for obj in sorted(objects, key=lambda one: int(one["metadata"]["resourceVersion"])):
        # The store numbers what it writes: so each object gets the number that it had.
        world.store.revision = int(obj["metadata"]["resourceVersion"]) - 1
        bench.put(world, obj["kind"], key_of(obj), obj)
    _put_namespaces(world, objects)
    return world


def _put_namespaces(world: World, objects: Sequence[Obj]) -> None:
    """The namespaces that the objects are in, which a state doesn't record: they were there."""
    for name in sorted({one["metadata"].get("namespace", "") for one in objects} - {""}):
        if world.store.get("Namespace", ("", name)) is None:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            bench.put(world, "Namespace", ("", name), namespace)


_SECOND_EVENTS = "events.k8s.io/v1"
"""Events are recorded in both their APIs; they are stored once."""


def _within_its_second(world: World, now: str, check: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Compare at the beginning of a request and, where that differs, at the end of its second."""
    world.now_us = clock.parse_timestamp(now)
    found = list(check())
    if found:
        world.now_us += clock.SECOND_US - 1 - world.now_us % clock.SECOND_US
        later = list(check())
        found = later if len(later) < len(found) else found
    yield from found


class FrozenClient:
    """A World as kubectl reaches it when no time passes and there are no files."""

    kubeconfig: Obj | None = None

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def now_us(self) -> int:
        """The World's clock."""
        return self.world.now_us

    @property
    def latency_us(self) -> int:
        """The server answers at once."""
        return 0

    def request(self, request: Request) -> Response:
        """Ask the API server."""
        return ask(self.world, request)

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Result:
        """Nothing runs in a frozen state."""
        return Result("", "", 1)

    def run_until(self, check: Callable[[], bool], timeout_us: int) -> bool:
        """Whether it holds already."""
        return check()

    def run_until_settled(self, look: Callable[[], bool], quiet_us: int, *, stops: bool = False) -> None:
        """Nothing changes in a frozen state."""

    def shown(self, namespace: str, pod: str, container: str, since: int) -> tuple[str, int] | None:
        """There are no consoles."""
        return None

    def type_in(self, namespace: str, pod: str, container: str, text: str, *, ends: bool) -> None:
        """There are no consoles."""

    def interrupt(self, namespace: str, pod: str, container: str) -> None:
        """Nothing runs in a frozen state."""

    def read_file(self, path: str) -> str:
        """There are no files."""
        raise FileNotFoundError(path)

    def list_files(self, path: str, recursive: bool) -> list[str]:
        """The path itself."""
        return [path]


# Tables.


def tables(root: Path) -> Iterator[Outcome]:
    """Columns, rows and whole texts of `kubectl get`."""
    facts = load(root, "tables")
    world = _state(root, facts["state"])
    for name, columns in facts["columns"].items():
        yield attempt(f"columns {name}", partial(_columns, world, name, columns))
    for row in facts["rows"]:
        yield attempt(f"row {row['id']}", partial(_row, world, row))
    for text in facts["text"]:
        yield attempt(f"text {text['id']}", partial(_text, world, text, facts["namespace"]))


def _collection(api_version: str, kind: Kind, namespace: str) -> str:
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if namespace else f"{root}/{kind.plural}"


def _table(world: World, path: str, query: Mapping[str, str]) -> Any:
    return ask(world, Request("GET", path, query, {"Accept": TABLE})).body


def _columns(world: World, name: str, recorded: list[Obj]) -> Iterator[str]:
    api_version, _, kind_name = name.rpartition("/")
    table = _table(world, _collection(api_version, kind_of(world, kind_name), ""), {})
    if "columnDefinitions" not in table:
        yield f"no Table: {table.get('message')}"
        return
    fields = ("name", "type", "format", "priority")
    columns = [{field: one[field] for field in fields} for one in table["columnDefinitions"]]
    yield from differences(recorded, columns)


def _row(world: World, row: Obj) -> Iterator[str]:
    return _within_its_second(world, row["now"], lambda: _row_now(world, row))


def _row_now(world: World, row: Obj) -> Iterator[str]:
    target = row["object"]
    kind = kind_of(world, target["kind"])
    collection = _collection(target["apiVersion"], kind, target.get("namespace", ""))
    table = _table(world, f"{collection}/{target['name']}", {})
    if "rows" not in table:
        yield f"no Table: {table.get('message')}"
        return
    yield from differences(row["get"], _shown(table["rows"][0], row["get"]), "get")
    listed = _table(world, collection, {"fieldSelector": f"metadata.name={target['name']}"})
    if "rows" not in listed:
        yield f"no Table of the list: {listed.get('message')}"
        return
    recorded = [row["get"]] if row["list"] == "same as get" else row["list"]
    rows = [_shown(one, row["get"]) for one in listed["rows"]]
    yield from differences(recorded, rows, "list")


def _shown(row: Obj, like: Obj) -> Obj:
    return {name: one for name, one in row.items() if name in like or (name == "conditions" and one)}


def _text(world: World, text: Obj, namespace: str) -> Iterator[str]:
    def check() -> Iterator[str]:
        return _result_differences(text, kubectl(FrozenClient(world), text["args"], namespace=namespace))

    return _within_its_second(world, text["now"], check)


def _result_differences(recorded: Obj, result: Result) -> Iterator[str]:
    if result.code != recorded["exit"]:
        yield f"exit: expected {recorded['exit']}, got {result.code}"
    for name, text in (("stdout", result.stdout), ("stderr", result.stderr)):
        yield from _line_differences(name, recorded[name], text)


def _line_differences(name: str, recorded: str, text: str) -> Iterator[str]:
    """The first line that differs."""
    if recorded == text:
        return
    wanted, found = recorded.splitlines(), text.splitlines()
    for number in range(max(len(wanted), len(found))):
        left = wanted[number] if number < len(wanted) else None
        right = found[number] if number < len(found) else None
        if left != right:
            yield f"{name} line {number + 1}: expected {left!r}, got {right!r}"
            return
    yield f"{name}: expected {recorded!r}, got {text!r}"


# Descriptions.


def describe(root: Path) -> Iterator[Outcome]:
    """`kubectl describe` of each object of a frozen state."""
    for case in load(root, "describe")["describe"]:
        yield attempt(case["id"], partial(_description, root, case))


def _description(root: Path, case: Obj) -> Iterator[str]:
    world = _state(root, case["state"])

    def check() -> Iterator[str]:
        return _result_differences(case, kubectl(FrozenClient(world), case["args"], namespace=case["state"]))

    return _within_its_second(world, case["now"], check)


def explain(root: Path) -> Iterator[Outcome]:
    """The fields that `kubectl explain` lists, without their descriptions."""
    world = bench.bench(with_nodes=False)
    for case in load(root, "describe")["explain"]:
        name = f"{case['id']} {' '.join(case['args'][1:])}"
        yield attempt(name, partial(_explanation, world, case))


_FIELD = re.compile(r"^( +)(\S+\t<[^>]*>|\S+ +<[^>]*>)(.*)$")
_HEADER = re.compile(r"^([A-Z]+): +(.*)$")


def _explanation(world: World, case: Obj) -> Iterator[str]:
    result = _published(world, case["args"]) if is_over_http() else kubectl(FrozenClient(world), case["args"])
    if result.code != case["exit"]:
        yield f"exit: expected {case['exit']}, got {result.code}: {result.stderr}"
        return
    header: dict[str, str] = {}
    fields: list[str] = []
    for line in result.stdout.splitlines():
        heading = _HEADER.match(line)
        if heading:
            header[heading[1].lower()] = heading[2]
            continue
        field = _FIELD.match(line)
        if field:
            fields.append(field[1][2:] + re.sub(r"\s+", " ", field[2] + field[3]).rstrip())
    wanted = dict(case["header"])
    yield from differences(wanted, {name: header.get(name) for name in wanted}, "header")
    yield from differences(case["fields"], fields, "fields")


def _published(world: World, args: Sequence[str]) -> Result:
    """What `kubectl explain` makes of the OpenAPI document that the server publishes."""
    kind, path = named_fields(None, args[1])
    place = f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"
    document = ask(world, Request("GET", f"/openapi/v3/{place}")).body
    shown = of_document(document, kind.group, kind.version, kind.kind)
    if shown is None:
        return Result("", f"{kind.kind} is not in the document of {place}", 1)
    text = head_text(kind.group, kind.version, kind.kind)
    return Result(text + fields_text(shown, path, "--recursive" in args), "", 0)


__all__ = ["FrozenClient", "describe", "explain", "tables"]
