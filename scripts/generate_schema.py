"""Generate k8slab/api/data/schema.json.gz: the facts of every API type of Kubernetes v1.36, without prose.

Two sources, because neither knows everything:

* the `kubernetes-validate` package carries the published OpenAPI definitions:
  which types there are, which fields are required, list types and map keys,
  patch strategies and merge keys, enums;
* a checkout of Kubernetes v1.36 (`--kubernetes DIR`) holds the Go types: the
  order of fields, pointers, `omitempty`, named types, inlined structs and
  `+default` markers, all of which decide what a server gives back.

Without a checkout the Go facts are carried over from the file as it stands, so
that anyone can check that the OpenAPI part is what the package says:

    python scripts/generate_schema.py --check
    python scripts/generate_schema.py --kubernetes ~/src/kubernetes
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import sys
from importlib import resources
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "k8slab" / "api" / "data" / "schema.json.gz"
DEFINITIONS = "kubernetes-json-schema/v1.36.0-local/_definitions.json"
PREFIX = "io.k8s."

# Where the Go package of a definition lives, by the start of its name.
PACKAGES = (
    ("api.", "staging/src/k8s.io/api/"),
    ("apimachinery.", "staging/src/k8s.io/apimachinery/"),
    ("apiextensions-apiserver.", "staging/src/k8s.io/apiextensions-apiserver/"),
    ("kube-aggregator.", "staging/src/k8s.io/kube-aggregator/"),
)

# Types whose JSON is not what their Go fields say, because they marshal themselves.
OWN_MARSHALLING = {
    "apimachinery.pkg.api.resource.Quantity": "quantity",
    "apimachinery.pkg.util.intstr.IntOrString": "intorstring",
    "apimachinery.pkg.apis.meta.v1.Time": "time",
    "apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "apimachinery.pkg.apis.meta.v1.Duration": "duration",
    "apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "apimachinery.pkg.apis.meta.v1.Patch": "any",
    "apimachinery.pkg.runtime.RawExtension": "any",
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "any",
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "any",
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "any",
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "any",
}

BASIC = {
    "string": "string",
    "bool": "bool",
    "int": "int64",
    "int32": "int32",
    "int64": "int64",
    "uint32": "int64",
    "float64": "float64",
    "float32": "float64",
    "[]byte": "bytes",
    "any": "any",
    "interface{}": "any",
}

# Keys of a field's facts, and the OpenAPI extension or key that each one holds.
EXTENSIONS = {
    "listType": "x-kubernetes-list-type",
    "listKeys": "x-kubernetes-list-map-keys",
    "mapType": "x-kubernetes-map-type",
    "strategy": "x-kubernetes-patch-strategy",
    "mergeKey": "x-kubernetes-patch-merge-key",
    "enum": "enum",
}


def read_definitions() -> dict[str, Any]:
    """The OpenAPI definitions by name without the common prefix."""
    text = resources.files("kubernetes_validate").joinpath(DEFINITIONS).read_text("utf-8")
    return {name.removeprefix(PREFIX): value for name, value in json.loads(text)["$defs"].items()}


# The Go side.

STRUCT = re.compile(r"^type (\w+) struct ?\{(\})?")
NAMED = re.compile(r"^type (\w+) =? ?([\w.\[\]*]+)(?:\s*//.*)?$")
FIELD = re.compile(r"^\t(?:(\w+)\s+)?([\w.\[\]*{}]+)\s+`([^`]*)`")
TAG = re.compile(r'json:"([^"]*)"')
DEFAULT = re.compile(r"^\t// \+default=(.*)$")
IMPORT = re.compile(r'^(?:\t|import )(?:(\w+) )?"(k8s\.io/[^"]+)"')


def package_name(path: str) -> str:
    """`api.core.v1` for the import path `k8s.io/api/core/v1`."""
    return path.removeprefix("k8s.io/").replace("/", ".")


class GoPackage:
    """The structs and named types of one Go package, read from its sources line by line."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.structs: dict[str, list[dict[str, Any]]] = {}
        self.named: dict[str, str] = {}
        for path in sorted(directory.glob("*.go")):
            if not path.name.startswith("zz_") and not path.name.endswith(("_test.go", ".pb.go")):
                self._read(path.read_text("utf-8"))

    def _read(self, text: str) -> None:
        imports: dict[str, str] = {}
        fields: list[dict[str, Any]] | None = None
        default: Any = None
        for line in text.splitlines():
            if found := IMPORT.match(line):
                alias = found[1] or found[2].rsplit("/", 1)[1]
                imports[alias] = package_name(found[2])
            elif found := STRUCT.match(line):
                self.structs[found[1]] = []
                fields = None if found[2] else self.structs[found[1]]
            elif line == "}":
                fields = None
            elif fields is None:
                if found := NAMED.match(line):
                    self.named[found[1]] = self._resolve(found[2], imports)
            elif found := DEFAULT.match(line):
                default = read_default(found[1])
            elif found := FIELD.match(line):
                if tag := TAG.search(found[3]):
                    fields.append(self._field(found[1], found[2], tag[1], default, imports))
                default = None

    def _field(
        self, go_name: str | None, go_type: str, tag: str, default: Any, imports: dict[str, str]
    ) -> dict[str, Any]:
        name, *options = tag.split(",")
        field = {"name": name, "type": self._resolve(go_type, imports)}
        if "inline" in options or (go_name is None and not name):
            field["inline"] = go_name or go_type.rsplit(".", 1)[-1].lstrip("*")
        if "omitempty" in options:
            field["omit"] = "empty"
        if "omitzero" in options:
            field["omit"] = "zero"
        if default is not None:
            field["default"] = default
        return field

    def _resolve(self, go_type: str, imports: dict[str, str]) -> str:
        """The type in the file's own notation; see `k8slab.api.schema`."""
        if go_type in BASIC:
            return BASIC[go_type]
        if go_type.startswith("*"):
            return "*" + self._resolve(go_type[1:], imports)
        if go_type.startswith("[]"):
            return "[]" + self._resolve(go_type[2:], imports)
        if go_type.startswith("map["):
            return "map:" + self._resolve(go_type.partition("]")[2], imports)
        alias, dot, name = go_type.rpartition(".")
        package = imports.get(alias, alias) if dot else self.name
        return f"#{package}.{name}"


