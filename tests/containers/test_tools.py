"""The small tools: what they print."""

from __future__ import annotations

import pytest

from tests.kubelet.nodes import Nodes


@pytest.fixture(scope="module")
def nodes():
    nodes = Nodes(1)
    container = {"name": "main", "image": "busybox:1.37", "command": ["sleep", "1000000"]}
    nodes.pod("box", container, metadata={"labels": {"app": "box"}})
    nodes.run(2)
    return nodes


@pytest.fixture
def run(nodes):
    nodes.exec("box", "sh", "-c", "rm -rf /work; mkdir -p /work")
    return lambda script: nodes.exec("box", "sh", "-c", f"cd /work; {script}")


ABC = "printf 'a\\nb\\nc\\n'"
CASES = [
    ("cat two files", "echo 1 > a; echo 2 > b; cat a b", "1\n2\n"),
    ("cat with numbers", f"{ABC} | cat -n | head -1", "     1\ta\n"),
    ("head", f"{ABC} | head -n 2", "a\nb\n"),
    ("head in short", f"{ABC} | head -1", "a\n"),
    ("head of all but the last", f"{ABC} | head -n -1", "a\nb\n"),
    ("tail", f"{ABC} | tail -n 1", "c\n"),
    ("tail from a line", f"{ABC} | tail -n +2", "b\nc\n"),
    ("grep", f"{ABC} | grep b", "b\n"),
    ("grep inverted", f"{ABC} | grep -v b", "a\nc\n"),
    ("grep count", f"{ABC} | grep -c '[ab]'", "2\n"),
    ("grep quiet", f"{ABC} | grep -q b && echo y", "y\n"),
    ("grep numbers", f"{ABC} | grep -n c", "3:c\n"),
    ("grep ignoring case", "echo Hello | grep -i hello", "Hello\n"),
    ("grep extended", "echo abc | grep -E 'a(b|x)c'", "abc\n"),
    ("grep only", "echo a1b22 | grep -o '[0-9]*'", "1\n22\n"),
    ("grep fixed", "echo 'a.c' | grep -F a.c", "a.c\n"),
    ("grep files", "echo x > f; echo y > g; grep x f g", "f:x\n"),
    ("grep words", "printf 'cat\\nconcat\\n' | grep -w cat", "cat\n"),
    ("sed", "echo hello | sed s/l/L/", "heLlo\n"),
    ("sed all", "echo hello | sed 's/l/L/g'", "heLLo\n"),
    ("sed groups", r"echo ab | sed 's/\(a\)\(b\)/\2\1/'", "ba\n"),
    ("sed extended", "echo ab | sed -E 's/(a)(b)/\\2\\1/'", "ba\n"),
    ("sed ampersand", "echo ab | sed 's/a/[&]/'", "[a]b\n"),
    ("sed other delimiter", "echo /a/b | sed 's|/a|/x|'", "/x/b\n"),
    ("sed delete", f"{ABC} | sed 2d", "a\nc\n"),
    ("sed delete pattern", f"{ABC} | sed '/b/d'", "a\nc\n"),
    ("sed print", f"{ABC} | sed -n 2p", "b\n"),
    ("sed range", f"{ABC} | sed -n '2,$p'", "b\nc\n"),
    ("sed in place", "echo a > f; sed -i s/a/b/ f; cat f", "b\n"),
    ("sed append", "echo a | sed 'a b'", "a\nb\n"),
    ("sed two commands", "echo ab | sed 's/a/x/;s/b/y/'", "xy\n"),
    ("sed strips a semicolon", "echo 'x;' | sed -E 's/;$//g'", "x\n"),
    ("awk field", "echo a b c | awk '{print $2}'", "b\n"),
    ("awk last field", "echo a b c | awk '{print $NF}'", "c\n"),
    ("awk separator", "echo a:b | awk -F: '{print $2 \"-\" $1}'", "b-a\n"),
    ("awk condition", "printf '1 a\\n5 b\\n' | awk '$1 > 3 {print $2}'", "b\n"),
    ("awk pattern", "printf 'ab\\ncd\\n' | awk '/c/'", "cd\n"),
    ("awk sum", "printf '1\\n2\\n' | awk '{s += $1} END {print s}'", "3\n"),
    ("awk line number", f"{ABC} | awk 'NR==2'", "b\n"),
    ("awk printf", "echo 5 | awk '{printf \"%03d\\n\", $1}'", "005\n"),
    ("wc lines", f"{ABC} | wc -l", "3\n"),
    ("wc words", "echo a b c | wc -w", "3\n"),
    ("wc letters", "printf abc | wc -c", "3\n"),
    ("sort", "printf 'b\\na\\n' | sort", "a\nb\n"),
    ("sort numbers", "printf '10\\n9\\n' | sort -n", "9\n10\n"),
    ("sort backwards", f"{ABC} | sort -r", "c\nb\na\n"),
    ("sort by field", "printf 'a 2\\nb 1\\n' | sort -k2", "b 1\na 2\n"),
    ("sort unique", "printf 'b\\na\\nb\\n' | sort -u", "a\nb\n"),
    ("uniq", "printf 'a\\na\\nb\\n' | uniq", "a\nb\n"),
    ("uniq count", "printf 'a\\na\\nb\\n' | uniq -c", "      2 a\n      1 b\n"),
    ("cut field", "echo a:b:c | cut -d: -f2", "b\n"),
    ("cut fields", "echo a:b:c | cut -d: -f1,3", "a:c\n"),
    ("cut letters", "echo hello | cut -c2-3", "el\n"),
    ("tr", "echo abc | tr a-c A-C", "ABC\n"),
    ("tr classes", "echo abc | tr '[:lower:]' '[:upper:]'", "ABC\n"),
    ("tr delete", "echo a1b2 | tr -d 0-9", "ab\n"),
    ("tr squeeze", "echo aabb | tr -s a", "abb\n"),
    ("seq", "seq 3", "1\n2\n3\n"),
    ("seq from to", "seq 2 4", "2\n3\n4\n"),
    ("seq with step", "seq 1 2 5", "1\n3\n5\n"),
    ("seq with separator", "seq -s , 3", "1,2,3\n"),
    ("rev", "echo abc | rev", "cba\n"),
    ("tac", f"{ABC} | tac", "c\nb\na\n"),
    ("paste", f"{ABC} | paste -s -d,", "a,b,c\n"),
    ("base64", "printf hello | base64", "aGVsbG8=\n"),
    ("base64 back", "echo aGVsbG8= | base64 -d", "hello"),
    ("md5sum", "printf hello | md5sum", "5d41402abc4b2a76b9719d911017c592  -\n"),
    ("xargs", "echo a b | xargs echo x", "x a b\n"),
    ("xargs each", "printf 'a\\nb\\n' | xargs -n1 echo x", "x a\nx b\n"),
    ("xargs placed", "printf 'a\\nb\\n' | xargs -I{} echo [{}]", "[a]\n[b]\n"),
    ("ls", "touch b a; ls", "a\nb\n"),
    ("ls hidden", "touch .h a; ls -A", ".h\na\n"),
    ("mkdir with parents", "mkdir -p a/b/c; ls a/b", "c\n"),
    ("cp", "echo x > a; cp a b; cat b", "x\n"),
    ("cp into a directory", "mkdir d; echo x > a; cp a d/; cat d/a", "x\n"),
    ("cp a tree", "mkdir -p d/e; echo x > d/e/f; cp -r d g; cat g/e/f", "x\n"),
    ("mv", "echo x > a; mv a b; ls", "b\n"),
    ("rm", "touch a b; rm a; ls", "b\n"),
    ("rm a tree", "mkdir -p d/e; touch d/e/f; rm -r d; ls", ""),
    ("rm nothing forcefully", "rm -f nosuch; echo $?", "0\n"),
    ("find", "mkdir -p d; touch d/a.txt d/b; find . -name '*.txt'", "./d/a.txt\n"),
    ("find files", "mkdir d; touch d/a; find d -type f", "d/a\n"),
    ("basename", "basename /a/b.txt .txt", "b\n"),
    ("dirname", "dirname /a/b.txt", "/a\n"),
    ("touch makes a file", "touch a; wc -c < a", "0\n"),
    ("stat", "printf abc > f; stat -c %s f", "3\n"),
    ("printf", "printf '%s-%d\\n' a 5 b 6", "a-5\nb-6\n"),
    ("printf padded", "printf '%5s|%-5s|%03d\\n' a b 7", "    a|b    |007\n"),
    ("printf hex", "printf '%x %o\\n' 255 8", "ff 10\n"),
    ("hostname", "hostname", "box\n"),
    ("whoami", "whoami", "root\n"),
    ("id", "id -u", "0\n"),
    ("uname", "uname", "Linux\n"),
    ("uname machine", "uname -m", "x86_64\n"),
    ("expr", "expr 2 + 3", "5\n"),
    ("expr product", "expr 2 '*' 3", "6\n"),
    ("expr comparison", "expr 2 '<' 3", "1\n"),
    ("expr match", r"expr web-3 : '.*-\([0-9]*\)'", "3\n"),
    ("env for a command", "env A=5 sh -c 'echo $A'", "5\n"),
    ("printenv", "printenv HOSTNAME", "box\n"),
    ("timeout that strikes", "timeout 2 sleep 10; echo $?", "124\n"),
    ("timeout that doesn't", "timeout 5 echo ok", "ok\n"),
    ("date of an instant", "date -d @0 +%Y-%m-%d", "1970-01-01\n"),
    ("which", "which ls", "/usr/bin/ls\n"),
    ("service variables", "echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT", "10.96.0.1:443\n"),
    ("hosts file", "tail -1 /etc/hosts", "10.244.0.2\tbox\n"),
    ("resolver", "grep ndots /etc/resolv.conf", "options ndots:5\n"),
]


