"""The shell: scripts with what a real `sh` or `bash` prints for them."""

from __future__ import annotations

import pytest

from tests.kubelet.nodes import Nodes


@pytest.fixture(scope="module")
def nodes():
    nodes = Nodes(1)
    container = {"name": "main", "image": "busybox:1.37", "command": ["sleep", "1000000"]}
    nodes.pod("box", container)
    nodes.run(2)
    return nodes


@pytest.fixture
def run(nodes):
    """Run a script in a clean /work; what it printed and its exit code."""
    nodes.exec("box", "sh", "-c", "rm -rf /work; mkdir -p /work")

    def run_script(script, shell="sh", stdin="", *arguments):
        return nodes.exec("box", shell, "-c", f"cd /work\n{script}", shell, *arguments, stdin=stdin)

    return run_script


WORDS = [
    ("echo", "echo hello world", "hello world\n"),
    ("echo without newline", "echo -n hello", "hello"),
    ("echo with escapes", r"echo -e 'a\tb'", "a\tb\n"),
    ("echo keeps other dashes", "echo -x -- y", "-x -- y\n"),
    ("single quotes", "echo 'a  $HOME  b'", "a  $HOME  b\n"),
    ("double quotes keep blanks", 'x="a  b"; echo "$x"', "a  b\n"),
    ("unquoted variables are split", 'x="a  b"; echo $x', "a b\n"),
    ("backslash", r"echo a\ b \$x", "a b $x\n"),
    ("backslash in double quotes", r'echo "a\"b \$x \n"', 'a"b $x \\n\n'),
    ("quotes join", "echo a'b'\"c\"", "abc\n"),
    ("ansi quotes", r"echo $'a\tb'", "a\tb\n"),
    ("line continuation", "echo a \\\n b", "a b\n"),
    ("comment", "echo a # b\n# c\necho d", "a\nd\n"),
    ("hash inside a word", "echo a#b", "a#b\n"),
    ("empty string is a word", 'set -- "" a; echo $#', "2\n"),
    ("unset expands to nothing", "echo [$nothing]", "[]\n"),
    ("tilde", "echo ~ ~/x", "/root /root/x\n"),
    ("braces", "echo a{b,c}d", "abd acd\n"),
    ("brace range", "echo {1..5} {a..c}", "1 2 3 4 5 a b c\n"),
    ("brace range down by two", "echo {9..3..2}", "9 7 5 3\n"),
    ("brace range with zeros", "echo {08..10}", "08 09 10\n"),
    ("nested braces", "echo {a,b{1,2}}", "a b1 b2\n"),
    ("quoted braces stay", "echo '{a,b}'", "{a,b}\n"),
    ("glob", "touch b.txt a.txt c.md; echo *.txt", "a.txt b.txt\n"),
    ("glob of one letter", "touch f1 f2 f10; echo f?", "f1 f2\n"),
    ("glob class", "touch f1 f2 f3; echo f[13]", "f1 f3\n"),
    ("negated glob class", "touch f1 f2 f3; echo f[!13]", "f2\n"),
    ("glob without match stays", "echo *.none", "*.none\n"),
    ("quoted glob stays", "touch a; echo '*'", "*\n"),
    ("glob in a directory", "mkdir d; touch d/x d/y; echo d/*", "d/x d/y\n"),
    ("glob hides dots", "touch .a b; echo *", "b\n"),
    ("IFS", "IFS=:; x=a:b:c; set -- $x; echo $#", "3\n"),
    ("IFS keeps empty fields", "IFS=:; x=a::c; set -- $x; echo $#", "3\n"),
]

