"""A small POSIX shell that runs inside simulated containers.

The interpreter is a generator of requests like every program. Loops at the
top level of a script tell a checkpoint at each round, so that a process that
ran for hours is rebuilt from its last round and not from its start.

Models POSIX.1-2017, Shell & Utilities, 2; with the parts of bash that
manifests use.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from k8slab.clock import SECOND_US
from k8slab.containers import shell_arrays
from k8slab.containers import shell_syntax as syntax
from k8slab.containers.files import normal
from k8slab.containers.images import resolve
from k8slab.containers.patterns import glob, glob_source, has_wildcards
from k8slab.containers.program import Context, Executable, any_executable, executable_of, path_of
from k8slab.containers.requests import (
    Checkpoint,
    KindOf,
    Names,
    Now,
    Pass,
    Prompt,
    Read,
    Serve,
    Sleep,
    Write,
)
from k8slab.containers.shell_arithmetic import ArithmeticsError, evaluate
from k8slab.containers.shell_words import (
    Splitter,
    braces,
    escaped,
    is_operator,
    python_expression,
    quoted_word,
    trimmed,
)
from k8slab.containers.streams import (
    Buffer,
    ConsoleInput,
    FileInput,
    FileSink,
    Input,
    Interrupted,
    LogSink,
    Nowhere,
    PipeError,
    PipeInput,
    PipeSink,
    Steps,
)
from k8slab.containers.userlands import userland_of

INPUT = "INPUT"
"""What wakes a process that waits for something to be typed."""
FOREVER_US = 100 * 365 * 86_400 * SECOND_US
PROGRAMS = ("echo", "printf", "test", "[", "true", "false", "kill", "pwd", "sleep")
"""Builtins that are programs in /bin as well."""
SHELLS = ("sh", "bash", "ash", "dash")


class Streams(NamedTuple):
    """Where a command reads and writes."""

    stdin: Any
    out: Any
    err: Any


class ShellExitError(Exception):
    """`exit`: the shell ends with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ReturnError(Exception):
    """`return`: the function ends with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LoopError(Exception):
    """`break` or `continue` (`again`), of so many loops."""

    def __init__(self, rounds: int, again: bool) -> None:
        super().__init__(rounds)
        self.rounds, self.again = rounds, again


class CommandError(Exception):
    """A command that cannot be run; the text goes to standard error."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class ServerEnded(NamedTuple):
    """What a job is told whose server was ended by a signal."""

    code: int


class AwaitJobs(NamedTuple):
    """What a job yields to wait until the others have ended."""


_NOTHING = "''"
"""How an empty word is shown."""