@pytest.mark.parametrize("script, expected", [case[1:] for case in CASES], ids=[one[0] for one in CASES])
def test_tool(run, script, expected):
    ran = run(script)
    assert ran.stdout == expected, ran.stderr


FAULTS = [
    ("cat", "cat nosuch", "cat: can't open 'nosuch': No such file or directory\n", 1),
    ("ls", "ls nosuch", "ls: nosuch: No such file or directory\n", 1),
    ("rm", "rm nosuch", "rm: can't remove 'nosuch': No such file or directory\n", 1),
    ("rm of a directory", "mkdir d; rm d", "rm: can't remove 'd': is a directory\n", 1),
    ("mkdir twice", "mkdir d; mkdir d", "mkdir: can't create directory 'd': File exists\n", 1),
    ("cp", "cp nosuch x", "cp: can't stat 'nosuch': No such file or directory\n", 1),
    ("grep without match", "echo a | grep b", "", 1),
    ("wget of an unknown name", "wget -qO- http://nosuch", "wget: bad address 'nosuch'\n", 1),
    (
        "wget of a closed port",
        "wget -qO- http://localhost:81",
        "wget: can't connect to remote host (localhost): Connection refused\n",
        1,
    ),
]


@pytest.mark.parametrize(
    "script, stderr, code", [case[1:] for case in FAULTS], ids=[one[0] for one in FAULTS]
)
def test_what_goes_wrong(run, script, stderr, code):
    ran = run(script)
    assert (ran.stderr, ran.code) == (stderr, code)


def test_tail_follows_a_file(nodes):
    nodes.exec("box", "sh", "-c", "mkdir -p /work; echo first > /work/log")
    ran = nodes.exec("box", "sh", "-c", "(sleep 2; echo second >> /work/log) & timeout 5 tail -f /work/log")
    assert ran.stdout == "first\nsecond\n"