VARIABLES = [
    ("assign", "x=5; echo $x", "5\n"),
    ("assign for one command", "x=1; x=2 env | grep ^x=; echo $x", "x=2\n1\n"),
    ("append", "x=a; x+=b; echo $x", "ab\n", "bash"),
    ("default", "echo ${x:-d} ${x-e}", "d e\n"),
    ("default of empty", "x=; echo ${x:-d}[${x-e}]", "d[]\n"),
    ("assign default", "echo ${x:=d}; echo $x", "d\nd\n"),
    ("alternative", "x=1; echo ${x:+yes}[${y:+no}]", "yes[]\n"),
    ("length", "x=hello; echo ${#x}", "5\n"),
    ("remove shortest suffix", "x=a.b.c; echo ${x%.*}", "a.b\n"),
    ("remove longest suffix", "x=a.b.c; echo ${x%%.*}", "a\n"),
    ("remove shortest prefix", "x=a.b.c; echo ${x#*.}", "b.c\n"),
    ("remove longest prefix", "x=a.b.c; echo ${x##*.}", "c\n"),
    ("basename by expansion", "p=/a/b/c.txt; echo ${p##*/}", "c.txt\n"),
    ("ordinal of a pod", "HOSTNAME=web-12; echo ${HOSTNAME##*-}", "12\n"),
    ("replace first", "x=aXbX; echo ${x/X/-}", "a-bX\n", "bash"),
    ("replace all", "x=aXbX; echo ${x//X/-}", "a-b-\n", "bash"),
    ("substring", "x=hello; echo ${x:1:3} ${x:3}", "ell lo\n", "bash"),
    ("negative substring", "x=hello; echo ${x: -3}", "llo\n", "bash"),
    ("upper and lower case", "x=aB; echo ${x^^} ${x,,}", "AB ab\n", "bash"),
    ("indirect", "y=x; x=5; echo ${!y}", "5\n", "bash"),
    ("positional", "set -- a b c; echo $1 $3 $#", "a c 3\n"),
    ("all positional quoted", 'set -- "a b" c; for i in "$@"; do echo [$i]; done', "[a b]\n[c]\n"),
    ("all positional unquoted", 'set -- "a b" c; for i in $@; do echo [$i]; done', "[a]\n[b]\n[c]\n"),
    ("joined positional", 'set -- a b; echo "$*"', "a b\n"),
    ("shift", "set -- a b c; shift; echo $1; shift 1; echo $1", "b\nc\n"),
    ("tenth positional", "set -- 1 2 3 4 5 6 7 8 9 ten; echo ${10}", "ten\n"),
    ("status", "false; echo $?; true; echo $?", "1\n0\n"),
    ("export", "export A=1; sh -c 'echo $A'", "1\n"),
    ("not exported", "A=1; sh -c 'echo [$A]'", "[]\n"),
    ("unset", "A=1; unset A; echo [$A]", "[]\n"),
    ("read", "echo 'a b c' | (read x y; echo $y-$x)", "b c-a\n"),
    ("read by IFS", "echo a:b | (IFS=: read x y; echo $y$x)", "ba\n"),
    ("read raw", r"printf 'a\\\\b\n' | (read -r x; echo $x)", "a\\\\b\n", "bash"),
]

SUBSTITUTION = [
    ("command", "echo [$(echo hi)]", "[hi]\n"),
    ("backticks", "echo [`echo hi`]", "[hi]\n"),
    ("nested", "echo $(echo $(echo deep))", "deep\n"),
    ("trailing newlines go", "x=$(printf 'a\n\n\n'); echo [$x]", "[a]\n"),
    ("quoted keeps newlines", 'echo "$(printf "a\nb")"', "a\nb\n"),
    ("unquoted splits", "echo $(printf 'a\nb')", "a b\n"),
    ("status of a substitution", "x=$(false); echo $?", "1\n"),
    ("subshell keeps its variables", "x=1; (x=2; echo $x); echo $x", "2\n1\n"),
    ("group shares variables", "x=1; { x=2; }; echo $x", "2\n"),
    ("file", "echo data > f; echo $(<f)", "data\n", "bash"),
    ("arithmetic", "echo $((1 + 2 * 3))", "7\n"),
    ("arithmetic with variables", "x=5; echo $((x + 1)) $(($x * 2))", "6 10\n"),
    ("arithmetic precedence", "echo $(( (1 + 2) * 3 % 4 ))", "1\n"),
    ("integer division", "echo $((7 / 2)) $((-7 / 2))", "3 -3\n"),
    ("comparison", "echo $((3 > 2)) $((3 == 2))", "1 0\n"),
    ("ternary", "echo $((1 ? 10 : 20))", "10\n"),
    ("power and shift", "echo $((2 ** 10)) $((1 << 4))", "1024 16\n", "bash"),
    ("increment", "i=1; echo $((i++)) $((++i)) $i", "1 3 3\n", "bash"),
    ("assignment in arithmetic", "i=1; echo $((i += 5)); echo $i", "6\n6\n"),
    ("octal and hex", "echo $((010)) $((0x1f))", "8 31\n"),
    ("let in parentheses", "i=0; ((i++)); echo $i", "1\n", "bash"),
]

