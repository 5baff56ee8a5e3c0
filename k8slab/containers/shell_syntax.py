"""The grammar of the shell: text in, a tree of named tuples out.

POSIX's shell command language with the parts of bash that manifests use:
`[[ … ]]`, `(( … ))`, `<<<`, `&>`, brace expansion, `function` and arrays. The
tree is plain immutable data and cached by text, so a loop that runs for hours
is parsed once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class ScriptError(Exception):
    """A script that is none; the text is what a shell says."""


class Literal(NamedTuple):
    """Letters as they stand. `quoted` ones are not split, globbed or taken for keywords."""

    text: str
    quoted: bool = False


class Variable(NamedTuple):
    """`$name` or `${name…}`: `operator` with its `argument` as in `${name:-word}`.

    `index` is that of an array's element: a word, or "@" or "*" for all of them.
    """

    name: str
    operator: str = ""
    argument: Any = None
    second: Any = None
    quoted: bool = False
    indirect: bool = False
    index: Any = None


class Substitution(NamedTuple):
    """`$(…)` or backticks; `file` for bash's `$(<file)`."""

    body: Any
    quoted: bool = False


class Arithmetic(NamedTuple):
    """`$((…))`."""

    word: Any
    quoted: bool = False


class Redirect(NamedTuple):
    """`2>file`, `<file`, `<<EOF` …; `target` is a word, or a list of one for a here-document."""

    number: int
    operator: str
    target: Any


class Assignment(NamedTuple):
    """`name=word`, `name[index]=word` or `name=(words)`; with `append` it is `+=`.

    `word` is a word, or a tuple of pairs for an array: an index or None, and a word.
    """

    name: str
    word: Any
    append: bool = False
    index: Any = None
    is_array: bool = False


class Simple(NamedTuple):
    """A simple command: assignments, words, redirections."""

    assigns: tuple[Assignment, ...]
    words: tuple[Any, ...]
    redirects: tuple[Redirect, ...]


class Pipeline(NamedTuple):
    """Commands joined by pipes; `negate` for a leading `!`."""

    commands: tuple[Any, ...]
    negate: bool


class AndOr(NamedTuple):
    """Pipelines joined by && and ||: each with the operator before it."""

    parts: tuple[tuple[str, Any], ...]


class Sequence(NamedTuple):
    """Lists: each item with whether it runs in the background."""

    items: tuple[tuple[Any, bool], ...]


class If(NamedTuple):
    """Conditions with their bodies, and the body after else."""

    branches: tuple[tuple[Any, Any], ...]
    otherwise: Any


class Loop(NamedTuple):
    """`while` or `until`."""

    condition: Any
    body: Any
    until: bool


class For(NamedTuple):
    """`for name in words`; `words` is None for the positional parameters."""

    name: str
    words: tuple[Any, ...] | None
    body: Any


class ForArithmetic(NamedTuple):
    """bash's `for ((a; b; c))`."""

    start: str
    condition: str
    step: str
    body: Any


class Case(NamedTuple):
    """A word, and clauses of patterns with their bodies."""

    word: Any
    clauses: tuple[tuple[tuple[Any, ...], Any], ...]


class Group(NamedTuple):
    """`{ …; }`, or `( … )` in a shell of its own."""

    body: Any
    subshell: bool
    redirects: tuple[Redirect, ...] = ()


class Function(NamedTuple):
    """A function's definition."""

    name: str
    body: Any


class Test(NamedTuple):
    """`[[ … ]]`: words and operators in order."""

    items: tuple[Any, ...]


class Calculation(NamedTuple):
    """`(( … ))`."""

    text: Any


_KEYWORDS = {"if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in"}
_CLOSERS = ("then", "else", "elif", "fi", "do", "done", "esac", "}", ")", ";;")
_REDIRECTS = ("&>>", "&>", "<<<", "<<-", "<<", ">>", ">|", ">&", "<&", "<>", ">", "<")
_BREAKS = " \t\n;&|<>()"
_NAME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
_SPECIALS = "@*#?$!-0123456789"
_DECLARING = ("declare", "typeset", "local", "readonly", "export")
"""Commands behind which an array may be set."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Sequence:
    """The tree of a script. ScriptError for one that isn't well formed."""
    parser = _Parser(text)
    tree = parser.sequence(())
    if parser.at < len(text):
        raise parser.unexpected()
    return tree


