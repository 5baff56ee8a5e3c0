"""Clients that somebody talks to: what is typed into `kubectl run -i` and `attach -i`, and what they show."""

from __future__ import annotations

import json
import re

import pytest

from k8slab.lab import Lab

SERVERS = """
apiVersion: v1
kind: Pod
metadata: {name: mysql, labels: {app: mysql}}
spec:
  containers:
  - {name: c, image: "mysql:5.7", env: [{name: MYSQL_ROOT_PASSWORD, value: password}]}
---
apiVersion: v1
kind: Pod
metadata: {name: redis, labels: {app: redis}}
spec: {containers: [{name: c, image: "redis:7"}]}
---
apiVersion: v1
kind: Service
metadata: {name: mysql}
spec: {selector: {app: mysql}, clusterIP: None}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
"""


@pytest.fixture(scope="module")
def servers() -> str:
    lab = Lab(2)
    assert lab.apply(SERVERS).code == 0
    lab.settle()
    return lab.save()


@pytest.fixture
def lab(servers: str) -> Lab:
    return Lab.load(servers)


def talk(lab: Lab, options: str, typed: str, command: str) -> str:
    """What `kubectl run` shows of a conversation, without what is said of the Pod itself."""
    told = lab.kubectl(f"run one --rm --restart=Never {options} -- {command}", stdin=typed)
    return told.stdout.removesuffix('pod "one" deleted from default namespace\n')


TABLE = """\
+----+------+
| a  | b    |
+----+------+
|  1 | one  |
| 22 | NULL |
+----+------+
"""
SQL = "create database x; use x; create table t (a int, b text); insert into t values (1, 'one'), (22, NULL);"
TALKS = {
    "statements from no terminal": (
        "-i --image=mysql:5.7",
        f"{SQL}\nselect * from t;\n",
        "mysql -h mysql -ppassword",
        "a\tb\n1\tone\n22\tNULL\n",
    ),
    "a table on a terminal": (
        "-it --image=mysql:5.7",
        "",
        f'mysql -h mysql -ppassword -e "{SQL} select * from t"',
        TABLE,
    ),
    "a table that is asked for": (
        "-i --image=mysql:5.7",
        "",
        f'mysql -t -h mysql -ppassword -e "{SQL} select * from t"',
        TABLE,
    ),
    "a table into a pipe": (
        "-it --image=mysql:5.7",
        "",
        "sh -c 'mysql -h mysql -ppassword -e \"select 1\" | cat'",
        "1\n1\n",
    ),
    "the shell's prompt and its commands' output": (
        "-it --image=busybox",
        "read word\nhello there\necho $word",
        "sh",
        "/ # read word\nhello there\n/ # echo $word\nhello there\n/ # \n",
    ),
    "the prompt of a distribution's bash": (
        "-it --image=ubuntu:24.04 --command=false",
        "echo $0",
        "",
        "root@one:/# echo $0\nbash\nroot@one:/# exit\n",
    ),
    "the input of a program that has not begun": ("-i --image=mysql:5.7", "one\ntwo", "cat", "one\ntwo"),
    "a client of a server on a terminal": (
        "-it --image=redis:7",
        'rpush q "an apple" b\nlrange q 0 -1\nget none\nlpop\nlrange none 0 1\nquit\n',
        "redis-cli -h redis",
        'redis:6379> rpush q "an apple" b\n(integer) 2\nredis:6379> lrange q 0 -1\n1) "an apple"\n2) "b"\n'
        "redis:6379> get none\n(nil)\n"
        "redis:6379> lpop\n(error) ERR wrong number of arguments for 'lpop' command\n"
        "redis:6379> lrange none 0 1\n(empty array)\nredis:6379> quit\n",
    ),
    "a client of a server without one": (
        "-i --image=redis:7",
        "rpush q apple b\nlrange q 0 -1\nget none\nexit\n",
        "redis-cli -h redis",
        "2\napple\nb\n\n",
    ),
}


@pytest.mark.parametrize(("options", "typed", "command", "shown"), TALKS.values(), ids=TALKS)
def test_a_conversation(lab: Lab, options: str, typed: str, command: str, shown: str) -> None:
    assert talk(lab, options, typed, command) == shown


def test_statements_are_answered_one_by_one_at_mysqls_prompt(lab: Lab) -> None:
    typed = f"{SQL}\nselect a\n from t where a = 1;\nselect * from t where a = 7;\nselect nonsense;\nexit\n"
    text = talk(lab, "-it --image=mysql:5.7", typed, "mysql -h mysql -ppassword")
    asked = [
        SQL,
        "select a",
        " from t where a = 1;",
        "select * from t where a = 7;",
        "select nonsense;",
        "exit",
    ]
    assert re.findall(r"(?m)^(?:mysql>|    ->) (.*)", text) == asked
    assert "    ->  from t where a = 1;\n+---+\n| a |\n+---+\n| 1 |\n+---+\n1 row in set (0.00 sec)\n" in text
    assert "Empty set (0.00 sec)" in text
    assert "ERROR 1064 (42000): You have an error" in text
    assert text.endswith("mysql> exit\nBye\n")