class Shell:
    """The state of one shell: variables, functions, options, directory."""

    def __init__(self, context: Context, *, name: str = "sh") -> None:
        self.context = context
        self.name = name
        self.variables: dict[str, str] = dict(context.env)
        self.exported: dict[str, None] = dict.fromkeys(context.env)
        self.functions: dict[str, Any] = {}
        self.parameters: list[str] = []
        self.status = 0
        self.options: dict[str, bool] = {}
        self.cwd = context.cwd or "/"
        self.traps: dict[str, str] = {}
        self.locals: list[dict[str, str | None]] = []
        self.jobs: list[Steps] = []
        self.job_number = 1
        self.main = False
        self.is_interactive = False
        self.is_script = False
        self.depth = 0
        self.replaced = False
        """What runs next takes this shell's place (`exec`)."""
        self.nesting = 0
        """In how many command substitutions it runs."""
        self.variables.setdefault("PWD", self.cwd)
        self.variables.setdefault("IFS", " \t\n")

    def fork(self) -> Shell:
        """A copy, as a subshell is."""
        twin = Shell.__new__(Shell)
        twin.__dict__.update(self.__dict__)
        twin.variables = dict(self.variables)
        twin.exported = dict(self.exported)
        twin.functions = dict(self.functions)
        twin.parameters = list(self.parameters)
        twin.options = dict(self.options)
        twin.traps = {}
        twin.locals = [dict(one) for one in self.locals]
        twin.main = False
        return twin

    def child(self) -> Shell:
        """Another shell that this one starts: it gets the exported variables and the directory, no more."""
        twin = Shell(self.context._replace(env=self.environment(), cwd=self.cwd), name=self.name)
        twin.jobs = self.jobs
        return twin

    @property
    def is_bash(self) -> bool:
        """Whether it is called bash, which words its messages in its own way."""
        return self.name.rpartition("/")[2] == "bash"

    @property
    def is_dash(self) -> bool:
        """Whether it is Debian's dash, as which `sh` is there, too: its `echo` heeds escapes."""
        name = self.name.rpartition("/")[2]
        return name == "dash" or (name == "sh" and userland_of(self.context.image).sh == "dash")

    @property
    def is_busybox(self) -> bool:
        """Whether the image's tools are BusyBox's, which word some messages in their own way."""
        return resolve(self.context.image).short in ("busybox", "alpine")

    def path(self, path: str) -> str:
        """A path as an absolute one."""
        return normal(path if path.startswith("/") else f"{self.cwd}/{path}")

    # Variables.

    def get(self, name: str) -> str | None:
        """The value of a variable or special parameter; None where it is unset."""
        if name in self.variables:
            return self.variables[name]
        if name.isdigit():
            number = int(name)
            if number == 0:
                return self.name
            return self.parameters[number - 1] if number <= len(self.parameters) else None
        special: Any = {
            "?": lambda: str(self.status),
            "#": lambda: str(len(self.parameters)),
            "$": lambda: "1" if self.main else "7",
            "!": lambda: str(self.job_number),
            "-": lambda: "".join(sorted(name for name, on in self.options.items() if on and len(name) == 1)),
            "*": lambda: " ".join(self.parameters),
            "@": lambda: " ".join(self.parameters),
        }.get(name)
        return str(special()) if special is not None else None

    def set(self, name: str, value: str) -> None:
        """Set a variable, or an element of an array that is named with its index."""
        base, bracket, index = name.partition("[")
        if bracket:
            shell_arrays.put(self.variables, base, index[:-1], value)
            return
        self.variables[name] = value
        if f"{name}[0]" in self.variables:
            self.variables[f"{name}[0]"] = value

    def element(self, name: str, index: Any, io: Streams) -> Steps:
        """The variable that holds an element of an array."""
        text = yield from self.text(index, io)
        if shell_arrays.is_associative(self.variables, name):
            return f"{name}[{text}]"
        key = shell_arrays.resolved(self.variables, name, self.calculate(text))
        # What is no array has one element.
        return name if key == "0" and f"{name}[0]" not in self.variables else f"{name}[{key}]"

    def environment(self) -> dict[str, str]:
        """The variables that commands see."""
        return {name: self.variables[name] for name in self.exported if name in self.variables}

    # Running a tree.

    def run(self, node: Any, io: Streams, checked: bool = True) -> Steps:
        """Run a tree. Its exit code. With `checked`, `set -e` applies."""
        handler = _RUNNERS[type(node)]
        code = yield from handler(self, node, io, checked)
        self.status = code
        return code

    def _sequence(self, node: syntax.Sequence, io: Streams, checked: bool) -> Steps:
        code = 0
        for item, background in node.items:
            if background:
                self._start_job(item, io)
                code = self.status = 0
            else:
                code = yield from self.run(item, io, checked)
        return code

    def _start_job(self, node: Any, io: Streams) -> None:
        """Run something in the background; it goes on whenever the main job sleeps."""
        self.job_number += 1
        self.jobs.append(_guarded(self.fork(), node, io._replace(stdin=Input())))

    def _and_or(self, node: syntax.AndOr, io: Streams, checked: bool) -> Steps:
        code = 0
        last = len(node.parts) - 1
        for number, (operator, part) in enumerate(node.parts):
            if (operator == "&&" and code) or (operator == "||" and not code):
                continue
            code = yield from self.run(part, io, checked and number == last)
        return code

    def _pipeline(self, node: syntax.Pipeline, io: Streams, checked: bool) -> Steps:
        source = io.stdin
        pipes: list[PipeInput] = []
        for part in node.commands[:-1]:
            sink = PipeSink()
            producer = _guarded(self.fork(), part, Streams(source, sink, io.err))
            source = PipeInput(producer, sink)
            pipes.append(source)
        last = node.commands[-1]
        if pipes:
            code = yield from _guarded(self.fork(), last, Streams(source, io.out, io.err))
        else:
            code = yield from self.run(last, io, False)
        for pipe in reversed(pipes):
            yield from pipe.close()
        if self.options.get("pipefail"):
            code = next((one for one in (code, *[pipe.code for pipe in reversed(pipes)]) if one), 0)
        if node.negate:
            return int(not code)
        return self._checked(code, checked)

    def _checked(self, code: int, checked: bool) -> int:
        if code and checked and self.options.get("e"):
            raise ShellExitError(code)
        return code

    def _if(self, node: syntax.If, io: Streams, checked: bool) -> Steps:
        for condition, body in node.branches:
            if not (yield from self.run(condition, io, False)):
                return (yield from self.run(body, io, checked))
        if node.otherwise is not None:
            return (yield from self.run(node.otherwise, io, checked))
        return 0

    def _loop(self, node: syntax.Loop, io: Streams, checked: bool) -> Steps:
        code = 0
        while True:
            yield Pass()
            condition = yield from self.run(node.condition, io, False)
            if bool(condition) != node.until:
                return code
            code, stop = yield from self._round(node.body, io, checked)
            if stop:
                return code

    def _round(self, body: Any, io: Streams, checked: bool) -> Steps:
        """One round of a loop: its code, and whether the loop ends."""
        try:
            return (yield from self.run(body, io, checked)), False
        except LoopError as jump:
            if jump.rounds > 1:
                raise LoopError(jump.rounds - 1, jump.again) from None
            return 0, not jump.again

    def _for(self, node: syntax.For, io: Streams, checked: bool) -> Steps:
        if node.words is None:
            values = list(self.parameters)
        else:
            values = yield from self.fields(node.words, io)
        code = 0
        for value in values:
            self.set(node.name, value)
            code, stop = yield from self._round(node.body, io, checked)
            if stop:
                break
        return code

    def _for_arithmetic(self, node: syntax.ForArithmetic, io: Streams, checked: bool) -> Steps:
        code = 0
        self.calculate(node.start)
        while not node.condition.strip() or self.calculate(node.condition):
            yield Pass()
            code, stop = yield from self._round(node.body, io, checked)
            if stop:
                break
            self.calculate(node.step)
        return code

    def _case(self, node: syntax.Case, io: Streams, checked: bool) -> Steps:
        subject = yield from self.text(node.word, io)
        for patterns, body in node.clauses:
            for word in patterns:
                pattern = yield from self.pattern(word, io)
                if glob(pattern).match(subject):
                    return (yield from self.run(body, io, checked))
        return 0

    def _group(self, node: syntax.Group, io: Streams, checked: bool) -> Steps:
        try:
            inner = yield from self.redirected(node.redirects, io)
        except CommandError as fault:
            yield from io.err.write(f"{self.name}: {fault}\n")
            return self._checked(fault.code, checked)
        if not node.subshell:
            return (yield from self.run(node.body, inner, checked))
        code = yield from _guarded(self.fork(), node.body, inner)
        return self._checked(code, checked)

    def _function(self, node: syntax.Function, io: Streams, checked: bool) -> Steps:
        self.functions[node.name] = node.body
        return 0
        yield

    def _calculation(self, node: syntax.Calculation, io: Streams, checked: bool) -> Steps:
        text = yield from self.text(node.text, io)
        yield from self._trace(f"(( {text} ))", io)
        try:
            code = int(not self.calculate(text))
        except CommandError as fault:
            yield from io.err.write(f"{self.name}: {fault}\n")
            code = 1
        return self._checked(code, checked)

    def _number_of(self, name: str) -> str:
        return self.get(self._named(name)) or ""

    def _named(self, name: str) -> str:
        """A variable in an expression; the index of an element is one itself, unless it may be a word."""
        base, bracket, index = name.partition("[")
        if not bracket or shell_arrays.is_associative(self.variables, base):
            return name
        key = shell_arrays.resolved(self.variables, base, self.calculate(index[:-1]))
        return base if key == "0" and f"{base}[0]" not in self.variables else f"{base}[{key}]"

    def calculate(self, text: str) -> int:
        """The value of an arithmetic expression. CommandError where it has none."""
        try:
            return evaluate(text, self._number_of, lambda name, value: self.set(self._named(name), value))
        except ArithmeticsError as fault:
            raise CommandError(str(fault)) from None

    # [[ … ]]

    def _test(self, node: syntax.Test, io: Streams, checked: bool) -> Steps:
        items = list(node.items)
        value = yield from self._or(items, io, True)
        return self._checked(int(not value), checked)

    def _or(self, items: list[Any], io: Streams, live: bool) -> Steps:
        """A disjunction; what need not be known (`live` is false) is only read over."""
        value = yield from self._and(items, io, live)
        while items and items[0] == "||":
            items.pop(0)
            other = yield from self._and(items, io, live and not value)
            value = value or other
        return value

    def _and(self, items: list[Any], io: Streams, live: bool) -> Steps:
        value = yield from self._not(items, io, live)
        while items and items[0] == "&&":
            items.pop(0)
            other = yield from self._not(items, io, live and value)
            value = value and other
        return value

    def _not(self, items: list[Any], io: Streams, live: bool, mark: str = "") -> Steps:
        first = items.pop(0) if items else ()
        if first == "!":
            return not (yield from self._not(items, io, live, "" if mark else "! "))
        if first == "(":
            value = yield from self._or(items, io, live)
            if items:
                items.pop(0)
            return value
        text = (yield from self.text(first, io)) if live or is_operator(first) else ""
        if is_operator(first) and items and items[0] not in ("&&", "||", ")"):
            operand = items.pop(0)
            return live and (
                yield from self._unary_shown(mark, text, (yield from self.text(operand, io)), io)
            )
        if not items or items[0] in ("&&", "||", ")"):
            return live and (yield from self._unary_shown(mark, "-n", text, io))
        operator = items.pop(0)
        if not isinstance(operator, str):
            operator = yield from self.text(operator, io)
        right = items.pop(0) if items else ()
        return live and (yield from self._compare(mark, text, operator, right, io))

    def _unary_shown(self, mark: str, operator: str, text: str, io: Streams) -> Steps:
        """An operator with one operand, shown where commands are."""
        yield from self._trace(f"[[ {mark}{operator} {text or _NOTHING} ]]", io)
        return (yield from self.unary(operator, text))

    def _compare(self, mark: str, left: str, operator: str, word: Any, io: Streams) -> Steps:
        shown = f"[[ {mark}{left or _NOTHING} {operator}"
        if operator in ("==", "=", "!="):
            # Quoted letters of a pattern mean themselves, and are shown with a mark.
            pattern, marked = "", ""
            for part in word:
                text = part.text if isinstance(part, syntax.Literal) else (yield from self._value(part, io))
                pattern += escaped(text) if part.quoted else text
                marked += "".join([f"\\{letter}" for letter in text]) if part.quoted else text
            yield from self._trace(f"{shown} {marked or _NOTHING} ]]", io)
            return bool(glob(pattern).match(left)) == (operator != "!=")
        right = yield from self.text(word, io)
        yield from self._trace(f"{shown} {right or _NOTHING} ]]", io)
        if operator == "=~":
            found = re.search(python_expression(right), left)
            if found is not None:
                self.set("BASH_REMATCH", found[0])
                for number, group in enumerate((found[0], *found.groups())):
                    self.set(f"BASH_REMATCH[{number}]", group or "")
            return found is not None
        return self.binary(left, operator, right)

    def unary(self, operator: str, text: str) -> Steps:
        """`test`'s operators with one operand."""
        if operator in ("-z", "-n"):
            return bool(text) == (operator == "-n")
        if operator == "-v":
            return self.get(text) is not None
        if operator == "-t":
            return False
        kind = yield KindOf(self.path(text))
        if operator == "-d":
            return kind == "dir"
        if operator == "-f":
            return kind == "file"
        if operator == "-s":
            if kind != "file":
                return kind == "dir"
            return bool((yield Read(self.path(text))))
        if operator in ("-L", "-h", "-p", "-S", "-b", "-c"):
            return False
        return bool(kind)

    def binary(self, left: str, operator: str, right: str) -> bool:
        """`test`'s operators with two operands."""
        if operator in ("=", "=="):
            return left == right
        if operator == "!=":
            return left != right
        if operator in ("<", ">"):
            return left < right if operator == "<" else left > right
        try:
            a, b = int(left.strip() or "0"), int(right.strip() or "0")
        except ValueError:
            wrong = left if not re.fullmatch(r"\s*-?\d+\s*", left) else right
            raise CommandError(f"{wrong}: integer expression expected", 2) from None
        table = {
            "-eq": a == b,
            "-ne": a != b,
            "-lt": a < b,
            "-le": a <= b,
            "-gt": a > b,
            "-ge": a >= b,
        }
        if operator not in table:
            raise CommandError(f"{operator}: unknown operand", 2)
        return table[operator]

    # Simple commands.

    def _simple(self, node: syntax.Simple, io: Streams, checked: bool) -> Steps:
        try:
            words = yield from self.fields(node.words, io)
            code = yield from self._command(node, words, io)
        except CommandError as fault:
            yield from io.err.write(f"{self.name}: {fault}\n")
            code = fault.code
        self.status = code
        return self._checked(code, checked)

    def _trace(self, text: str, io: Streams) -> Steps:
        """Show a command before it runs, as `set -x` asks; bash marks how deep in substitutions it stands."""
        if self.options.get("x"):
            yield from io.err.write(f"{'+' * (1 + self.nesting if self.is_bash else 1)} {text}\n")

    def _assign_elements(self, one: syntax.Assignment, words: list[str], io: Streams) -> Steps:
        """Set an array, or an element of one. How `set -x` shows it."""
        if not self.is_bash:
            # Only bash has arrays. Another shell says so before it runs anything of the script.
            yield from io.err.write(f'{self.name}: syntax error: unexpected "("\n')
            raise ShellExitError(2)
        if not one.is_array:
            value = yield from self.text(one.word, io)
            name = yield from self.element(one.name, one.index, io)
            self.set(name, (self.get(name) or "") + value if one.append else value)
            return f"{name}={value}"
        if words and any(word.startswith("-") and "A" in word for word in words):
            shell_arrays.declare_associative(self.variables, one.name)
        values: list[tuple[str | None, str]] = []
        for index, word in one.word:
            if index is None:
                values.extend([(None, value) for value in (yield from self.fields((word,), io))])
                continue
            key = yield from self.text(index, io)
            if not shell_arrays.is_associative(self.variables, one.name):
                key = str(self.calculate(key))
            values.append((key, (yield from self.text(word, io))))
        shell_arrays.put_all(self.variables, one.name, values, one.append)
        inside = " ".join([quoted_word(value) for _, value in values])
        return f"{one.name}{'+' if one.append else ''}=({inside})"

    def _command(self, node: syntax.Simple, words: list[str], io: Streams) -> Steps:
        code = 0 if not words else self.status
        assigned: dict[str, str] = {}
        self.depth_status = 0
        shown: list[str] = []
        for one in node.assigns:
            if one.is_array or one.index is not None:
                shown.append((yield from self._assign_elements(one, words, io)))
                continue
            value = yield from self.text(one.word, io)
            assigned[one.name] = (self.get(one.name) or "") + value if one.append else value
            code = self.depth_status
        inner = yield from self.redirected(node.redirects, io)
        if self.options.get("x"):
            trace = [f"{name}={value}" for name, value in assigned.items()]
            trace += [*shown, *[quoted_word(word) for word in words]]
            if trace:
                yield from self._trace(" ".join(trace), io)
        if not words:
            for name, value in assigned.items():
                self.set(name, value)
            return code
        if words[0] == "exec" and len(words) == 1:
            return 0
        saved = {name: self.variables.get(name) for name in assigned}
        known = {name: name in self.exported for name in assigned}
        self.variables.update(assigned)
        self.exported.update(dict.fromkeys(assigned))
        try:
            return (yield from self.invoke(words, inner))
        finally:
            for name, value in saved.items():
                if value is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = value
                if not known[name]:
                    self.exported.pop(name, None)

    def invoke(self, argv: list[str], io: Streams) -> Steps:
        """Run a command: a function, a builtin, an executable of the image, or a tool. Its exit code."""
        from k8slab.containers.builtins import BUILTINS
        from k8slab.containers.tools import TOOLS

        name = argv[0]
        if name in self.functions:
            return (yield from self._call(name, argv, io))
        base = name.rpartition("/")[2]
        builtin = BUILTINS.get(base if base in PROGRAMS else name)
        if builtin is not None:
            return (yield from builtin(self, argv, io))
        executable = executable_of(self.context.image, argv)
        if executable is not None and (yield from self._is_installed(name, base)):
            return (yield from self._execute(executable, base, argv, io))
        if base in SHELLS:
            return (yield from run_shell(self.child(), argv, io))
        tool = TOOLS.get(base)
        if tool is not None:
            return (yield from tool(self, argv, io))
        if "/" in name:
            return (yield from self._script(name, argv, io))
        other = any_executable(base) if executable is None else None
        if other is not None and other.run is not None:
            return (yield from self._execute(other, base, argv, io))
        raise CommandError(f"{name}: not found" if not self.is_bash else f"{name}: command not found", 127)

    def _is_installed(self, name: str, base: str) -> Steps:
        """Whether the file of an executable is still there; of one at another path nobody knows."""
        path = path_of(self.context.image, base)
        if name not in (base, path):
            return True
        return bool((yield KindOf(path)))

    def _script(self, name: str, argv: list[str], io: Streams) -> Steps:
        text = yield Read(self.path(name))
        if text is None:
            raise CommandError(
                f"{name}: not found" if not self.is_bash else f"{name}: No such file or directory", 127
            )
        twin = self.child()
        twin.parameters = argv[1:]
        twin.name = name
        return (yield from _guarded_text(twin, text, io))

    def _execute(self, executable: Executable, name: str, argv: list[str], io: Streams) -> Steps:
        if executable.run is not None:
            return (yield from executable.run(Invocation(self, io, self.context), argv))
        server = executable.server
        assert server is not None, "an executable runs or serves"
        context = self.context._replace(argv=tuple(argv), env=self.environment(), cwd=self.cwd)
        now_us = yield Now()
        context = context._replace(started_us=now_us)
        if server.check is not None:
            refusal = yield from server.check(context)
            if refusal is not None:
                yield from io.err.write(refusal[1].rstrip("\n") + "\n")
                return refusal[0]
        for line in server.start_lines(context):
            yield from io.out.write(line + "\n")
        yield Serve(name, server.ports(context), tuple(argv), self.main and self.replaced)
        while True:
            woken = yield Sleep(FOREVER_US)
            if isinstance(woken, ServerEnded):
                return woken.code

    def _call(self, name: str, argv: list[str], io: Streams) -> Steps:
        saved, self.parameters = self.parameters, argv[1:]
        self.locals.append({})
        self.depth += 1
        if self.depth > 200:
            raise CommandError("maximum function nesting level exceeded")
        try:
            return (yield from self.run(self.functions[name], io))
        except ReturnError as done:
            return done.code
        finally:
            self.depth -= 1
            self.parameters = saved
            for variable, value in self.locals.pop().items():
                if value is None:
                    self.variables.pop(variable, None)
                else:
                    self.variables[variable] = value

    # Redirections.

    def redirected(self, redirects: tuple[syntax.Redirect, ...], io: Streams) -> Steps:
        """The streams after the redirections, left to right. CommandError where a file can't be opened."""
        for redirect in redirects:
            io = yield from self._redirect(redirect, io)
        return io

    def _redirect(self, redirect: syntax.Redirect, io: Streams) -> Steps:
        operator = redirect.operator
        if operator == "<<":
            text = yield from self.text(redirect.target[0], io)
            return io._replace(stdin=Input(text))
        target = yield from self.text(redirect.target, io)
        if operator == "<<<":
            return io._replace(stdin=Input(target + "\n"))
        if operator in (">&", "<&"):
            if target.isdigit() or target == "-":
                sink = {"1": io.out, "2": io.err, "-": Nowhere()}.get(target, io.out)
                return io._replace(err=sink) if redirect.number == 2 else io._replace(out=sink)
            operator = "&>"
        if operator in ("<", "<>"):
            path = self.path(target)
            if path == "/dev/null":
                return io._replace(stdin=Input())
            if path in ("/dev/stdin", "/proc/self/fd/0"):
                return io
            if (yield KindOf(path)) != "file":
                raise CommandError(
                    f"can't open {target}: no such file"
                    if not self.is_bash
                    else f"{target}: No such file or directory"
                )
            return io._replace(stdin=FileInput(path))
        sink = yield from self._open(target, operator in (">>", "&>>"), io)
        if operator.startswith("&"):
            return io._replace(out=sink, err=sink)
        return io._replace(err=sink) if redirect.number == 2 else io._replace(out=sink)

    def _open(self, target: str, append: bool, io: Streams) -> Steps:
        path = self.path(target)
        if path == "/dev/null":
            return Nowhere()
        if path in ("/dev/stdout", "/proc/self/fd/1", "/proc/1/fd/1"):
            return LogSink("stdout") if path == "/proc/1/fd/1" else io.out
        if path in ("/dev/stderr", "/proc/self/fd/2", "/proc/1/fd/2"):
            return LogSink("stderr") if path == "/proc/1/fd/2" else io.err
        fault = yield Write(path, "", append=append)
        if fault:
            raise CommandError(
                f"can't create {target}: {fault}" if not self.is_bash else f"{target}: {fault}"
            )
        return FileSink(path)

    # Expansion.

    def text(self, word: tuple[Any, ...], io: Streams) -> Steps:
        """A word as one text, neither split nor globbed."""
        parts: list[str] = []
        for number, part in enumerate(word):
            if isinstance(part, syntax.Literal):
                parts.append(self._tilde(part, number))
            else:
                parts.append((yield from self._value(part, io)))
        return "".join(parts)

    def _tilde(self, part: syntax.Literal, number: int) -> str:
        if number == 0 and not part.quoted and (part.text == "~" or part.text.startswith("~/")):
            return (self.get("HOME") or "/root") + part.text[1:]
        return part.text

    def pattern(self, word: tuple[Any, ...], io: Streams) -> Steps:
        """A word as a pattern: quoted letters lose their meaning."""
        parts: list[str] = []
        for part in word:
            if isinstance(part, syntax.Literal):
                parts.append(escaped(part.text) if part.quoted else part.text)
            else:
                value = yield from self._value(part, io)
                parts.append(escaped(value) if part.quoted else value)
        return "".join(parts)

    def fields(self, words: tuple[Any, ...], io: Streams) -> Steps:
        """The fields that words become: braces, expansion, splitting, globbing."""
        found: list[str] = []
        for word in words:
            for one in braces(word):
                found.extend((yield from self._fields_of(one, io)))
        return found

    def _fields_of(self, word: tuple[Any, ...], io: Streams) -> Steps:
        splitter = Splitter(self.get("IFS") if self.get("IFS") is not None else " \t\n")
        is_empty = False
        for number, part in enumerate(word):
            if isinstance(part, syntax.Literal):
                splitter.letters(self._tilde(part, number), part.quoted)
            elif _is_each(part):
                values = self.parameters if part.index is None else (yield from self._all_elements(part, io))
                is_empty = is_empty or not values
                splitter.each(values)
            else:
                value = yield from self._value(part, io)
                if part.quoted:
                    splitter.letters(value, True)
                else:
                    splitter.split(value)
        if is_empty and all(_is_each(part) or part == _EMPTY for part in word):
            # `"$@"` of nothing is nothing, unlike `""`.
            return []
        found: list[str] = []
        for pieces in splitter.fields():
            text = "".join(piece for piece, _ in pieces)
            if any(not quoted and has_wildcards(piece) for piece, quoted in pieces):
                pattern = "".join(escaped(piece) if quoted else piece for piece, quoted in pieces)
                matched = yield from self._matches(pattern)
                found.extend(matched or [text])
            else:
                found.append(text)
        return found

    def _matches(self, pattern: str) -> Steps:
        """The paths that a pattern matches, sorted."""
        absolute = pattern.startswith("/")
        parts = [part for part in pattern.split("/") if part]
        found = ["/" if absolute else ""]
        for number, part in enumerate(parts):
            following: list[str] = []
            for base in found:
                prefix = base if not base or base.endswith("/") else base + "/"
                if not has_wildcards(part.replace("\\*", "").replace("\\?", "").replace("\\[", "")):
                    plain = re.sub(r"\\(.)", r"\1", part)
                    if (yield KindOf(self.path(prefix + plain))):
                        following.append(prefix + plain)
                    continue
                names = (yield Names(self.path(base or "."))) or []
                for name in names:
                    if name.startswith(".") and not part.startswith("."):
                        continue
                    if glob(part).match(name):
                        last = number == len(parts) - 1
                        if last or (yield KindOf(self.path(prefix + name))) == "dir":
                            following.append(prefix + name)
            found = following
        return sorted(found)

    def _value(self, part: Any, io: Streams) -> Steps:
        """The text of an expansion."""
        if isinstance(part, syntax.Variable):
            return (yield from self._parameter(part, io))
        if isinstance(part, syntax.Arithmetic):
            text = yield from self.text(part.word, io)
            return str(self.calculate(text))
        text = yield from self._substitute(part.body, io)
        return text.rstrip("\n")

    def _substitute(self, body: syntax.Sequence, io: Streams) -> Steps:
        only = body.items[0][0] if len(body.items) == 1 else None
        if isinstance(only, syntax.Simple) and not only.words and len(only.redirects) == 1:
            if only.redirects[0].operator == "<":
                path = yield from self.text(only.redirects[0].target, io)
                text = yield Read(self.path(path))
                if text is None:
                    yield from io.err.write(f"{self.name}: {path}: No such file or directory\n")
                return text or ""
        buffer = Buffer()
        inner = self.fork()
        inner.nesting += 1
        code = yield from _guarded(inner, body, io._replace(out=buffer))
        self.status = self.depth_status = code
        return buffer.text()

    depth_status = 0

    def _parameter(self, part: syntax.Variable, io: Streams) -> Steps:
        name = part.name
        if part.index in ("@", "*"):
            values = yield from self._all_elements(part, io)
            return " ".join(values)
        if part.index is not None:
            name = yield from self.element(name, part.index, io)
        if part.indirect:
            name = self.get(name) or ""
        value = self.get(name)
        operator = part.operator
        if not operator:
            if value is None and self.options.get("u") and name not in "@*":
                raise CommandError(
                    f"{name}: parameter not set" if not self.is_bash else f"{name}: unbound variable"
                )
            return value or ""
        if operator == "length":
            return str(len(value or ""))
        if operator in (":-", "-", ":=", "=", ":+", "+", ":?", "?"):
            return (yield from self._default(name, value, operator, part.argument, io))
        return (yield from self._edit(value or "", part, io))

    def _all_elements(self, part: syntax.Variable, io: Streams) -> Steps:
        """What `${name[@]…}` stands for: values, indexes (`!`), how many there are, or values edited each."""
        pairs = shell_arrays.elements(self.variables, part.name)
        if part.indirect:
            return [index for index, _ in pairs]
        values, operator = [value for _, value in pairs], part.operator
        if operator == "length":
            return [str(len(values))]
        if not operator:
            return values
        if operator in (":-", "-", ":=", "=", ":+", "+", ":?", "?"):
            joined = " ".join(values) if pairs else None
            value = yield from self._default(part.name, joined, operator, part.argument, io)
            return values if values and value == joined else [value] if value else []
        if operator == ":":
            start = self.calculate((yield from self.text(part.argument, io)) or "0")
            start = max(len(values) + start, 0) if start < 0 else start
            if part.second is None:
                return values[start:]
            return values[start : start + self.calculate((yield from self.text(part.second, io)) or "0")]
        edited: list[str] = []
        for value in values:
            edited.append((yield from self._edit(value, part, io)))
        return edited

    def _default(self, name: str, value: str | None, operator: str, argument: Any, io: Streams) -> Steps:
        missing = value is None or (operator[0] == ":" and not value)
        kind = operator[-1]
        if kind == "+":
            return "" if missing else (yield from self.text(argument, io))
        if not missing:
            return value or ""
        text = yield from self.text(argument, io)
        if kind == "=":
            self.set(name, text)
        if kind == "?":
            yield from io.err.write(f"{self.name}: {name}: {text or 'parameter null or not set'}\n")
            raise ShellExitError(2 if not self.is_bash else 127)
        return text

    def _edit(self, value: str, part: syntax.Variable, io: Streams) -> Steps:
        operator = part.operator
        if operator == ":":
            start = self.calculate((yield from self.text(part.argument, io)) or "0")
            start = max(len(value) + start, 0) if start < 0 else start
            if part.second is None:
                return value[start:]
            length = self.calculate((yield from self.text(part.second, io)) or "0")
            return value[start : start + length] if length >= 0 else value[start:length]
        if operator in ("^^", ",,", "^", ","):
            if len(operator) == 2:
                return value.upper() if operator == "^^" else value.lower()
            return (value[:1].upper() if operator == "^" else value[:1].lower()) + value[1:]
        pattern = yield from self.pattern(part.argument, io)
        if operator in ("#", "##", "%", "%%"):
            return trimmed(value, pattern, operator)
        replacement = "" if part.second is None else (yield from self.text(part.second, io))
        if not pattern:
            return value
        source = glob_source(pattern)
        anchored = {"/#": f"^(?:{source})", "/%": f"(?:{source})$"}.get(operator, source)
        return re.sub(anchored, lambda match: replacement, value, count=0 if operator == "//" else 1)


