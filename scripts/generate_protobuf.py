"""Generate k8slab/server/data/protobuf.json.gz: the field numbers of every API type of Kubernetes v1.36.

They come from the `generated.proto` files of a checkout of Kubernetes; which
fields are inlined in JSON and which are left out when they are empty comes
from k8slab's own schema.

    python scripts/generate_protobuf.py ~/src/kubernetes
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

from k8slab.api import schema

TARGET = Path(__file__).parent.parent / "k8slab" / "server" / "data" / "protobuf.json.gz"
SOURCES = ("api", "apimachinery", "apiextensions-apiserver", "kube-aggregator")
SCALARS = {
    "string": "string",
    "bool": "bool",
    "int32": "int",
    "int64": "int",
    "uint32": "int",
    "uint64": "int",
    "bytes": "bytes",
    "double": "double",
    "float": "float",
}
EXTENSION = re.compile(r"xKubernetes([A-Z]\w+)")
"""Fields such as `x-kubernetes-list-type`, whose names in JSON are no words of protobuf."""
MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.DOTALL | re.MULTILINE)
FIELD = re.compile(
    r"^  (optional|repeated|required)? ?([\w.<>, ]+?) (\w+) = (\d+)(?: \[.*?\])?;", re.MULTILINE
)
MAP = re.compile(r"map<(\w+), ([\w.]+)>")


def main() -> int:
    """Write the file."""
    root = Path(sys.argv[1]) / "staging" / "src" / "k8s.io"
    sources = [path for source in SOURCES for path in sorted((root / source).rglob("generated.proto"))]
    messages: dict[str, Any] = {}
    for path in sources:
        text = re.sub(r"//[^\n]*", "", path.read_text())
        package = re.search(r"^package k8s\.io\.([\w.]+);", text, re.MULTILINE)
        if package is None:
            raise SystemExit(f"{path}: no package")
        place = package[1].replace("_", "-")
        for name, body in MESSAGE.findall(text):
            full = f"{place}.{name}"
            messages[full] = [entry(place, full, *found) for found in FIELD.findall(body)]
    data = json.dumps({"messages": needed(messages)}, separators=(",", ":"), sort_keys=True).encode()
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=9) as file:
        file.write(data)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(packed.getvalue())
    print(f"{TARGET.name}: {len(data)} bytes, {len(packed.getvalue())} packed")
    return 0


def entry(package: str, message: str, label: str, kind: str, name: str, number: str) -> list[Any]:
    """One field: number, name, type, and its flags: `=` inlined, `?` left out when empty."""
    name = json_name(message, name)
    found = MAP.match(kind)
    if found:
        expression = f"map:{type_of(package, found[2])}"
    else:
        expression = ("[]" if label == "repeated" else "") + type_of(package, kind)
    flags = ""
    if schema.has_type(message):
        field = schema.type_named(message).fields.get(name)
        if field is None and expression.startswith("#"):
            flags = "="
        elif field is not None and field.omit and not field.type.startswith("*"):
            flags = "?"
    return [int(number), name, expression, flags]


def json_name(message: str, name: str) -> str:
    """A field's name in JSON."""
    extension = EXTENSION.fullmatch(name)
    if extension is not None:
        return "x-kubernetes" + re.sub("[A-Z]", lambda found: "-" + found[0].lower(), extension[1])
    if message.endswith(".JSONSchemaProps") and name in ("schema", "ref"):
        return f"${name}"
    known = schema.type_named(message).fields if schema.has_type(message) else {}
    return next((one for one in known if one.lower() == name.lower()), name)


def type_of(package: str, kind: str) -> str:
    """A type's expression: a scalar, or `#` and the message's name."""
    kind = kind.lstrip(".")
    if kind in SCALARS:
        return SCALARS[kind]
    return "#" + (kind.removeprefix("k8s.io.").replace("_", "-") if "." in kind else f"{package}.{kind}")


def needed(messages: dict[str, Any]) -> dict[str, Any]:
    """The messages that the served kinds are made of."""
    meta = "apimachinery.pkg.apis.meta.v1"
    todo = [f"{meta}.{name}" for name in ("DeleteOptions", "Status", "WatchEvent", "PartialObjectMetadata")]
    todo += [f"{meta}.PartialObjectMetadataList", "apimachinery.pkg.runtime.Unknown"]
    for name in schema.kinds_of_types().values():
        todo += [name, f"{name}List"]
    found: dict[str, Any] = {}
    while todo:
        name = todo.pop()
        if name in found or name not in messages:
            continue
        found[name] = messages[name]
        todo += [field[2].partition("#")[2] for field in messages[name] if "#" in field[2]]
    return found


if __name__ == "__main__":
    sys.exit(main())
