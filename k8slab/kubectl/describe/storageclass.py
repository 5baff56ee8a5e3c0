"""What `kubectl describe` says of a StorageClass.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, annotations_of
from k8slab.api.printers._format import bool_text, format_labels
from k8slab.kubectl.describe._parts import requirement_lines, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page

_DEFAULTS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _describe(page: Page, obj: Obj, context: Context) -> None:
    notes = annotations_of(obj)
    is_default = "true" in [notes.get(name) for name in _DEFAULTS]
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    page.write(0, f"IsDefaultClass:\t{'Yes' if is_default else 'No'}\n")
    page.write(0, f"Annotations:\t{format_labels(notes)}\n")
    page.write(0, f"Provisioner:\t{obj.get('provisioner', '')}\n")
    page.write(0, f"Parameters:\t{format_labels(obj.get('parameters'))}\n")
    page.write(0, f"AllowVolumeExpansion:\t{bool_text(obj.get('allowVolumeExpansion'))}\n")
    page.write(0, "MountOptions:\n" if obj.get("mountOptions") else "MountOptions:\t<none>\n")
    for option in obj.get("mountOptions") or ():
        page.write(1, f"{option}\n")
    for title, name in (("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")):
        if obj.get(name) is not None:
            page.write(0, f"{title}:\t{obj[name]}\n")
    topologies = obj.get("allowedTopologies")
    if topologies is not None:
        page.write(0, "AllowedTopologies:\t")
        page.line("" if topologies else "<none>")
    for position, term in enumerate(topologies or ()):
        requirements = [
            (one["key"], "in", one.get("values")) for one in term.get("matchLabelExpressions") or ()
        ]
        requirement_lines(page, 1, f"Term {position}", requirements)
    show_events(page, context, obj)


DESCRIBER = Describer("storage.k8s.io", _describe)
