"""Printing whole objects for any command's `-o`."""

from __future__ import annotations

from collections.abc import Sequence

from k8slab.api.meta import Obj
from k8slab.kubectl.command import KubectlError
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.get_text import GetFlags, object_printer
from k8slab.kubectl.output.errors import OutputError
from k8slab.kubectl.session import Session

OUTPUT_FLAGS = (
    Flag("output", "o"),
    Flag("template"),
    Flag("allow-missing-template-keys", type="bool", default=True),
    Flag("show-managed-fields", type="bool"),
)


def print_objects(session: Session, objects: Sequence[Obj], output: str) -> None:
    """Print one object by itself, several in a List. KubectlError for an unknown format."""
    flags = GetFlags(
        output=output,
        template=session.flags.get("template", ""),
        show_managed_fields=session.flags.get("show-managed-fields", False),
        allow_missing_template_keys=session.flags.get("allow-missing-template-keys", True),
    )
    if len(objects) == 1:
        shown = objects[0]
    else:
        shown = {
            "apiVersion": "v1",
            "items": list(objects),
            "kind": "List",
            "metadata": {"resourceVersion": ""},
        }
    try:
        session.write(object_printer(flags, session.client.read_file)(shown))
    except OutputError as error:
        session.write(error.printed)
        raise KubectlError(f"error: {error}\n") from error