CONTROL = [
    ("and", "true && echo yes; false && echo no; echo end", "yes\nend\n"),
    ("or", "false || echo yes; true || echo no", "yes\n"),
    ("and then or", "false && echo a || echo b", "b\n"),
    ("not", "! false && echo yes", "yes\n"),
    ("if", "if true; then echo a; else echo b; fi", "a\n"),
    ("else", "if false; then echo a; else echo b; fi", "b\n"),
    ("elif", "if false; then echo a; elif true; then echo b; else echo c; fi", "b\n"),
    ("if with test", "x=5; if [ $x -gt 3 ]; then echo big; fi", "big\n"),
    ("while", "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done", "0\n1\n2\n"),
    ("until", "i=0; until [ $i -ge 2 ]; do echo $i; i=$((i+1)); done", "0\n1\n"),
    ("for", "for i in a b c; do echo $i; done", "a\nb\nc\n"),
    ("for over a glob", "touch x1 x2; for f in x*; do echo $f; done", "x1\nx2\n"),
    ("for over nothing", "for i in; do echo $i; done; echo end", "end\n"),
    ("for over parameters", "set -- a b; for i; do echo $i; done", "a\nb\n"),
    ("arithmetic for", "for ((i=0; i<3; i++)); do echo $i; done", "0\n1\n2\n", "bash"),
    ("break", "for i in 1 2 3; do [ $i = 2 ] && break; echo $i; done", "1\n"),
    ("continue", "for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", "1\n3\n"),
    ("break two", "for i in 1 2; do for j in 1 2; do break 2; done; echo no; done; echo end", "end\n"),
    ("case", "case abc in a*) echo a;; *) echo other;; esac", "a\n"),
    ("case alternatives", "case b in a|b) echo ab;; *) echo other;; esac", "ab\n"),
    ("case default", "case z in a) echo a;; *) echo other;; esac", "other\n"),
    ("case without match", "case z in a) echo a;; esac; echo $?", "0\n"),
    ("function", "f() { echo hi $1; }; f you", "hi you\n"),
    ("function with return", "f() { return 3; }; f; echo $?", "3\n"),
    ("function keeps parameters apart", "set -- a; f() { echo $1; }; f b; echo $1", "b\na\n"),
    ("local", "x=1; f() { local x=2; echo $x; }; f; echo $x", "2\n1\n"),
    ("recursion", "f() { [ $1 -le 1 ] && echo 1 || echo $(($1 * $(f $(($1 - 1))))); }; f 5", "120\n"),
    ("function keyword", "function f { echo hi; }; f", "hi\n", "bash"),
    ("eval", "x='echo $y'; y=5; eval $x", "5\n"),
    ("source", "echo 'z=7' > s; . ./s; echo $z", "7\n"),
    ("command -v", "command -v ls; command -v nosuch; echo $?", "/usr/bin/ls\n1\n"),
    ("set -e stops", "set -e; false; echo no", "", 1),
    ("set -e allows conditions", "set -e; if false; then :; fi; false || true; echo yes", "yes\n"),
    ("exit code", "exit 7", "", 7),
    ("exit in a subshell", "(exit 3); echo $?", "3\n"),
    ("pipefail", "set -o pipefail; false | true; echo $?", "1\n", "bash"),
    ("trap at exit", "sh -c 'trap \"echo bye\" EXIT; echo hi'", "hi\nbye\n"),
    ("background and wait", "(sleep 2; echo late) & echo early; wait; echo end", "early\nlate\nend\n"),
    (
        "background jobs interleave",
        "(sleep 1; echo 1) & (sleep 3; echo 3) & sleep 2; echo 2; wait",
        "1\n2\n3\n",
    ),
]