def is_name(text: str) -> bool:
    """Whether a text can be a variable's name."""
    return bool(text) and not text[0].isdigit() and all(letter in _NAME_LETTERS for letter in text)


class _Parser:
    """A reader that descends the grammar; `at` is where it is in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._documents: list[tuple[list[Any], str, bool, bool]] = []

    def unexpected(self) -> ScriptError:
        """The complaint about what stands here."""
        if self.at >= len(self.text):
            return ScriptError("syntax error: unexpected end of file")
        letter = self.text[self.at]
        token = "newline" if letter == "\n" else self.text[self.at : self.at + 12].split()[0]
        return ScriptError(f"syntax error near unexpected token `{token}'")

    # Blanks, newlines, operators.

    def _blanks(self) -> None:
        text = self.text
        while self.at < len(text):
            letter = text[self.at]
            if letter in " \t":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif letter == "#" and (self.at == 0 or text[self.at - 1] in " \t\n;&|()"):
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def _newlines(self) -> None:
        while True:
            self._blanks()
            if self.at < len(self.text) and self.text[self.at] == "\n":
                self.at += 1
                self._read_documents()
            else:
                return

    def _take(self, operator: str) -> bool:
        self._blanks()
        if self.text.startswith(operator, self.at):
            self.at += len(operator)
            return True
        return False

    def _peek_keyword(self) -> str:
        """The reserved word or closing sign that stands here, if any."""
        self._blanks()
        text, at = self.text, self.at
        if text.startswith(";;", at):
            return ";;"
        if at < len(text) and text[at] == ")":
            return ")"
        end = at
        while end < len(text) and text[end] not in _BREAKS:
            end += 1
        return text[at:end]

    def _expect(self, keyword: str) -> None:
        self._newlines()
        if self._peek_keyword() != keyword:
            raise self.unexpected()
        self.at += len(keyword)

    # Lists and pipelines.

    def sequence(self, closers: tuple[str, ...]) -> Sequence:
        """A list of commands up to one of the closing words."""
        items: list[tuple[Any, bool]] = []
        while True:
            self._newlines()
            if self.at >= len(self.text):
                break
            word = self._peek_keyword()
            if word in closers:
                break
            if word in _CLOSERS:
                raise self.unexpected()
            node = self._and_or()
            self._blanks()
            background = False
            if self.text.startswith(";;", self.at):
                pass
            elif self._take("&"):
                background = True
            elif self.at < len(self.text) and self.text[self.at] in ";\n":
                if self.text[self.at] == ";":
                    self.at += 1
            elif self.at < len(self.text) and self._peek_keyword() not in closers:
                raise self.unexpected()
            items.append((node, background))
        return Sequence(tuple(items))

    def _and_or(self) -> Any:
        parts = [("", self._pipeline())]
        while True:
            self._blanks()
            for operator in ("&&", "||"):
                if self.text.startswith(operator, self.at):
                    self.at += 2
                    self._newlines()
                    parts.append((operator, self._pipeline()))
                    break
            else:
                return parts[0][1] if len(parts) == 1 else AndOr(tuple(parts))

    def _pipeline(self) -> Any:
        negate = False
        while self._peek_keyword() == "!":
            self.at += 1
            negate = not negate
        commands = [self._command()]
        while True:
            self._blanks()
            if self.text.startswith("|", self.at) and not self.text.startswith("||", self.at):
                self.at += 2 if self.text.startswith("|&", self.at) else 1
                self._newlines()
                commands.append(self._command())
            else:
                break
        if len(commands) == 1 and not negate:
            return commands[0]
        return Pipeline(tuple(commands), negate)

    # Commands.

    def _command(self) -> Any:
        word = self._peek_keyword()
        if self.text.startswith("((", self.at):
            return self._calculation()
        if self.text.startswith("(", self.at):
            self.at += 1
            body = self.sequence((")",))
            self._expect(")")
            return Group(body, True, self._redirects())
        special = {
            "if": self._if,
            "while": self._loop,
            "until": self._loop,
            "for": self._for,
            "case": self._case,
            "{": self._group,
            "[[": self._test,
            "function": self._function,
        }.get(word)
        if special is not None:
            self.at += len(word)
            node = special(word)
            redirects = self._redirects()
            return Group(Sequence(((node, False),)), False, redirects) if redirects else node
        return self._simple()

    def _group(self, word: str) -> Any:
        body = self.sequence(("}",))
        self._expect("}")
        return Group(body, False)

    def _if(self, word: str) -> Any:
        branches = []
        otherwise: Any = None
        while True:
            condition = self.sequence(("then",))
            self._expect("then")
            branches.append((condition, self.sequence(("elif", "else", "fi"))))
            closing = self._peek_keyword()
            if not closing:
                raise self.unexpected()
            self.at += len(closing)
            if closing == "elif":
                continue
            if closing == "else":
                otherwise = self.sequence(("fi",))
                self._expect("fi")
            return If(tuple(branches), otherwise)

    def _loop(self, word: str) -> Any:
        condition = self.sequence(("do",))
        return Loop(condition, self._body(), word == "until")

    def _body(self) -> Any:
        self._newlines()
        if self._peek_keyword() == "{":
            self.at += 1
            return self._group("{").body
        self._expect("do")
        body = self.sequence(("done",))
        self._expect("done")
        return body

    def _for(self, word: str) -> Any:
        self._blanks()
        if self.text.startswith("((", self.at):
            inside = self._double_parentheses()
            parts = [*inside.split(";"), "", "", ""][:3]
            self._take(";")
            return ForArithmetic(parts[0], parts[1], parts[2], self._body())
        name = self._peek_keyword()
        self.at += len(name)
        self._newlines()
        words: tuple[Any, ...] | None = None
        if self._peek_keyword() == "in":
            self.at += 2
            found = []
            while True:
                self._blanks()
                if self.at >= len(self.text) or self.text[self.at] in ";\n":
                    break
                found.append(self._word())
            words = tuple(found)
        self._blanks()
        self._take(";")
        return For(name, words, self._body())

    def _case(self, word: str) -> Any:
        self._blanks()
        subject = self._word()
        self._expect("in")
        clauses: list[tuple[tuple[Any, ...], Any]] = []
        while True:
            self._newlines()
            if self._peek_keyword() == "esac":
                self.at += 4
                return Case(subject, tuple(clauses))
            self._take("(")
            patterns = []
            while True:
                self._blanks()
                patterns.append(self._word())
                self._blanks()
                if not self._take("|"):
                    break
            self._expect(")")
            body = self.sequence((";;", "esac"))
            if self._peek_keyword() == ";;":
                self.at += 2
            clauses.append((tuple(patterns), body))

    def _function(self, word: str) -> Any:
        self._blanks()
        name = self._peek_keyword()
        self.at += len(name)
        if self._take("("):
            self._expect(")")
        self._newlines()
        return Function(name, self._command())

    def _test(self, word: str) -> Any:
        items: list[Any] = []
        while True:
            self._newlines()
            if self.at >= len(self.text):
                raise self.unexpected()
            if self._peek_keyword() == "]]":
                self.at += 2
                return Test(tuple(items))
            for operator in ("&&", "||", "(", ")", "<", ">"):
                if self.text.startswith(operator, self.at):
                    self.at += len(operator)
                    items.append(operator)
                    break
            else:
                regular = bool(items) and items[-1] == "=~"
                found = self._word(regular=regular)
                plain = _plain(found)
                items.append(plain if plain in ("=~", "==", "=", "!=", "!") else found)

    def _calculation(self) -> Any:
        return Calculation(_Parser(self._double_parentheses()).whole_quoted())

    def _double_parentheses(self) -> str:
        """The text between (( and the )) that closes it."""
        self.at += 2
        start, depth = self.at, 0
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "(":
                depth += 1
            elif letter == ")":
                if not depth and self.text.startswith("))", self.at):
                    self.at += 2
                    return self.text[start : self.at - 2]
                depth -= 1
            self.at += 1
        raise self.unexpected()

    def _simple(self) -> Any:
        assigns: list[Assignment] = []
        words: list[Any] = []
        redirects: list[Redirect] = []
        while True:
            self._blanks()
            redirect = self._redirect()
            if redirect is not None:
                redirects.append(redirect)
                continue
            if self.at >= len(self.text) or self.text[self.at] in "\n;&|)":
                break
            if self.text[self.at] == "(":
                if len(words) == 1 and not assigns and self._take("("):
                    self._expect(")")
                    self._newlines()
                    return Function(_plain(words[0]), self._command())
                raise self.unexpected()
            declares = bool(words) and _plain(words[0]) in _DECLARING
            assign = self._assignment(only_arrays=declares) if declares or not words else None
            if assign is not None:
                assigns.append(assign)
                if declares:
                    words.append((Literal(assign.name),))
            else:
                words.append(self._word())
        if not words and not assigns and not redirects:
            raise self.unexpected()
        return Simple(tuple(assigns), tuple(words), tuple(redirects))

    def _assignment(self, *, only_arrays: bool = False) -> Assignment | None:
        end = self.at
        while end < len(self.text) and self.text[end] in _NAME_LETTERS:
            end += 1
        name = self.text[self.at : end]
        index = None
        if name and self.text.startswith("[", end):
            close = _closing_bracket(self.text, end)
            if close < 0:
                return None
            index, end = quoted_word(self.text[end + 1 : close]), close + 1
        append = self.text.startswith("+=", end)
        if not is_name(name) or not (append or self.text.startswith("=", end)):
            return None
        begin = end + (2 if append else 1)
        if self.text.startswith("(", begin) and index is None:
            self.at = begin + 1
            return Assignment(name, self._elements(), append, is_array=True)
        if only_arrays:
            return None
        self.at = begin
        if self.at >= len(self.text) or self.text[self.at] in _BREAKS:
            return Assignment(name, (), append, index)
        return Assignment(name, self._word(), append, index)

    def _elements(self) -> tuple[tuple[Any, Any], ...]:
        """What stands in the parentheses of an array: words, some with their index before."""
        found: list[tuple[Any, Any]] = []
        while True:
            self._newlines()
            if self._take(")"):
                return tuple(found)
            if self.at >= len(self.text):
                raise self.unexpected()
            index, close = None, _closing_bracket(self.text, self.at)
            if self.text[self.at] == "[" and close > 0 and self.text.startswith("=", close + 1):
                index = quoted_word(self.text[self.at + 1 : close])
                self.at = close + 2
            at_end = self.at >= len(self.text) or self.text[self.at] in _BREAKS
            found.append((index, () if index is not None and at_end else self._word()))

    # Redirections.

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while True:
            self._blanks()
            redirect = self._redirect()
            if redirect is None:
                return tuple(found)
            found.append(redirect)

    def _redirect(self) -> Redirect | None:
        text, at = self.text, self.at
        end = at
        while end < len(text) and text[end].isdigit():
            end += 1
        for operator in _REDIRECTS:
            if text.startswith(operator, end):
                if end > at and operator.startswith("&"):
                    return None
                number = int(text[at:end]) if end > at else (0 if operator.startswith("<") else 1)
                self.at = end + len(operator)
                return self._target(number, operator)
        return None

    def _target(self, number: int, operator: str) -> Redirect:
        self._blanks()
        if operator in ("<<", "<<-"):
            word = self._word()
            quoted = any(getattr(part, "quoted", False) for part in word)
            box: list[Any] = []
            self._documents.append((box, "".join(part.text for part in word), quoted, operator == "<<-"))
            return Redirect(number, "<<", box)
        return Redirect(number, operator, self._word())

    def _read_documents(self) -> None:
        """After a newline: the bodies of the here-documents that were announced."""
        pending, self._documents = self._documents, []
        for box, end, quoted, tabs in pending:
            lines = []
            while self.at < len(self.text):
                newline = self.text.find("\n", self.at)
                stop = len(self.text) if newline < 0 else newline
                line = self.text[self.at : stop]
                self.at = min(stop + 1, len(self.text))
                if tabs:
                    line = line.lstrip("\t")
                if line == end:
                    break
                lines.append(line + "\n")
            body = "".join(lines)
            box.append((Literal(body, True),) if quoted else _Parser(body).whole_quoted())

    # Words.

    def whole_quoted(self) -> tuple[Any, ...]:
        """The whole text as one word between double quotes would be, quotes themselves being letters."""
        parts: list[Any] = []
        while self.at < len(self.text):
            self._quoted_part(parts, document=True)
        return tuple(parts)

    def _word(self, regular: bool = False) -> tuple[Any, ...]:
        """One word: a tuple of its parts. In a regular expression parentheses and bars are letters."""
        parts: list[Any] = []
        text = self.text
        depth = 0
        while self.at < len(text):
            letter = text[self.at]
            if regular and letter in "()|":
                depth += (letter == "(") - (letter == ")")
                if depth < 0:
                    break
                _append(parts, letter, False)
                self.at += 1
            elif letter in _BREAKS and not (regular and depth and letter in " \t<>&"):
                break
            elif letter == "'":
                end = text.find("'", self.at + 1)
                if end < 0:
                    raise ScriptError("syntax error: unterminated quoted string")
                _append(parts, text[self.at + 1 : end], True)
                self.at = end + 1
            elif letter == '"':
                self._double_quoted(parts)
            elif letter == "\\":
                if self.at + 1 < len(text) and text[self.at + 1] != "\n":
                    _append(parts, text[self.at + 1], True)
                self.at += 2
            elif text.startswith("$'", self.at):
                self._ansi_quoted(parts)
            elif letter == "$" or letter == "`":
                self._dollar(parts, False)
            else:
                _append(parts, letter, False)
                self.at += 1
        if not parts and self.at < len(text) and text[self.at] in _BREAKS:
            raise self.unexpected()
        return tuple(parts)

    def _double_quoted(self, parts: list[Any]) -> None:
        self.at += 1
        parts.append(Literal("", True))
        while True:
            if self.at >= len(self.text):
                raise ScriptError("syntax error: unterminated quoted string")
            if self.text[self.at] == '"':
                self.at += 1
                return
            self._quoted_part(parts, document=False)

    def _quoted_part(self, parts: list[Any], *, document: bool) -> None:
        letter = self.text[self.at]
        if letter == "\\":
            following = self.text[self.at + 1 : self.at + 2]
            if following == "\n":
                pass
            elif following in ("$", "`", "\\") or (following == '"' and not document):
                _append(parts, following, True)
            else:
                _append(parts, "\\" + following, True)
            self.at += 2
        elif letter in "$`":
            self._dollar(parts, True)
        else:
            _append(parts, letter, True)
            self.at += 1

    def _ansi_quoted(self, parts: list[Any]) -> None:
        end = self.at + 2
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        _append(parts, unescape(self.text[self.at + 2 : end]), True)
        self.at = end + 1

    def _dollar(self, parts: list[Any], quoted: bool) -> None:
        text = self.text
        if text[self.at] == "`":
            end = self.at + 1
            while end < len(text) and text[end] != "`":
                end += 2 if text[end] == "\\" else 1
            inside = text[self.at + 1 : end].replace("\\`", "`").replace("\\\\", "\\").replace("\\$", "$")
            self.at = end + 1
            parts.append(Substitution(parse(inside), quoted))
            return
        if text.startswith("$((", self.at):
            saved = self.at
            self.at += 1
            inside = self._double_parentheses()
            if saved < self.at:
                parts.append(Arithmetic(_Parser(inside).whole_quoted(), quoted))
                return
        if text.startswith("$(", self.at):
            self.at += 2
            body = self.sequence((")",))
            self._expect(")")
            parts.append(Substitution(body, quoted))
            return
        if text.startswith("${", self.at):
            self.at += 2
            parts.append(self._braced(quoted))
            return
        end = self.at + 1
        if end < len(text) and text[end] in _SPECIALS:
            parts.append(Variable(text[end], quoted=quoted))
            self.at = end + 1
            return
        while end < len(text) and text[end] in _NAME_LETTERS:
            end += 1
        name = text[self.at + 1 : end]
        if name:
            parts.append(Variable(name, quoted=quoted))
        else:
            _append(parts, "$", True)
        self.at = end

    def _braced(self, quoted: bool) -> Variable:
        text = self.text
        if text[self.at] == "#" and text[self.at + 1 : self.at + 2] not in ("}", ""):
            self.at += 1
            name, index = self._parameter()
            self.at += 1
            return Variable(name, "length", quoted=quoted, index=index)
        indirect = text[self.at] == "!"
        self.at += indirect
        name, index = self._parameter()
        for operator in (
            ":-",
            ":=",
            ":+",
            ":?",
            "##",
            "%%",
            "//",
            "/#",
            "/%",
            "^^",
            ",,",
            "-",
            "=",
            "+",
            "?",
            "#",
            "%",
            "/",
            ":",
            "^",
            ",",
        ):
            if text.startswith(operator, self.at):
                self.at += len(operator)
                argument = self._until_brace(
                    "/" if operator.startswith("/") else ":" if operator == ":" else ""
                )
                second = None
                if self.at < len(text) and text[self.at] != "}":
                    self.at += 1
                    second = self._until_brace("")
                self.at += 1
                return Variable(name, operator, argument, second, quoted, indirect, index)
        if self.at >= len(text) or text[self.at] != "}":
            raise ScriptError(f"{text[: self.at + 10]}: bad substitution")
        self.at += 1
        return Variable(name, quoted=quoted, indirect=indirect, index=index)

    def _parameter(self) -> tuple[str, Any]:
        """A parameter's name, and the index behind it."""
        text, start = self.text, self.at
        if self.at < len(text) and text[self.at] in _SPECIALS and not text[self.at].isdigit():
            self.at += 1
        else:
            while self.at < len(text) and text[self.at] in _NAME_LETTERS:
                self.at += 1
        name = text[start : self.at]
        close = _closing_bracket(text, self.at) if text.startswith("[", self.at) else -1
        if close < 0:
            return name, None
        inside = text[self.at + 1 : close]
        self.at = close + 1
        return name, inside if inside in ("@", "*") else quoted_word(inside)

    def _until_brace(self, stop: str) -> tuple[Any, ...]:
        """The word up to the brace that closes, or up to `stop`."""
        parts: list[Any] = []
        text = self.text
        while self.at < len(text):
            letter = text[self.at]
            if letter == "}" or (stop and letter == stop):
                return tuple(parts)
            if letter == "'":
                end = text.find("'", self.at + 1)
                _append(parts, text[self.at + 1 : end], True)
                self.at = end + 1
            elif letter == '"':
                self._double_quoted(parts)
            elif letter == "\\":
                _append(parts, text[self.at + 1 : self.at + 2], True)
                self.at += 2
            elif letter in "$`":
                self._dollar(parts, False)
            else:
                _append(parts, letter, False)
                self.at += 1
        raise ScriptError("syntax error: missing '}'")