def test_mysql_that_refuses_a_password_asks_for_nothing(lab: Lab) -> None:
    text = talk(lab, "-it --image=mysql:5.7", "", "mysql -h mysql -pwrong")
    assert text.startswith("ERROR 1045 (28000): Access denied for user 'root'@")
    assert "mysql>" not in text


def test_a_terminal_at_which_nobody_types_is_left_with_control_d(lab: Lab) -> None:
    told = lab.kubectl("run one -it --rm --restart=Never --image=busybox -- sh")
    assert told.stdout == '/ # ^C\n/ # \npod "one" deleted from default namespace\n'
    assert [pod for pod in lab.list("pods") if pod["metadata"]["name"] == "one"] == []


def test_attached_input_is_typed_into_the_containers_process(lab: Lab) -> None:
    lab.kubectl("run box --image=busybox -it --attach=false -- sh")
    lab.settle()
    told = lab.kubectl("attach -it box", stdin="x=5\necho $((x + 1))\n")
    assert told.stdout == "x=5\n/ # echo $((x + 1))\n6\n/ # \n"
    lab.settle()
    assert lab.get("pod/box")["status"]["containerStatuses"][0]["restartCount"] == 1


def test_a_conversation_is_played_again(lab: Lab) -> None:
    talk(lab, "-it --image=redis:7", "set a 1\nget a\n", "redis-cli -h redis")
    assert Lab.load(lab.save()).digest() == lab.digest()


FILES = {
    "what a file says": ("maxmemory 2mb\nmaxmemory-policy allkeys-lru\n", "", ["2097152", "allkeys-lru"]),
    "an empty file": ("", "", ["0", "noeviction"]),
    "the command line": ("# nothing\n", ', "--maxmemory", "1gb"', ["1073741824", "noeviction"]),
}


@pytest.mark.parametrize(("file", "words", "told"), FILES.values(), ids=FILES)
def test_redis_reads_its_configuration_as_it_starts(file: str, words: str, told: list[str]) -> None:
    lab = Lab(1)
    lab.kubectl("create configmap redis --from-file=redis.conf=/redis.conf", files={"/redis.conf": file})
    spec = {
        "containers": [
            {
                "name": "redis",
                "image": "redis:7",
                "command": json.loads(f'["redis-server", "/conf/redis.conf"{words}]'),
                "volumeMounts": [{"name": "conf", "mountPath": "/conf"}],
            }
        ],
        "volumes": [{"name": "conf", "configMap": {"name": "redis"}}],
    }
    lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "redis"}, "spec": spec})
    lab.settle()
    lab.kubectl('patch configmap redis -p \'{"data": {"redis.conf": "maxmemory 5"}}\'')
    lab.run("2m")
    get = "exec redis -- redis-cli CONFIG GET maxmemory*"
    assert lab.kubectl(get).stdout.split()[1::2] == told
    assert lab.kubectl("exec redis -- redis-cli CONFIG SET maxmemory 1mb").stdout == "OK\n"
    assert lab.kubectl(get).stdout.split()[1] == "1048576"


def test_redis_does_not_start_without_its_configuration_file() -> None:
    lab = Lab(1)
    lab.kubectl("run redis --image=redis:7 --restart=Never -- redis-server /nowhere/redis.conf")
    lab.settle()
    assert "Fatal error, can't open config file '/nowhere/redis.conf'" in lab.kubectl("logs redis").stdout
    assert lab.get("pod/redis")["status"]["phase"] == "Failed"


DEBUGGED = {
    "beside a container, whose processes it sees": (
        "debug -it web --image=busybox:1.37 --target=web",
        "ps\n",
        "/ # ps\nPID   USER     TIME  COMMAND\n    1 root      0:00 /pause\n    7 root      0:00 sh\n"
        "   13 root      0:00 ps\n/ # \n",
    ),
    "in a copy": ("debug web -i --image=busybox --copy-to=other --container=debugger", "echo hi\n", "hi\n"),
    "on a node": (
        "debug node/node-1 -i --image=busybox -- cat /host/etc/hostname",
        "",
        "Creating debugging pod NAME with container debugger on node node-1.\nnode-1\n",
    ),
}


@pytest.mark.parametrize(("command", "typed", "shown"), DEBUGGED.values(), ids=DEBUGGED)
def test_a_debugger_is_talked_to(command: str, typed: str, shown: str) -> None:
    lab = Lab(1)
    lab.kubectl("run web --image=registry.k8s.io/pause:3.10")
    lab.settle()
    told = lab.kubectl(command, stdin=typed)
    assert re.sub(r"node-debugger-\S+", "NAME", told.stdout).endswith(shown)
    assert "If you don't see a command prompt, try pressing enter.\n" in told.stderr