TESTS = [
    ("string equal", "[ a = a ] && echo y", "y\n"),
    ("string unequal", "[ a != b ] && echo y", "y\n"),
    ("empty", '[ -z "" ] && echo y', "y\n"),
    ("not empty", "[ -n x ] && echo y", "y\n"),
    ("bare word", '[ x ] && [ ! "" ] && echo y', "y\n"),
    ("numbers", "[ 1 -lt 2 ] && [ 2 -ge 2 ] && [ 3 -ne 4 ] && echo y", "y\n"),
    ("and inside", "[ 1 = 1 -a 2 = 2 ] && echo y", "y\n"),
    ("or inside", "[ 1 = 2 -o 2 = 2 ] && echo y", "y\n"),
    ("file", "touch f; [ -f f ] && [ -e f ] && [ ! -d f ] && echo y", "y\n"),
    ("directory", "mkdir d; [ -d d ] && echo y", "y\n"),
    ("size", "touch a; echo x > b; [ ! -s a ] && [ -s b ] && echo y", "y\n"),
    ("double bracket pattern", "[[ web-0 == web-* ]] && echo y", "y\n", "bash"),
    ("double bracket regex", "[[ web-12 =~ -([0-9]+)$ ]] && echo ${BASH_REMATCH[1]}", "12\n", "bash"),
    ("double bracket and", "[[ -z '' && a != b ]] && echo y", "y\n", "bash"),
    ("double bracket stops early", "[[ -f no && $(echo x >&2) ]]; echo $?", "1\n", "bash"),
    ("double bracket negation", "[[ ! -f no ]] && echo y", "y\n", "bash"),
    ("test command", "test 1 -eq 1 && echo y", "y\n"),
]

REDIRECTS = [
    ("write", "echo a > f; cat f", "a\n"),
    ("append", "echo a > f; echo b >> f; cat f", "a\nb\n"),
    ("overwrite", "echo a > f; echo b > f; cat f", "b\n"),
    ("read", "echo data > f; cat < f", "data\n"),
    ("errors away", "ls nosuch 2>/dev/null; echo $?", "1\n"),
    ("errors to output", "ls nosuch 2>&1", "ls: nosuch: No such file or directory\n"),
    ("both to a file", "(echo a; ls no) > f 2>&1; wc -l < f", "2\n"),
    ("both in short", "ls no &> f; cat f", "ls: no: No such file or directory\n", "bash"),
    ("output to errors", "echo x >&2", ""),
    ("here document", "cat <<EOF\na $((1+1))\nEOF", "a 2\n"),
    ("quoted here document", "cat <<'EOF'\na $x\nEOF", "a $x\n"),
    ("here document with tabs", "cat <<-EOF\n\ta\n\tEOF", "a\n"),
    ("here string", "cat <<< hi", "hi\n", "bash"),
    ("loop into a file", "for i in 1 2; do echo $i; done > f; cat f", "1\n2\n"),
    ("loop from a file", "printf 'a\nb\n' > f; while read l; do echo [$l]; done < f", "[a]\n[b]\n"),
    ("loop from a pipe", "printf 'a\nb\n' | while read l; do echo [$l]; done", "[a]\n[b]\n"),
    ("pipe", "echo b a | tr ' ' '\n' | sort", "a\nb\n"),
    ("pipe that stops early", "yes | head -n 2", "y\ny\n"),
    ("tee", "echo x | tee f; cat f", "x\nx\n"),
]

SUITES = {
    "words": WORDS,
    "variables": VARIABLES,
    "substitution": SUBSTITUTION,
    "control": CONTROL,
    "tests": TESTS,
    "redirects": REDIRECTS,
}
CASES = [(f"{suite}: {name}", *rest) for suite, cases in SUITES.items() for name, *rest in cases]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_script(run, case):
    _, script, expected, *rest = case
    shell = "bash" if "bash" in rest else "sh"
    code = next((one for one in rest if isinstance(one, int)), None)
    ran = run(script, shell)
    assert ran.stdout == expected, ran.stderr
    if code is not None:
        assert ran.code == code