_EMPTY = syntax.Literal("", True)


def _is_each(part: Any) -> bool:
    """Whether a part of a word is `"$@"` or the like: each value a field of its own."""
    if not isinstance(part, syntax.Variable) or not part.quoted:
        return False
    return part.index == "@" or (part.name == "@" and not part.operator and part.index is None)


_RUNNERS: dict[type, Any] = {
    syntax.Sequence: Shell._sequence,
    syntax.AndOr: Shell._and_or,
    syntax.Pipeline: Shell._pipeline,
    syntax.If: Shell._if,
    syntax.Loop: Shell._loop,
    syntax.For: Shell._for,
    syntax.ForArithmetic: Shell._for_arithmetic,
    syntax.Case: Shell._case,
    syntax.Group: Shell._group,
    syntax.Function: Shell._function,
    syntax.Calculation: Shell._calculation,
    syntax.Test: Shell._test,
    syntax.Simple: Shell._simple,
}


class Invocation(NamedTuple):
    """What an image's own program is given: the shell that runs it, its streams, what it knows."""

    shell: Shell
    io: Streams
    context: Context


def _guarded(shell: Shell, node: Any, io: Streams) -> Steps:
    """Run a tree in a shell of its own; `exit` ends that shell only."""
    try:
        code = yield from shell.run(node, io)
    except ShellExitError as end:
        code = end.code
    except ReturnError as end:
        code = end.code
    except LoopError:
        code = 0
    except PipeError:
        if isinstance(io.out, PipeSink):
            raise
        code = 141
    return code


