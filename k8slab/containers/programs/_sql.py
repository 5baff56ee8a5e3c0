"""A very small SQL database: tables as values, a few statements, and a log of what changed them.

Enough for the queries of tutorials: CREATE, DROP, INSERT, SELECT (columns,
COUNT(*), WHERE with AND, ORDER BY, LIMIT), UPDATE, DELETE. A database is JSON
data: `{"databases": {name: {table: {"columns": [...], "rows": [[...]]}}}}`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Data = dict[str, Any]

EMPTY: Data = {"databases": {}}


class SqlError(Exception):
    """A statement that the server refuses; `code` and `state` as MySQL numbers them."""

    def __init__(self, text: str, code: int = 1064, state: str = "42000") -> None:
        super().__init__(text)
        self.code, self.state = code, state


class Result(NamedTuple):
    """A statement's outcome: a table (`columns` is None for none), the data after it, the count of rows."""

    columns: list[str] | None
    rows: list[list[Any]]
    data: Data
    database: str
    affected: int = 0


_LITERAL = r"(?:'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|NULL|TRUE|FALSE|DEFAULT)"
_NAME = r"[`\"]?([\w-]+)[`\"]?"
_TABLE = rf"(?:{_NAME}\.)?{_NAME}"


def statements(text: str) -> list[str]:
    """The statements of a text, split at semicolons outside quotes."""
    parts = re.findall(r"(?:'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|[^;'\"])+", text)
    return [part.strip() for part in parts if part.strip()]