FAULTS = [
    ("unknown command", "nosuch", "sh: nosuch: not found\n", 127),
    ("unclosed if", "if true; then", "sh: syntax error: unexpected end of file\n", 2),
    ("stray done", "done", "sh: syntax error near unexpected token `done'\n", 2),
    ("unclosed quote", "echo 'a", "sh: syntax error: unterminated quoted string\n", 2),
    ("missing directory", "cd /nosuch", "sh: cd: can't cd to /nosuch: No such file or directory\n", 2),
    ("missing input", "cat < nosuch", "sh: can't open nosuch: no such file\n", 1),
    ("output into nowhere", "echo x > /no/such", "sh: can't create /no/such: No such file or directory\n", 1),
    ("unset with -u", "set -u; echo $nothing", "sh: nothing: parameter not set\n", 1),
    ("required parameter", "echo ${x:?is needed}", "sh: x: is needed\n", 2),
    ("division by zero", "echo $((1 / 0))", "sh: divide by zero\n", 1),
    ("not a number", "[ a -eq 1 ]", "sh: [: a: integer expression expected\n", 2),
    ("trace", "set -x; x=1; echo 'a b' $x", "+ x=1\n+ echo 'a b' 1\n", 0),
]


@pytest.mark.parametrize(
    "script, stderr, code", [case[1:] for case in FAULTS], ids=[one[0] for one in FAULTS]
)
def test_what_goes_wrong(run, script, stderr, code):
    ran = run(script)
    assert (ran.stderr, ran.code) == (stderr, code)


TRACES = [
    ("match", "h=db-1; [[ $h =~ -([0-9]+)$ ]]", ["h=db-1", "[[ db-1 =~ -([0-9]+)$ ]]"]),
    ("file, and what need not be known", "[[ -f /x && -d / ]]", ["[[ -f /x ]]"]),
    ("negation", "[[ ! -f /x ]]", ["[[ ! -f /x ]]"]),
    ("quoted pattern", 'h=db; [[ $h == "d*" ]]', ["h=db", "[[ db == \\d\\* ]]"]),
    ("pattern", "[[ db != d* ]]", ["[[ db != d* ]]"]),
    ("nothing", '[[ -z $q ]]; [[ $q ]]; [[ a == "" ]]', ["[[ -z '' ]]", "[[ -n '' ]]", "[[ a == '' ]]"]),
    ("numbers", "[[ 1 -eq 1 ]]; (( 1 + 1 ))", ["[[ 1 -eq 1 ]]", "((  1 + 1  ))"]),
    ("substitutions", "x=$(echo $(echo hi))", ["++ echo hi", "+ echo hi", "x=hi"]),
    (
        "done once",
        'n=0; [[ x == $(echo x; echo "$n" >&2) ]]',
        ["n=0", "+ echo x", "+ echo 0", "0", "[[ x == x ]]"],
    ),
]


@pytest.mark.parametrize("script, lines", [case[1:] for case in TRACES], ids=[one[0] for one in TRACES])
def test_what_bash_shows_of_what_it_does(run, script, lines):
    shown = run(f"set -x; {script}", "bash").stderr.splitlines()
    assert [line.removeprefix("+").removeprefix(" ") for line in shown] == lines


