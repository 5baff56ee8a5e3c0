"""Whatever is typed is answered as a command: no word and no flag makes the in-process kubectl fall over."""

from __future__ import annotations

import random
import shlex
from pathlib import Path

import pytest

from k8slab import Lab
from k8slab.kubectl.command import Verb, verbs

MANIFESTS = Path(__file__).parents[2] / "notebooks" / "manifests"
LINES = 1200
WORDS = (
    "pod", "pods,svc", "all", "nginx-statefulset-0", "pod/nginx-statefulset-0", "deployment/web", "web", "node-1", "ghost",
    "ghost/x", "pod/", "/x", "", "-", "--", "a=b", "a-", "a=b:NoSchedule", "key:NoExecute-", "*", "x y", "é", "job/pi",
    "nginx=nginx:1.28", "deployments.apps", "deployments.v1.apps", "foo.bar", "pod.spec.containers", "{.items[*].metadata}",
)  # fmt: skip
VALUES = (
    "", "x", "1", "-1", "true", "json", "yaml", "wide", "jsonpath={.metadata.name}", "jsonpath={.items[", "go-template={{",
    "go-template={{.metadata.name}}", "custom-columns=A:.metadata.name", "custom-columns=A", "app=nginx", "a in (b", "!a",
    "metadata.name=web", "5m", "0s", "condition=Ready", "delete", "All", "server", "{}", "[]", "{", '{"spec":{"replicas":1}}',
    '[{"op":"remove","path":"/metadata/labels"}]', "merge", "Orphan", "/nonexistent", "-", '"', 'a"b', '"a"b', "*/5 * * * *",
    "80:8080", "cpu=1", "a=b", "kube-system", "100000000000000000000", "é",
)  # fmt: skip
COMMON = ("bogus", "namespace=", "namespace=kube-system", "as=bob", "context=x", "v=9", "request-timeout=x")
STDIN = ("", "kind: Pod\n", "{", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")


def every_verb() -> list[tuple[tuple[str, ...], Verb]]:
    found: dict[tuple[str, ...], Verb] = {}

    def walk(path: tuple[str, ...], verb: Verb) -> None:
        found[path] = verb
        for below in verb.subcommands:
            walk((*path, below.name), below)

    for verb in verbs().values():
        walk((verb.name,), verb)
    return sorted(found.items(), key=lambda item: item[0])


def command_line(number: int) -> tuple[str, str]:
    """The line of that number, and its standard input."""
    chance = random.Random(number)
    path, verb = chance.choice(every_verb())
    words = [*path, *chance.choices(WORDS, k=chance.choice((0, 1, 1, 2, 2, 3)))]
    for flag in chance.choices(verb.flags, k=chance.randrange(4)) if verb.flags else ():
        bare = flag.type == "bool" and chance.random() < 0.8
        words.append(f"--{flag.name}" if bare else f"--{flag.name}={chance.choice(VALUES)}")
    if chance.random() < 0.1:
        words.append(f"--{chance.choice(COMMON)}")
    if chance.random() < 0.1:
        words += ["--", "sh", "-c", chance.choice(("echo hi", "exit 3", "while", "ls /nope", "$((1/0))"))]
    return shlex.join(words), chance.choice(STDIN)


@pytest.fixture(scope="module")
def lab() -> Lab:
    lab = Lab(nodes=2)
    lab.apply(MANIFESTS / "nginx-statefulset.yaml")
    lab.kubectl("create deployment web --image=nginx --replicas=2")
    lab.kubectl("create job pi --image=busybox -- true")
    lab.settle()
    return lab


@pytest.mark.parametrize("first", range(0, LINES, 100))
def test_every_line_is_answered(lab: Lab, first: int) -> None:
    other = lab.fork()
    for number in range(first, first + 100):
        line, stdin = command_line(number)
        result = other.kubectl(line, stdin=stdin)
        assert "Traceback" not in result.stderr, line
        assert result.code >= 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("attach ''", "resource name may not be empty"),
        ("logs pod/", "arguments in resource/name form must have a single resource and name"),
        ("exec '' -- ls", "pod, type/name or --filename must be specified"),
        ("get pod ''", "resource name may not be empty"),
        ("describe pod ''", "resource name may not be empty"),
        ("delete pod ''", "resource name may not be empty"),
        ("delete --raw=x", '--raw must be a valid URL path: parse "x": invalid URI for request'),
        (
            "expose web '--filename=a\"b'",
            'invalid argument "a\\"b" for "-f, --filename" flag: parse error on line 1, column 2: '
            "bare \" in non-quoted-field\nSee 'kubectl expose --help' for usage.",
        ),
        (
            "expose web '--filename=\"a\"b'",
            'invalid argument "\\"a\\"b" for "-f, --filename" flag: parse error on line 1, column 3: '
            "extraneous or missing \" in quoted-field\nSee 'kubectl expose --help' for usage.",
        ),
        (
            "expose web '--filename=\"ab'",
            'invalid argument "\\"ab" for "-f, --filename" flag: parse error on line 1, column 4: '
            "extraneous or missing \" in quoted-field\nSee 'kubectl expose --help' for usage.",
        ),
    ],
)
def test_complaints_are_those_of_the_binary(lab: Lab, line: str, complaint: str) -> None:
    result = lab.fork().kubectl(line)
    assert (result.stderr, result.code) == (f"error: {complaint}\n", 1)