def read_default(text: str) -> Any:
    """A `+default=` marker's value; `ref(…)` is left out, as it names a Go constant."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def read_go(root: Path, names: list[str]) -> dict[str, Any]:
    """The Go facts of the named definitions, and of all the named types that they reach."""
    packages: dict[str, GoPackage | None] = {}

    def package_of(name: str) -> GoPackage | None:
        package = name.rpartition(".")[0]
        if package not in packages:
            directory = next(
                (root / base / package.removeprefix(start).replace(".", "/") for start, base in PACKAGES
                 if package.startswith(start)),
                None,
            )  # fmt: skip
            exists = directory is not None and directory.is_dir()
            packages[package] = GoPackage(package, directory) if exists and directory else None
        return packages[package]

    types: dict[str, Any] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name in types:
            continue
        if name in OWN_MARSHALLING:
            types[name] = {"is": OWN_MARSHALLING[name]}
            continue
        package = package_of(name)
        short = name.rpartition(".")[2]
        if package is not None and short in package.structs:
            types[name] = {"fields": package.structs[short]}
            wanted += [reference(field["type"]) for field in package.structs[short]]
        elif package is not None and short in package.named:
            types[name] = {"is": package.named[short]}
            wanted.append(reference(package.named[short]))
        else:
            print(f"no Go type for {name}", file=sys.stderr)
        wanted = [one for one in wanted if one]
    return types


def reference(expression: str) -> str:
    """The name of the type that an expression refers to, or nothing."""
    return expression.partition("#")[2]


def read_unserved(root: Path, served: set[str]) -> dict[str, list[str]]:
    """Kinds that are registered in versions of which no type is published, by apiVersion."""
    unserved: dict[str, list[str]] = {}
    for path in sorted((root / PACKAGES[0][1]).glob("*/*/register.go")):
        text = path.read_text("utf-8")
        group = re.search(r'^const GroupName = "([^"]*)"', text, re.MULTILINE)
        version = f"{group[1]}/{path.parent.name}" if group and group[1] else path.parent.name
        if version not in served:
            unserved[version] = sorted(set(re.findall(r"&(\w+)\{\}", text)))
    return unserved


def flatten(name: str, go: dict[str, Any], through: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """A struct's fields in Go's order with inlined structs laid out, each with the path it came by."""
    fields = []
    for field in go[name]["fields"]:
        if "inline" in field:
            inner = reference(field["type"])
            while reference(go.get(inner, {}).get("is", "")):
                inner = reference(go[inner]["is"])
            if "fields" in go.get(inner, ()):
                fields += flatten(inner, go, (*through, field["inline"]))
        elif field["name"] and field["name"] != "-":
            fields.append({**field, **({"through": ".".join(through)} if through else {})})
    return fields


# The OpenAPI side, and both together.


def openapi_facts(definition: dict[str, Any], name: str) -> dict[str, Any]:
    """What OpenAPI adds to one field."""
    prop = definition["properties"].get(name, {})
    facts = {key: prop[extension] for key, extension in EXTENSIONS.items() if extension in prop}
    if name in ("apiVersion", "kind"):
        facts.pop("enum", None)
    if name in definition.get("required", ()):
        facts["required"] = 1
    if isinstance(prop.get("format"), str):
        facts["format"] = prop["format"]
    return facts


def merge(definitions: dict[str, Any], go: dict[str, Any], unserved: dict[str, list[str]]) -> dict[str, Any]:
    """The whole file: kinds, and types with their fields as [name, type, facts]."""
    kinds: dict[str, str] = {}
    types: dict[str, Any] = {}
    for name in sorted({*definitions, *go}):
        definition = definitions.get(name, {})
        entry: dict[str, Any] = {}
        if name in go and "is" in go[name]:
            entry["is"] = go[name]["is"]
        elif name in go:
            entry["fields"] = []
            for field in flatten(name, go):
                facts = {key: field[key] for key in ("omit", "default", "through") if key in field}
                if "properties" in definition:
                    facts |= openapi_facts(definition, field["name"])
                entry["fields"].append([field["name"], field["type"], facts])
        for key, extension in (("mapType", "x-kubernetes-map-type"), ("unions", "x-kubernetes-unions")):
            if extension in definition:
                entry[key] = definition[extension]
        gvks = definition.get("x-kubernetes-group-version-kind", ())
        for gvk in gvks:
            if len(gvks) == 1:
                version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
                kinds[f"{version} {gvk['kind']}"] = name
        types[name] = entry
    return {"kubernetes": "v1.36", "kinds": kinds, "types": types, "unserved": unserved}


def go_facts(data: dict[str, Any]) -> dict[str, Any]:
    """The Go side of a file that was generated before (inlined structs are already laid out)."""
    go: dict[str, Any] = {}
    for name, entry in data["types"].items():
        if "is" in entry:
            go[name] = {"is": entry["is"]}
        elif "fields" in entry:
            go[name] = {
                "fields": [
                    {"name": field, "type": kind,
                     **{key: facts[key] for key in ("omit", "default", "through") if key in facts}}
                    for field, kind, facts in entry["fields"]
                ]
            }  # fmt: skip
    return go


def served_versions(definitions: dict[str, Any]) -> set[str]:
    """Every apiVersion that has a published kind."""
    return {
        f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
        for definition in definitions.values()
        for gvk in definition.get("x-kubernetes-group-version-kind", ())
        if gvk["kind"] not in ("DeleteOptions", "WatchEvent")
    }


def pack(data: dict[str, Any]) -> bytes:
    """The file's bytes: the same for the same data, whenever and wherever it is written."""
    text = json.dumps(data, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0, filename="") as packed:
        packed.write(text.encode())
    return buffer.getvalue()


def main() -> int:
    """Write the file, or with --check say whether it is what the sources give."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kubernetes", type=Path, help="a checkout of Kubernetes v1.36")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    arguments = parser.parse_args()
    definitions = read_definitions()
    if arguments.kubernetes:
        go = read_go(arguments.kubernetes, sorted(definitions))
        unserved = read_unserved(arguments.kubernetes, served_versions(definitions))
    else:
        present = json.loads(gzip.decompress(TARGET.read_bytes()))
        go, unserved = go_facts(present), present["unserved"]
    data = merge(definitions, go, unserved)
    if arguments.check:
        same = data == json.loads(gzip.decompress(TARGET.read_bytes()))
        print("the schema is up to date" if same else "the schema differs from its sources")
        return 0 if same else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(pack(data))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