ITEMS = "items=(foo bar 'two words'); "
ARRAYS = [
    (
        "an element",
        ITEMS + "i=1; echo ${items[$i]} ${items[i+1]} $items ${items[-1]}",
        "bar two words foo two words",
    ),
    ("counts", ITEMS + "echo ${#items[@]} ${#items} ${#items[1]} ${#nothing[@]}", "3 3 3 0"),
    ("each by itself", ITEMS + 'printf "<%s>" "${items[@]}"', "<foo><bar><two words>"),
    ("all as one word", ITEMS + 'printf "<%s>" "${items[*]}"', "<foo bar two words>"),
    ("split anew", ITEMS + 'printf "<%s>" ${items[@]}', "<foo><bar><two><words>"),
    ("more", ITEMS + 'items+=(new); items[7]=far; echo "${!items[@]}" "${items[7]}"', "0 1 2 3 7 far"),
    ("one set", ITEMS + "items[1]=BAR; items[0]+=t; echo ${items[@]}", "foot BAR two words"),
    ("a slice", ITEMS + 'echo "${items[@]:1:1}" "${items[@]: -2:1}"', "bar bar"),
    ("each edited", ITEMS + 'echo "${items[@]/o/0}" "${items[@]%o}"', "f0o bar tw0 words fo bar two words"),
    ("one unset", ITEMS + "unset 'items[1]'; echo ${#items[@]} ${items[2]}", "2 two words"),
    ("all unset", ITEMS + "unset items; echo ${#items[@]}", "0"),
    ("nothing", 'e=(); for x in "${e[@]}"; do echo never; done; echo "${#e[@]}" "${e[@]:-none}"', "0 none"),
    (
        "words as indexes",
        "declare -A m=([a]=1); m[c]=2; k=c; echo ${m[$k]} ${#m[@]} ${!m[@]}",
        "2 2 a c",
    ),
    ("indexes given", "a=([2]=x y [0]=z); echo ${a[@]} ${!a[@]}", "z x y 0 2 3"),
    ("from a command", "a=($(echo p q r)); echo ${a[2]}", "r"),
    ("over lines", "a=( # some\n one\n two )\necho ${a[1]}", "two"),
    ("reckoned with", "a=(1 2 3); i=1; (( a[i] += 5 )); echo $(( a[0] + a[i] )) ${a[1]}", "8 7"),
    ("read", "IFS=, read -ra a <<< 'x,y z,w'; echo ${a[1]} ${#a[@]}", "y z 3"),
    ("lines", "mapfile -t a <<< $'a b\\nc'; echo ${#a[@]} ${a[0]}", "2 a b"),
    ("a plain variable", "x=1; echo ${x[0]} ${#x[@]}; x[1]=2; echo ${x[@]}", "1 1\n1 2"),
    ("local ones", "f() { local -a l=(x y); echo ${l[1]}; }; f", "y"),
    ("as arguments", ITEMS + 'set -- "${items[@]}"; echo $# "$3"', "3 two words"),
    ("no arguments", 'for x in "$@"; do echo never; done; echo $#', "0"),
    ("nested", "a=(1 2); b=(x y z); echo ${b[${a[1]}]}", "z"),
    (
        "the index of a Job",
        ITEMS + "JOB_COMPLETION_INDEX=1; echo ${items[$JOB_COMPLETION_INDEX]}",
        "bar",
    ),
]


@pytest.mark.parametrize("script, stdout", [case[1:] for case in ARRAYS], ids=[one[0] for one in ARRAYS])
def test_arrays_of_bash(run, script, stdout):
    ran = run(script, "bash")
    assert (ran.stdout.rstrip("\n"), ran.stderr) == (stdout, "")


def test_only_bash_has_arrays(run):
    ran = run("a=(1 2); echo ${a[1]}", "sh")
    assert (ran.stdout, ran.stderr, ran.code) == ("", 'sh: syntax error: unexpected "("\n', 2)


def test_bash_shows_an_array(run):
    assert run("set -x; a=(1 '2 3'); a[0]=4", "bash").stderr == "+ a=(1 '2 3')\n+ a[0]=4\n"


def test_arguments_and_input(run):
    ran = run('read line; echo "$0 $1 $2 $line"', "sh", "from stdin\n", "one", "two words")
    assert ran.stdout == "sh one two words from stdin\n"


def test_a_script_file(nodes, run):
    run("printf '#!/bin/sh\\necho $0 $1 $#\\n' > s.sh; chmod +x s.sh")
    assert nodes.exec("box", "sh", "-c", "cd /work; ./s.sh a b").stdout == "./s.sh a 2\n"
    assert nodes.exec("box", "sh", "/work/s.sh", "x").stdout == "/work/s.sh x 1\n"


def test_sleep_lets_time_pass(nodes):
    before = nodes.world.now_us
    ran = nodes.exec("box", "sh", "-c", "date +%s; sleep 90; date +%s")
    first, last = (int(line) for line in ran.stdout.split())
    assert last - first == 90
    assert nodes.world.now_us - before == 90_000_000


def test_a_command_that_is_not_there(nodes):
    ran = nodes.exec("box", "nosuch")
    assert ran.code == 127
    assert 'exec: "nosuch": executable file not found in $PATH: unknown' in ran.stderr