def _guarded_text(shell: Shell, text: str, io: Streams) -> Steps:
    """Run a script's text."""
    try:
        tree = syntax.parse(text)
    except syntax.ScriptError as fault:
        yield from io.err.write(
            f"{shell.name}: line 1: {fault}\n" if shell.is_bash else f"{shell.name}: {fault}\n"
        )
        return 2
    code = yield from _guarded(shell, tree, io)
    handler = shell.traps.pop("EXIT", None)
    if handler:
        yield from _guarded_text(shell, handler, io)
    return code


def source(shell: Shell, text: str, io: Streams) -> Steps:
    """Run a text in this very shell (`eval`, `.`)."""
    try:
        tree = syntax.parse(text)
    except syntax.ScriptError as fault:
        raise CommandError(str(fault), 2) from None
    return (yield from shell.run(tree, io))


def run_shell(shell: Shell, argv: list[str], io: Streams, state: Any = None) -> Steps:
    """`sh [-eux] [-c script] [file] [arguments]`, from its start or from a checkpoint."""
    shell.name = argv[0]
    script: str | None = None
    rest = argv[1:]
    wants_script = False
    while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1:
        flag = rest.pop(0)
        if flag == "--":
            break
        if flag.startswith("--"):
            continue
        for letter in flag[1:]:
            if letter == "c":
                wants_script = True
            elif letter == "o" and rest:
                shell.options[rest.pop(0)] = flag[0] == "-"
            else:
                shell.options[letter] = flag[0] == "-"
    if wants_script:
        if not rest:
            yield from io.err.write(f"{shell.name}: -c requires an argument\n")
            return 2
        script = rest.pop(0)
        if rest:
            shell.name = rest.pop(0)
    elif rest:
        shell.name = rest[0]
        path = rest.pop(0)
        script = yield Read(shell.path(path))
        if script is None:
            yield from io.err.write(f"{argv[0]}: can't open '{path}': No such file or directory\n")
            return 2 if not shell.is_bash else 127
    elif isinstance(io.stdin, ConsoleInput):
        return (yield from _conversation(shell, io))
    else:
        script = yield from io.stdin.read()
    shell.parameters = rest
    if not shell.main:
        return (yield from _guarded_text(shell, script, io))
    return (yield from _run_main(shell, script, io, state))