def literal(text: str) -> Any:
    """The value of a literal."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1]).replace("''", "'")
    upper = text.upper()
    if upper in ("NULL", "DEFAULT"):
        return None
    if upper in ("TRUE", "FALSE"):
        return int(upper == "TRUE")
    return float(text) if "." in text else int(text)


def execute(data: Data, database: str, statement: str) -> Result:
    """Carry out one statement. SqlError where it is refused or not understood."""
    for pattern, handler in _HANDLERS:
        match = re.fullmatch(pattern, statement.strip(), re.IGNORECASE | re.DOTALL)
        if match:
            result: Result = handler(data, database, match)
            return result
    near = statement.strip()[:40]
    raise SqlError(
        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server "
        f"version for the right syntax to use near '{near}' at line 1"
    )


def is_change(statement: str) -> bool:
    """Whether a statement changes data, and so belongs into the log."""
    return bool(
        re.match(r"\s*(CREATE|DROP|INSERT|UPDATE|DELETE|TRUNCATE|REPLACE)\b", statement, re.IGNORECASE)
    )


def _done(data: Data, database: str, count: int = 0) -> Result:
    return Result(None, [], data, database, count)


def _tables(data: Data, database: str) -> dict[str, Any]:
    if not database:
        raise SqlError("No database selected", 1046, "3D000")
    if database not in data["databases"]:
        raise SqlError(f"Unknown database '{database}'", 1049, "42000")
    tables: dict[str, Any] = data["databases"][database]
    return tables


def _with_table(data: Data, database: str, name: str, table: Any) -> Data:
    tables = {**_tables(data, database), name: table}
    return {**data, "databases": {**data["databases"], database: tables}}


def _table(data: Data, database: str, match: re.Match[str], first: int = 1) -> tuple[str, str, Any]:
    where, name = match[first] or database, match[first + 1]
    tables = _tables(data, where)
    if name not in tables:
        raise SqlError(f"Table '{where}.{name}' doesn't exist", 1146, "42S02")
    return where, name, tables[name]


def _create_database(data: Data, database: str, match: re.Match[str]) -> Result:
    name = match[2]
    if name in data["databases"]:
        if match[1]:
            return _done(data, database)
        raise SqlError(f"Can't create database '{name}'; database exists", 1007, "HY000")
    return _done({**data, "databases": {**data["databases"], name: {}}}, database, 1)


def _drop_database(data: Data, database: str, match: re.Match[str]) -> Result:
    name = match[2]
    if name not in data["databases"]:
        if match[1]:
            return _done(data, database)
        raise SqlError(f"Can't drop database '{name}'; database doesn't exist", 1008, "HY000")
    kept = {one: tables for one, tables in data["databases"].items() if one != name}
    return _done({**data, "databases": kept}, "" if database == name else database)


def _create_table(data: Data, database: str, match: re.Match[str]) -> Result:
    where, name = match[2] or database, match[3]
    if name in _tables(data, where):
        if match[1]:
            return _done(data, database)
        raise SqlError(f"Table '{name}' already exists", 1050, "42S01")
    columns: list[str] = []
    automatic = ""
    for part in re.split(r",(?![^(]*\))", match[4]):
        word = part.strip().split()[0].strip('`"')
        if word.upper() in ("PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "INDEX", "FOREIGN"):
            continue
        columns.append(word)
        if re.search(r"AUTO_INCREMENT|SERIAL", part, re.IGNORECASE):
            automatic = word
    table = {"columns": columns, "rows": [], "automatic": automatic}
    return _done(_with_table(data, where, name, table), database)


def _drop_table(data: Data, database: str, match: re.Match[str]) -> Result:
    where, name = match[2] or database, match[3]
    tables = _tables(data, where)
    if name not in tables:
        if match[1]:
            return _done(data, database)
        raise SqlError(f"Unknown table '{where}.{name}'", 1051, "42S02")
    kept = {one: table for one, table in tables.items() if one != name}
    return _done({**data, "databases": {**data["databases"], where: kept}}, database)


def _insert(data: Data, database: str, match: re.Match[str]) -> Result:
    where, name, table = _table(data, database, match)
    columns = [one.strip(' `"') for one in match[3].split(",")] if match[3] else table["columns"]
    rows = [*table["rows"]]
    groups = re.findall(rf"\(\s*({_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*\)", match[4], re.IGNORECASE)
    for group in groups:
        values = [literal(one) for one in re.findall(_LITERAL, group, re.IGNORECASE)]
        if len(values) != len(columns):
            raise SqlError("Column count doesn't match value count at row 1", 1136, "21S01")
        given = dict(zip(columns, values))
        row = [given.get(column) for column in table["columns"]]
        automatic = table.get("automatic")
        if automatic and given.get(automatic) is None:
            at = table["columns"].index(automatic)
            row[at] = max((one[at] or 0 for one in rows), default=0) + 1
        rows.append(row)
    if not groups:
        raise SqlError("You have an error in your SQL syntax near 'VALUES'")
    return _done(_with_table(data, where, name, {**table, "rows": rows}), database, len(groups))


def _condition(table: Any, text: str | None) -> Any:
    """A test of rows: comparisons joined by AND."""
    if not text:
        return lambda row: True
    tests = []
    for part in re.split(r"\s+AND\s+", text.strip(), flags=re.IGNORECASE):
        match = re.fullmatch(rf"{_NAME}\s*(=|!=|<>|<=|>=|<|>)\s*({_LITERAL})", part.strip(), re.IGNORECASE)
        if match is None:
            raise SqlError(f"You have an error in your SQL syntax near '{part}'")
        tests.append((_column(table, match[1]), match[2], literal(match[3])))
    return lambda row: all(_holds(row[at], operator, value) for at, operator, value in tests)


def _column(table: Any, name: str) -> int:
    if name not in table["columns"]:
        raise SqlError(f"Unknown column '{name}' in 'field list'", 1054, "42S22")
    at: int = table["columns"].index(name)
    return at


def _holds(left: Any, operator: str, right: Any) -> bool:
    if left is None or right is None:
        return False
    if type(left) is not type(right):
        left, right = str(left), str(right)
    answers: dict[str, bool] = {
        "=": left == right,
        "!=": left != right,
        "<>": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return answers[operator]


def _select(data: Data, database: str, match: re.Match[str]) -> Result:
    _, _, table = _table(data, database, match, 2)
    test = _condition(table, match[4])
    rows = [row for row in table["rows"] if test(row)]
    if match[5]:
        at = _column(table, match[5])
        falls = (match[6] or "").upper() == "DESC"
        rows = sorted(rows, key=lambda row: (row[at] is None, row[at]), reverse=falls)
    if match[7]:
        rows = rows[: int(match[7])]
    wanted = match[1].strip()
    if re.fullmatch(r"COUNT\(\s*(\*|\w+)\s*\)", wanted, re.IGNORECASE):
        return Result([wanted], [[len(rows)]], data, database, 1)
    if wanted == "*":
        return Result(table["columns"], rows, data, database, len(rows))
    names = [name.strip(' `"') for name in wanted.split(",")]
    places = [_column(table, name) for name in names]
    return Result(names, [[row[at] for at in places] for row in rows], data, database, len(rows))


def _update(data: Data, database: str, match: re.Match[str]) -> Result:
    where, name, table = _table(data, database, match)
    test = _condition(table, match[4])
    changes: dict[int, Any] = {}
    for part in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", match[3]):
        column, _, value = part.partition("=")
        changes[_column(table, column.strip(' `"'))] = literal(value)
    rows = [
        [changes.get(at, value) for at, value in enumerate(row)] if test(row) else row
        for row in table["rows"]
    ]
    count = sum(1 for row in table["rows"] if test(row))
    return _done(_with_table(data, where, name, {**table, "rows": rows}), database, count)


def _delete(data: Data, database: str, match: re.Match[str]) -> Result:
    where, name, table = _table(data, database, match)
    test = _condition(table, match[3])
    rows = [row for row in table["rows"] if not test(row)]
    count = len(table["rows"]) - len(rows)
    return _done(_with_table(data, where, name, {**table, "rows": rows}), database, count)


def _use(data: Data, database: str, match: re.Match[str]) -> Result:
    _tables(data, match[1])
    return _done(data, match[1])


def _show_databases(data: Data, database: str, match: re.Match[str]) -> Result:
    names = sorted(["information_schema", "mysql", "performance_schema", "sys", *data["databases"]])
    return Result(["Database"], [[name] for name in names], data, database, len(names))


def _show_tables(data: Data, database: str, match: re.Match[str]) -> Result:
    names = sorted(_tables(data, database))
    return Result([f"Tables_in_{database}"], [[name] for name in names], data, database, len(names))


def _literals(data: Data, database: str, match: re.Match[str]) -> Result:
    values = re.findall(_LITERAL, match[1], re.IGNORECASE)
    names = [one.strip("'\"") for one in values]
    return Result(names, [[literal(one) for one in values]], data, database, 1)


_IF = r"(IF\s+(?:NOT\s+)?EXISTS\s+)?"
_HANDLERS = (
    (rf"CREATE\s+(?:DATABASE|SCHEMA)\s+{_IF}{_NAME}.*", _create_database),
    (rf"DROP\s+(?:DATABASE|SCHEMA)\s+{_IF}{_NAME}", _drop_database),
    (rf"CREATE\s+TABLE\s+{_IF}{_TABLE}\s*\((.*)\)[^)]*", _create_table),
    (rf"DROP\s+TABLE\s+{_IF}{_TABLE}", _drop_table),
    (rf"(?:INSERT|REPLACE)\s+INTO\s+{_TABLE}\s*(?:\(([^)]*)\))?\s*VALUES\s*(.*)", _insert),
    (
        rf"SELECT\s+(.*?)\s+FROM\s+{_TABLE}(?:\s+WHERE\s+(.*?))?"
        rf"(?:\s+ORDER\s+BY\s+{_NAME}(?:\s+(ASC|DESC))?)?(?:\s+LIMIT\s+(\d+))?",
        _select,
    ),
    (rf"UPDATE\s+{_TABLE}\s+SET\s+(.*?)(?:\s+WHERE\s+(.*))?", _update),
    (rf"DELETE\s+FROM\s+{_TABLE}(?:\s+WHERE\s+(.*))?", _delete),
    (rf"USE\s+{_NAME}", _use),
    (r"SHOW\s+DATABASES", _show_databases),
    (r"SHOW\s+TABLES", _show_tables),
    (rf"SELECT\s+({_LITERAL}(?:\s*,\s*{_LITERAL})*)", _literals),
)
