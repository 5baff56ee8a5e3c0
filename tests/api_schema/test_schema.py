"""The generated schema: it is what its sources say, and it is cheap."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from k8slab.api import schema

SCRIPT = Path(__file__).parents[2] / "scripts" / "generate_schema.py"


def test_file_is_what_the_published_definitions_say() -> None:
    spec = importlib.util.spec_from_file_location("generate_schema", SCRIPT)
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    packed = script.TARGET.read_bytes()
    present = json.loads(script.gzip.decompress(packed))
    data = script.merge(script.read_definitions(), script.go_facts(present), present["unserved"])
    assert data == present
    assert script.pack(data) == packed


def test_every_reference_leads_to_a_type() -> None:
    for name in schema.type_names():
        named = schema.type_named(name)
        for expression in (named.same_as, *(field.type for field in named.fields.values())):
            reference = expression.partition("#")[2]
            assert not reference or schema.has_type(reference)


def test_importing_reads_nothing() -> None:
    code = "import k8slab.api.schema as s; assert s._data.cache_info().currsize == 0"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_facts_of_some_fields() -> None:
    container = schema.type_named("api.core.v1.Container")
    assert list(container.fields)[:4] == ["name", "image", "command", "args"]
    assert container.fields["name"].required
    ports = container.fields["ports"]
    assert (ports.list_type, ports.list_keys, ports.merge_key) == (
        "map",
        ("containerPort", "protocol"),
        "containerPort",
    )
    assert schema.go_type(ports.type) == "[]v1.ContainerPort"
    assert schema.go_type("#api.core.v1.ResourceList") == "v1.ResourceList"
    assert schema.base("#api.core.v1.ResourceList") == "map:#apimachinery.pkg.api.resource.Quantity"
    assert schema.type_named("api.core.v1.Volume").fields["emptyDir"].through == "VolumeSource"
    assert schema.type_of_kind("apps/v1", "Deployment") == "api.apps.v1.Deployment"
    assert schema.type_of_kind("v1", "Pods") == ""
    assert schema.only_registered("extensions/v1beta1", "Deployment")


def test_go_order() -> None:
    value = {
        "rules": [{"verbs": ["get"], "apiGroups": [""]}],
        "metadata": {"name": "r", "zz": 1, "labels": {"b": "1", "a": "2"}},
    }
    ordered = schema.in_go_order("#api.rbac.v1.Role", value)
    assert json.dumps(ordered) == (
        '{"metadata": {"name": "r", "labels": {"a": "2", "b": "1"}, "zz": 1}, '
        '"rules": [{"verbs": ["get"], "apiGroups": [""]}]}'
    )