def prompt_of(shell: Shell) -> str:
    """The prompt of an interactive shell: PS1, or what the image's shell has by default."""
    context = shell.context
    template = shell.get("PS1")
    if template is None:
        template = r"\w \$ " if shell.is_busybox else r"\u@\h:\w\$ " if shell.is_bash else r"\$ "
    home = shell.get("HOME") or "/root"
    directory = "~" if shell.cwd == home else shell.cwd
    values = {
        "u": "root" if context.user == 0 else str(context.user),
        "h": context.hostname,
        "H": context.hostname,
        "w": directory,
        "W": directory.rpartition("/")[2] or "/",
        "$": "#" if context.user == 0 else "$",
        "n": "\n",
        "s": shell.name,
    }
    return re.sub(r"\\([uhHwW$ns])", lambda match: values[match[1]], template)


def _conversation(shell: Shell, io: Streams) -> Steps:
    """Read commands as they are typed and run each at once, until `exit` or the end of input."""
    terminal = io.stdin.is_terminal
    shell.is_interactive = terminal
    while True:
        try:
            text = yield from _next_command(shell, io)
            if not text:
                if terminal:
                    yield from io.out.write("exit\n" if shell.is_bash else "\n")
                return shell.status
            yield from source(shell, text, io)
        except ShellExitError as end:
            return end.code
        except CommandError as fault:
            shell.status = fault.code
            yield from io.err.write(f"{shell.name}: {fault}\n")
        except Interrupted:
            shell.status = 130
        except (ReturnError, LoopError):
            shell.status = 0
        except PipeError:
            shell.status = 141


