"""The images that tutorials run, used as their tutorials use them."""

from __future__ import annotations

import math

import pytest

from k8slab import Lab
from k8slab.containers.program import plain_command
from k8slab.containers.programs import stress
from k8slab.containers.programs._sql import EMPTY, SqlError, execute, statements
from k8slab.containers.programs.perl import pi_digits
from k8slab.containers.programs.redis import RedisError
from k8slab.containers.programs.redis import execute as redis
from tests.kubelet.nodes import Nodes, shell


@pytest.fixture
def nodes():
    return Nodes(1)


def container(image, name="main", **fields):
    return {"name": name, "image": image, **fields}


def env(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


def test_pi():
    assert pi_digits(5) == "3.1416"
    assert pi_digits(16) == str(math.pi)
    assert pi_digits(1001).endswith("64201989")
    assert len(pi_digits(2000)) == 2001


def test_the_job_that_computes_pi(nodes):
    command = ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"]
    nodes.pod("pi", container("perl:5.34.0", command=command), restartPolicy="Never")
    nodes.run(1)
    assert nodes.status("pi")["phase"] == "Running"
    nodes.run(10)
    assert nodes.status("pi")["phase"] == "Succeeded"
    assert nodes.logs("pi") == pi_digits(2000) + "\n"


def reply(*commands):
    data = {}
    for words in commands:
        answer, data = redis(data, words.split())
    return answer


REDIS = [
    ("ping", ["PING"], "PONG"),
    ("set and get", ["SET a 1", "GET a"], "1"),
    ("get nothing", ["GET a"], None),
    ("incr", ["INCR n", "INCR n"], 2),
    ("incrby", ["SET n 5", "INCRBY n 10"], 15),
    ("setnx", ["SET a 1", "SETNX a 2", "GET a"], "1"),
    ("del", ["SET a 1", "DEL a b"], 1),
    ("exists", ["SET a 1", "EXISTS a b"], 1),
    ("lpush", ["LPUSH q a b"], 2),
    ("lpush order", ["LPUSH q a b", "LRANGE q 0 -1"], ["b", "a"]),
    ("rpush order", ["RPUSH q a b", "LRANGE q 0 -1"], ["a", "b"]),
    ("lpop", ["RPUSH q a b", "LPOP q"], "a"),
    ("rpop", ["RPUSH q a b", "RPOP q"], "b"),
    ("rpop of nothing", ["RPOP q"], None),
    ("brpop", ["RPUSH q a b", "BRPOP q 1"], ["q", "b"]),
    ("brpop waits", ["BRPOP q 3"], {"wait": 3.0}),
    ("rpoplpush", ["RPUSH q a b", "RPOPLPUSH q work", "LRANGE work 0 -1"], ["b"]),
    ("brpoplpush waits", ["BRPOPLPUSH q work 2"], {"wait": 2.0}),
    ("llen", ["RPUSH q a b c", "LLEN q"], 3),
    ("lrem", ["RPUSH q a b a", "LREM q 0 a"], 2),
    ("sets", ["SADD s a b a", "SMEMBERS s"], ["a", "b"]),
    ("sismember", ["SADD s a", "SISMEMBER s a"], 1),
    ("hashes", ["HSET h f 1 g 2", "HGETALL h"], ["f", "1", "g", "2"]),
    ("keys", ["SET ab 1", "SET b 1", "KEYS a*"], ["ab"]),
    ("type", ["RPUSH q a", "TYPE q"], "list"),
    ("dbsize", ["SET a 1", "SET b 1", "DBSIZE"], 2),
    ("flushall", ["SET a 1", "FLUSHALL", "DBSIZE"], 0),
]


@pytest.mark.parametrize("commands, expected", [case[1:] for case in REDIS], ids=[one[0] for one in REDIS])
def test_redis_commands(commands, expected):
    assert reply(*commands) == expected


@pytest.mark.parametrize("commands", [["NOSUCH"], ["GET"], ["SET a 1", "LPUSH a x"], ["SET a x", "INCR a"]])
def test_redis_refuses(commands):
    with pytest.raises(RedisError):
        reply(*commands)


def test_a_work_queue(nodes):
    nodes.pod("redis", container("redis:8"))
    nodes.run(3)
    for item in ("apple", "banana", "cherry"):
        nodes.exec("redis", "redis-cli", "RPUSH", "job", item)
    address = nodes.status("redis")["podIP"]
    script = (
        f"while true; do item=$(redis-cli -h {address} LPOP job); "
        '[ -z "$item" ] && break; echo "Processing $item"; sleep 2; done; echo done'
    )
    nodes.pod("worker", container("redis:8", command=["sh", "-c", script]), restartPolicy="Never")
    nodes.run(15)
    assert nodes.logs("worker") == "Processing apple\nProcessing banana\nProcessing cherry\ndone\n"
    assert nodes.status("worker")["phase"] == "Succeeded"


def test_a_blocking_pop_waits_for_work(nodes):
    nodes.pod("redis", container("redis:8"))
    nodes.run(3)
    script = "(sleep 3; redis-cli RPUSH q late > /dev/null) & redis-cli BLPOP q 10"
    ran = nodes.exec("redis", "sh", "-c", script)
    assert ran.stdout == "q\nlate\n"


def test_redis_forgets_with_its_process_but_not_with_a_log(nodes):
    for name, arguments in (("forgets", []), ("keeps", ["redis-server", "--appendonly", "yes"])):
        mount = [{"name": "data", "mountPath": "/data"}]
        fields = {"args": arguments} if arguments else {}
        probe = {
            "exec": {"command": ["test", "!", "-f", "/tmp/kill"]},
            "periodSeconds": 1,
            "failureThreshold": 1,
        }
        nodes.pod(
            name,
            container("redis:8", volumeMounts=mount, livenessProbe=probe, **fields),
            volumes=[{"name": "data", "emptyDir": {}}],
        )
    nodes.run(3)
    for name in ("forgets", "keeps"):
        nodes.exec(name, "redis-cli", "SET", "a", "1")
        nodes.exec(name, "touch", "/tmp/kill")
    nodes.run(8)
    assert [nodes.container(name)["restartCount"] for name in ("forgets", "keeps")] == [1, 1]
    assert nodes.exec("forgets", "redis-cli", "GET", "a").stdout == "\n"
    assert nodes.exec("keeps", "redis-cli", "GET", "a").stdout == "1\n"


def table(*texts):
    data, database, result = {**EMPTY, "databases": {"d": {}}}, "d", None
    for text in texts:
        for statement in statements(text):
            result = execute(data, database, statement)
            data, database = result.data, result.database
    return result.columns, result.rows


CREATE = "CREATE TABLE t (id INT, name VARCHAR(20)); INSERT INTO t VALUES (1, 'one'), (2, 'two')"
SQL = [
    ("select all", "SELECT * FROM t", (["id", "name"], [[1, "one"], [2, "two"]])),
    ("select a column", "SELECT name FROM t", (["name"], [["one"], ["two"]])),
    ("where", "SELECT name FROM t WHERE id = 2", (["name"], [["two"]])),
    ("where and", "SELECT id FROM t WHERE id > 0 AND name = 'one'", (["id"], [[1]])),
    ("order", "SELECT id FROM t ORDER BY id DESC", (["id"], [[2], [1]])),
    ("limit", "SELECT id FROM t LIMIT 1", (["id"], [[1]])),
    ("count", "SELECT COUNT(*) FROM t", (["COUNT(*)"], [[2]])),
    ("update", "UPDATE t SET name = 'x' WHERE id = 1; SELECT name FROM t", (["name"], [["x"], ["two"]])),
    ("delete", "DELETE FROM t WHERE id = 1; SELECT id FROM t", (["id"], [[2]])),
    ("literal", "SELECT 1", (["1"], [[1]])),
    (
        "insert columns",
        "INSERT INTO t (id) VALUES (3); SELECT name FROM t WHERE id = 3",
        (["name"], [[None]]),
    ),
    (
        "quoted semicolon",
        "INSERT INTO t VALUES (4, 'a;b'); SELECT name FROM t WHERE id = 4",
        (["name"], [["a;b"]]),
    ),
    ("show tables", "SHOW TABLES", (["Tables_in_d"], [["t"]])),
    ("other database", "CREATE DATABASE e; CREATE TABLE e.u (a INT); SELECT * FROM e.u", (["a"], [])),
]


@pytest.mark.parametrize("text, expected", [case[1:] for case in SQL], ids=[one[0] for one in SQL])
def test_sql(text, expected):
    assert table(CREATE, text) == expected


REFUSED = [
    ("unknown table", "SELECT * FROM no", "Table 'd.no' doesn't exist"),
    ("unknown column", "SELECT no FROM t", "Unknown column 'no' in 'field list'"),
    ("unknown database", "USE no", "Unknown database 'no'"),
    ("table twice", "CREATE TABLE t (a INT)", "Table 't' already exists"),
    ("too many values", "INSERT INTO t VALUES (1)", "Column count doesn't match value count at row 1"),
]


@pytest.mark.parametrize("text, message", [case[1:] for case in REFUSED], ids=[one[0] for one in REFUSED])
def test_sql_refuses(text, message):
    with pytest.raises(SqlError) as refused:
        table(CREATE, text)
    assert str(refused.value) == message


def test_mysql_needs_a_password(nodes):
    nodes.pod("db", container("mysql:5.7"), restartPolicy="Never")
    nodes.run(3)
    assert nodes.status("db")["phase"] == "Failed"
    assert "You need to specify one of the following as an environment variable" in nodes.logs("db")


def test_mysql_asks_for_its_password(nodes):
    nodes.pod("db", container("mysql:8", env=env(MYSQL_ROOT_PASSWORD="secret", MYSQL_DATABASE="shop")))
    nodes.run(3)
    refused = nodes.exec("db", "mysql", "-e", "SELECT 1")
    assert refused.code == 1 and "ERROR 1045 (28000): Access denied for user 'root'" in refused.stderr
    assert nodes.exec("db", "mysql", "-psecret", "-e", "SHOW DATABASES").stdout.split()[-2:] == [
        "shop",
        "sys",
    ]


ENTRYPOINTS = [
    ("a client", "mysql:5.7", "mysql -h db", "mysql -h db"),
    ("a shell", "redis:7", "sh -c true", "sh -c true"),
    ("a client beside the server", "postgres:18", "pg_isready -h db", "pg_isready -h db"),
    ("the server", "mysql:5.7", "mysqld --skip-networking", "mysqld --skip-networking"),
    ("options of the server", "redis:7", "--appendonly yes", "redis-server --appendonly yes"),
    ("a configuration of the server", "redis:7", "/etc/redis.conf", "redis-server /etc/redis.conf"),
    ("nothing", "nginx:1.27", "", "nginx -g daemon off;"),
    ("an image without such a script", "busybox", "sleep 1", "sleep 1"),
]


@pytest.mark.parametrize(
    "image, arguments, argv", [case[1:] for case in ENTRYPOINTS], ids=[one[0] for one in ENTRYPOINTS]
)
def test_an_entrypoint_script_becomes_what_it_is_given(image, arguments, argv):
    assert " ".join(plain_command({"image": image, "args": arguments.split()})) == argv


def test_a_client_runs_in_a_pod_of_its_servers_image(nodes):
    nodes.pod("db", container("mysql:5.7", env=env(MYSQL_ALLOW_EMPTY_PASSWORD="1")))
    nodes.run(5)
    address = nodes.status("db")["podIP"]
    ask = container("mysql:5.7", args=["mysql", "-h", address, "-e", "SELECT 1"])
    nodes.pod("client", ask, restartPolicy="Never")
    nodes.run(5)
    assert nodes.status("client")["phase"] == "Succeeded"
    assert nodes.logs("client") == "1\n1\n"


def scripted(image, text):
    return container(image, command=["sh", "-c", text])


SLEEPER = container("busybox:1.36", command=["sleep", "100"])
MYSQL = container("mysql:5.7", env=env(MYSQL_ALLOW_EMPTY_PASSWORD="1"))
TRAP = scripted("busybox:1.36", "trap 'exit 3' TERM; while true; do sleep 1; done")
OTHER_TRAP = scripted("busybox:1.36", "trap 'exit 4' USR1; while true; do sleep 1; done")
REDIS_IN_SHELL = scripted("redis:7", "redis-server; exit $(($? + 5))")
IN_PLACE = scripted("nginx:1.27", "exec nginx -g 'daemon off;'")
KILLS = [
    ("a server", container("nginx:1.27"), "kill 1", 0),
    ("a server by its name", MYSQL, "pkill mysqld", 0),
    ("no handler", SLEEPER, "kill 1", None),
    ("a signal that nobody handles", container("nginx:1.27"), "kill -9 1", None),
    ("a signal that ends nothing", container("nginx:1.27"), "kill -HUP 1", None),
    ("a trap", TRAP, "kill 1", 3),
    ("another trap", OTHER_TRAP, "kill -USR1 1", 4),
    ("a server in a shell", REDIS_IN_SHELL, "killall redis-server", 5),
    ("a server in a shell, by force", REDIS_IN_SHELL, "pkill -9 redis", 142),
    ("a server in a shell's place", IN_PLACE, "kill -s QUIT 1", 0),
]


@pytest.mark.parametrize("spec, argv, code", [case[1:] for case in KILLS], ids=[one[0] for one in KILLS])
def test_a_signal_ends_a_container(nodes, spec, argv, code):
    nodes.pod("one", spec, restartPolicy="Never")
    nodes.run(8)
    assert nodes.exec("one", *argv.split()).code == 0
    nodes.run(3)
    state = nodes.status("one")["containerStatuses"][0]["state"]
    ended = state.get("terminated")
    assert (ended and ended["exitCode"]) == code


def test_a_server_that_was_ended_answers_no_more(nodes):
    script = "redis-server & sleep 2; while true; do sleep 1; done"
    nodes.pod("one", scripted("redis:7", script))
    nodes.run(8)
    assert nodes.exec("one", "redis-cli", "PING").stdout == "PONG\n"
    assert nodes.exec("one", "pgrep", "-l", "redis").stdout == "2 redis-server\n"
    assert nodes.exec("one", "pkill", "redis-server").code == 0
    nodes.run(2)
    assert nodes.exec("one", "redis-cli", "PING").code == 1
    assert nodes.exec("one", "pgrep", "redis").code == 1
    assert nodes.status("one")["phase"] == "Running"


FAULTS = [
    ("nobody there", ["kill", "77"], "kill: (77): No such process\n", 1),
    ("no number", ["kill", "one"], "kill: one: arguments must be process or job IDs\n", 1),
    ("no signal", ["kill", "-NOSUCH", "1"], "kill: NOSUCH: invalid signal specification\n", 1),
    ("no match", ["pkill", "java"], "", 1),
    ("no pattern", ["pkill"], "pkill: no matching criteria specified\n", 2),
    ("bad pattern", ["pgrep", "["], "pgrep: invalid pattern: [\n", 2),
    ("no such command", ["killall", "java"], "killall: java: no process killed\n", 1),
    ("is it there?", ["kill", "-0", "1"], "", 0),
]


@pytest.mark.parametrize("argv, stderr, code", [case[1:] for case in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_signal_that_reaches_nobody(nodes, argv, stderr, code):
    nodes.pod("one", container("nginx:1.27"))
    nodes.run(5)
    ran = nodes.exec("one", *argv)
    assert (ran.stderr, ran.code) == (stderr, code)
    nodes.run(1)
    assert "running" in nodes.status("one")["containerStatuses"][0]["state"]


def test_processes_of_a_shared_namespace_may_be_killed(nodes):
    sleeper = container("busybox:1.36", "sleeper", command=["sleep", "100"])
    nodes.pod(
        "one", container("nginx:1.27", "web"), sleeper, shareProcessNamespace=True, restartPolicy="Never"
    )
    nodes.run(5)
    refused = nodes.exec("one", "kill", "1", container="web")
    assert (refused.code, refused.stderr) == (1, "kill: (1): Operation not permitted\n")
    assert nodes.exec("one", "pkill", "-9", "sleep", container="web").code == 0
    nodes.run(2)
    states = {one["name"]: one["state"] for one in nodes.status("one")["containerStatuses"]}
    assert states["sleeper"]["terminated"]["exitCode"] == 137
    assert "running" in states["web"]


def test_postgres(nodes):
    nodes.pod("db", container("postgres:18", env=env(POSTGRES_PASSWORD="secret", POSTGRES_DB="shop")))
    nodes.run(3)
    assert nodes.exec("db", "pg_isready").stdout == "/var/run/postgresql:5432 - accepting connections\n"
    sql = "CREATE TABLE t (id INT, name TEXT); INSERT INTO t VALUES (1, 'one'); SELECT * FROM t"
    assert nodes.exec("db", "psql", "-U", "postgres", "-c", sql).stdout == (
        "CREATE TABLE\nINSERT 0 1\n id | name\n----+------\n  1 | one\n(1 row)\n\n"
    )


def test_etcd(nodes):
    nodes.pod("etcd", container("quay.io/coreos/etcd:v3.6.0"))
    nodes.run(3)
    assert nodes.exec("etcd", "etcdctl", "put", "/a/b", "1").stdout == "OK\n"
    assert nodes.exec("etcd", "etcdctl", "get", "/a", "--prefix").stdout == "/a/b\n1\n"
    assert nodes.exec("etcd", "etcdctl", "del", "/a/b").stdout == "1\n"


def test_a_collector_sees_the_lines_of_its_node(nodes):
    nodes.pod("talker", shell("echo hello from here"), restartPolicy="Never")
    nodes.run(3)
    nodes.pod("agent", container("elastic/filebeat:9.0.0"))
    nodes.run(12)
    assert '"message": "hello from here"' in nodes.logs("agent")
    assert '"pod": {"name": "talker"}' in nodes.logs("agent")


def test_python(nodes):
    nodes.pod(
        "web", container("python:3.13", command=["python3", "-m", "http.server", "8080"], workingDir="/tmp")
    )
    nodes.run(3)
    nodes.exec("web", "sh", "-c", "echo hi > /tmp/f")
    assert nodes.exec("web", "curl", "-s", "localhost:8080/f").stdout == "hi\n"
    assert nodes.exec("web", "python3", "-c", "print('a', 1 + 2)").stdout == "a 3\n"


INDEXED = """
import os, sys
index = int(os.environ.get("INDEX"))
if index == 0:
  sys.exit("none")
elif index % 2 and not index > 2:
  print(f"odd {index}", flush=True)
  sys.exit(42)
else:
  print("even" if index in (2, 4) else "other", os.environ["INDEX"])
"""
PROGRAMS = {
    "the text of an exit": ("0", "", "none\n", 1),
    "a code of an exit": ("1", "odd 1\n", "", 42),
    "the other branch": ("2", "even 2\n", "", 0),
    "the last branch": ("3", "other 3\n", "", 0),
    "an exception": ("x", "", "ValueError: invalid literal for int() with base 10: 'x'\n", 1),
}


@pytest.mark.parametrize(("index", "out", "err", "code"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_of_python_decides_by_its_variables(nodes, index, out, err, code):
    nodes.pod("py", container("python:3", command=["sleep", "1h"], env=[{"name": "INDEX", "value": index}]))
    nodes.run(3)
    result = nodes.exec("py", "python3", "-c", INDEXED)
    assert (result.stdout, result.stderr.rpartition("<module>\n")[2], result.code) == (out, err, code)


def test_what_python_here_cannot_do_is_named(nodes):
    nodes.pod("py", container("python:3", command=["sleep", "1h"]))
    nodes.run(3)
    for line in (
        "while True: pass",
        "x = [y for y in 'a']",
        "open('/f')",
        "print(2 ** 9)",
        "print(1, end='')",
    ):
        result = nodes.exec("py", "python3", "-c", line)
        assert (
            result.stderr.startswith("NotImplementedError: this lab's python cannot run: ")
            and result.code == 1
        )


SERVERS = [
    (
        "hello-app",
        "gcr.io/google-samples/hello-app:1.0",
        8080,
        "Hello, world!\nVersion: 1.0.0\nHostname: web\n",
    ),
    ("httpd", "httpd:2.4", 80, "<html><body><h1>It works!</h1></body></html>\n"),
    ("agnhost", "registry.k8s.io/e2e-test-images/agnhost:2.57", 9376, "web"),
    ("an image that nobody wrote", "example.com/team/app:1", 1234, "ok\n"),
]


@pytest.mark.parametrize("image, port, body", [case[1:] for case in SERVERS], ids=[one[0] for one in SERVERS])
def test_web_servers(nodes, image, port, body):
    fields = {"args": ["serve-hostname"]} if "agnhost" in image else {}
    nodes.pod("web", container(image, **fields))
    nodes.pod("client", shell("sleep 1000"))
    nodes.run(5)
    address = nodes.status("web")["podIP"]
    assert nodes.exec("client", "wget", "-qO-", f"http://{address}:{port}").stdout == body


def test_pause_listens_nowhere(nodes):
    nodes.pod("pause", container("registry.k8s.io/pause:3.10"))
    nodes.run(3)
    assert nodes.status("pause")["phase"] == "Running"
    assert nodes.exec("pause", "sh").code == 127


STRESS = [
    ("memory", "--vm 1 --vm-bytes 150M --vm-hang 1", (100, 150 << 20)),
    ("much memory", "--vm 2 --vm-bytes 1G", (2000, 2 << 30)),
    ("memory as a rule", "-m 1", (1000, 256 << 20)),
    ("CPU", "--cpu 2", (2000, 0)),
    ("both", "-c 1 -m 1 --vm-bytes=64M", (2000, 64 << 20)),
    ("nothing", "", (0, 0)),
]


@pytest.mark.parametrize("line, taken", [case[1:] for case in STRESS], ids=[one[0] for one in STRESS])
def test_what_stress_takes(line, taken):
    asked = stress.wanted(["stress", *line.split()])
    assert (asked.cpu_millis, asked.memory_bytes) == taken


STRESS_IN_GO = [
    ("CPU", "-cpus 2", (2000, 0)),
    ("memory", "-mem-total=950Mi", (0, 950 << 20)),
]


@pytest.mark.parametrize(
    "line, taken", [case[1:] for case in STRESS_IN_GO], ids=[one[0] for one in STRESS_IN_GO]
)
def test_what_the_other_stress_takes(line, taken):
    asked = stress.wanted_in_go(["/stress", *line.split()])
    assert (asked.cpu_millis, asked.memory_bytes) == taken


@pytest.mark.parametrize("line", ["--cpu many", "--vm 1 --vm-bytes 1X", "-t soon"])
def test_stress_says_what_it_does_not_understand(nodes, line):
    nodes.pod("one", container("polinux/stress", command=["stress", *line.split()]), restartPolicy="Never")
    nodes.run(5)
    assert nodes.logs("one").startswith("stress: FAIL: [1] invalid argument: ")
    assert nodes.status("one")["phase"] == "Failed"


def stressed(name, limit, *arguments):
    limits = {"limits": {"memory": limit, "cpu": "500m"}}
    spec = {**container("polinux/stress", command=["stress"], args=list(arguments)), "resources": limits}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [spec]}}


def test_a_lesson_on_requests_and_limits():
    lab = Lab(nodes=1)
    lab.apply(stressed("fits", "200Mi", "--vm", "1", "--vm-bytes", "150M"))
    lab.apply(stressed("too-much", "100Mi", "--vm", "1", "--vm-bytes", "250M"))
    lab.run("60s")
    assert lab.kubectl("top pod fits --no-headers")[0].split() == ["fits", "500m", "150Mi"]
    ended = lab.get("pod/too-much")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    lab.kubectl("delete pod --all")
    lab.run("60s")
    assert list(lab.world.list("Load")) == []


def test_stress_ends_after_its_time(nodes):
    spec = container("polinux/stress", command=["stress", "--cpu", "1", "--timeout", "30s"])
    nodes.pod("one", spec, restartPolicy="Never")
    nodes.run(20)
    assert nodes.world.get("Load", ("default", "one"))["spec"]["cpuMillis"] == 1000
    nodes.run(20)
    assert nodes.status("one")["phase"] == "Succeeded"
    assert nodes.world.get("Load", ("default", "one")) is None
    assert nodes.logs("one").endswith("successful run completed in 30s\n")


def test_a_command_that_is_moved_away_is_not_found(nodes):
    probe = {"exec": {"command": ["mysql", "-e", "SELECT 1"]}, "periodSeconds": 2}
    nodes.pod("db", {**MYSQL, "readinessProbe": probe})
    nodes.run(10)
    assert nodes.condition("db", "Ready")["status"] == "True"
    assert (
        nodes.exec("db", "sh", "-c", "test -x /usr/bin/mysql && mv /usr/bin/mysql /usr/bin/mysql.off").code
        == 0
    )
    assert nodes.exec("db", "sh", "-c", "mysql -e 'SELECT 1'").stderr == "sh: mysql: not found\n"
    nodes.run(10)
    assert nodes.condition("db", "Ready")["status"] == "False"
    assert nodes.exec("db", "mv", "/usr/bin/mysql.off", "/usr/bin/mysql").code == 0
    nodes.run(5)
    assert nodes.condition("db", "Ready")["status"] == "True"
