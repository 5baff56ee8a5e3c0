"""Arrays of bash: where their elements stand among a shell's variables.

An element is the variable `name[index]`, so that all that is kept of a shell is text under a name.
The first one is the variable `name` as well, because `$name` means it. An array whose indexes are
words has the mark `name[]`.

Models bash's arrays (bash(1), Arrays), as far as manifests use them.
"""

from __future__ import annotations

Variables = dict[str, str]


def declare_associative(variables: Variables, name: str) -> None:
    """Let the indexes of an array be words (`declare -A`)."""
    variables.setdefault(f"{name}[]", "")


def is_associative(variables: Variables, name: str) -> bool:
    """Whether the indexes of an array are words."""
    return f"{name}[]" in variables


def elements(variables: Variables, name: str) -> list[tuple[str, str]]:
    """Index and value of each element: by number, or in the order in which they came."""
    start = f"{name}["
    found = [
        (key[len(start) : -1], value)
        for key, value in variables.items()
        if key.startswith(start) and len(key) > len(start) + 1
    ]
    if not found and not is_associative(variables, name):
        return [("0", variables[name])] if name in variables else []
    if not is_associative(variables, name):
        found.sort(key=lambda element: int(element[0]))
    return found


def put(variables: Variables, name: str, index: str, value: str) -> None:
    """Set an element. What was a plain variable becomes the first one."""
    is_first = index == "0" and not is_associative(variables, name)
    if not is_first and name in variables and f"{name}[0]" not in variables:
        variables[f"{name}[0]"] = variables[name]
    variables[f"{name}[{index}]"] = value
    if is_first:
        variables[name] = value


def put_all(variables: Variables, name: str, values: list[tuple[str | None, str]], append: bool) -> None:
    """Set an array to some values, each with its index or behind the one before."""
    if not append:
        mark = is_associative(variables, name)
        clear(variables, name)
        if mark:
            declare_associative(variables, name)
    following = _following(variables, name)
    for index, value in values:
        key = str(following) if index is None else index
        put(variables, name, key, value)
        if not is_associative(variables, name):
            following = int(key) + 1


def _following(variables: Variables, name: str) -> int:
    """The index behind the last element."""
    if is_associative(variables, name):
        return 0
    return max([int(index) + 1 for index, _ in elements(variables, name)], default=0)


def clear(variables: Variables, name: str) -> None:
    """Forget a variable with all of its elements."""
    for key in [one for one in variables if one == name or one.startswith(f"{name}[")]:
        del variables[key]


def resolved(variables: Variables, name: str, index: int) -> str:
    """An index as it is kept: a negative one counts from the end."""
    return str(index if index >= 0 else _following(variables, name) + index)