def _next_command(shell: Shell, io: Streams) -> Steps:
    """Lines until they are a whole command; the empty text at the end of input."""
    text = ""
    while True:
        if io.stdin.is_terminal:
            yield Prompt("> " if text else prompt_of(shell))
        line = yield from io.stdin.line()
        text += line
        if not line or not _is_open(text):
            return text


_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


def _is_open(text: str) -> bool:
    """Whether a command needs more lines."""
    if text.endswith("\\\n"):
        return True
    for match in _HERE_DOCUMENT.finditer(text):
        if match[2] not in [line.strip() for line in text[match.end() :].splitlines()]:
            return True
    try:
        syntax.parse(text)
    except syntax.ScriptError as fault:
        return any(part in str(fault) for part in ("end of file", "unterminated", "missing"))
    return False


def _run_main(shell: Shell, script: str, io: Streams, state: Any) -> Steps:
    """A container's own script: its top-level loops tell checkpoints."""
    shell.is_script = True
    try:
        tree = syntax.parse(script)
    except syntax.ScriptError as fault:
        yield from io.err.write(f"{shell.name}: {fault}\n")
        return 2
    first = 0
    if state is not None:
        first = _restore(shell, tree, state)
    try:
        code = yield from _run_items(shell, tree, first, io)
    except ShellExitError as end:
        code = end.code
    except ReturnError as end:
        code = end.code
    except LoopError:
        code = 0
    except Interrupted:
        code = 130
    handler = shell.traps.pop("EXIT", None)
    if handler:
        yield from _guarded_text(shell, handler, io)
    return code