def _closing_bracket(text: str, start: int) -> int:
    """Where the bracket that opens at `start` closes; -1 where it doesn't."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "[") - (text[at] == "]")
        if not depth:
            return at
    return -1


@lru_cache(maxsize=1024)
def quoted_word(text: str) -> tuple[Any, ...]:
    """A text as one word between double quotes would be; quotes around it go."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        if text[0] == "'":
            return (Literal(text[1:-1], True),)
        text = text[1:-1]
    return _Parser(text).whole_quoted()


def _append(parts: list[Any], text: str, quoted: bool) -> None:
    """Add letters to a word, joined to the ones before where they are alike."""
    if parts and isinstance(parts[-1], Literal) and parts[-1].quoted == quoted:
        parts[-1] = Literal(parts[-1].text + text, quoted)
    else:
        parts.append(Literal(text, quoted))


def _plain(word: tuple[Any, ...]) -> str:
    """The text of a word of plain letters; empty where it has other parts."""
    if len(word) == 1 and isinstance(word[0], Literal) and not word[0].quoted:
        return word[0].text
    return ""


_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "\\": "\\",
    "'": "'",
    '"': '"',
}


def unescape(text: str) -> str:
    """Backslash escapes as `echo -e`, `printf` and `$'…'` understand them."""
    if "\\" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "\\" or at + 1 >= len(text):
            parts.append(text[at])
            at += 1
            continue
        letter = text[at + 1]
        if letter in _ESCAPES:
            parts.append(_ESCAPES[letter])
            at += 2
        elif letter == "x" or letter in "01234567":
            base, start, most = (16, at + 2, 2) if letter == "x" else (8, at + 1, 4 if letter == "0" else 3)
            end = start
            digits = "0123456789abcdefABCDEF" if base == 16 else "01234567"
            while end < len(text) and end - start < most and text[end] in digits:
                end += 1
            parts.append(chr(int(text[start:end] or "0", base)) if end > start else "\\" + letter)
            at = max(end, at + 2)
        else:
            parts.append("\\" + letter)
            at += 2
    return "".join(parts)