def _run_items(shell: Shell, tree: syntax.Sequence, first: int, io: Streams) -> Steps:
    code = 0
    for number in range(first, len(tree.items)):
        node, background = tree.items[number]
        if isinstance(node, syntax.Loop) and not background:
            code = yield from _checkpointed(shell, node, number, io)
        else:
            code = yield from shell._sequence(syntax.Sequence(((node, background),)), io, True)
        shell.status = code
    return code


def _checkpointed(shell: Shell, node: syntax.Loop, number: int, io: Streams) -> Steps:
    """A loop of the script's top level: before each round all that matters is told."""
    code = 0
    while True:
        if shell.job_number == 1:
            yield Checkpoint(_state(shell, number))
        condition = yield from shell.run(node.condition, io, False)
        if bool(condition) != node.until:
            return code
        code, stop = yield from shell._round(node.body, io, True)
        if stop:
            return code


def _state(shell: Shell, number: int) -> Any:
    return {
        "item": number,
        "variables": dict(shell.variables),
        "exported": list(shell.exported),
        "parameters": list(shell.parameters),
        "status": shell.status,
        "options": dict(shell.options),
        "cwd": shell.cwd,
        "traps": dict(shell.traps),
    }


def _restore(shell: Shell, tree: syntax.Sequence, state: Any) -> int:
    """Put a shell back to a checkpoint. The number of the item with which it goes on."""
    shell.variables = dict(state["variables"])
    shell.exported = dict.fromkeys(state["exported"])
    shell.parameters = list(state["parameters"])
    shell.status = state["status"]
    shell.options = dict(state["options"])
    shell.cwd = state["cwd"]
    shell.traps = dict(state["traps"])
    for node, _ in tree.items[: state["item"]]:
        if isinstance(node, syntax.Function):
            shell.functions[node.name] = node.body
    return int(state["item"])
