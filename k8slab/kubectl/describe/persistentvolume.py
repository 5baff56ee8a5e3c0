"""What `kubectl describe` says of a PersistentVolume.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.go_text import sprint
from k8slab.api.meta import Obj, dig
from k8slab.api.printers._format import access_modes, storage_class_of
from k8slab.kubectl.describe._parts import labels_and_annotations, requirement_lines, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page
from k8slab.kubectl.describe._volumes import PERSISTENT_SOURCES, lifetime_status, source


def _describe(page: Page, obj: Obj, context: Context) -> None:
    spec = obj["spec"]
    page.write(0, f"Name:\t{obj['metadata']['name']}\n")
    labels_and_annotations(page, obj)
    page.write(0, f"Finalizers:\t{sprint(obj['metadata'].get('finalizers') or [])}\n")
    page.write(0, f"StorageClass:\t{storage_class_of(obj)}\n")
    page.write(0, f"Status:\t{lifetime_status(obj, context.now_us)}\n")
    claim = spec.get("claimRef")
    page.write(
        0, f"Claim:\t{claim.get('namespace', '')}/{claim.get('name', '')}\n" if claim else "Claim:\t\n"
    )
    page.write(0, f"Reclaim Policy:\t{spec.get('persistentVolumeReclaimPolicy', '')}\n")
    page.write(0, f"Access Modes:\t{access_modes(spec.get('accessModes'))}\n")
    if spec.get("volumeMode") is not None:
        page.write(0, f"VolumeMode:\t{spec['volumeMode']}\n")
    page.write(0, f"Capacity:\t{dig(spec, 'capacity', 'storage', default='0')}\n")
    _node_affinity(page, dig(spec, "nodeAffinity", "required"))
    page.write(0, f"Message:\t{dig(obj, 'status', 'message', default='')}\n")
    page.write(0, "Source:\n")
    source(page, spec, PERSISTENT_SOURCES)
    show_events(page, context, obj)


def _node_affinity(page: Page, required: Obj | None) -> None:
    """On which nodes the volume can be used."""
    page.write(0, "Node Affinity:\t")
    if required is None:
        page.line("<none>")
        return
    page.line()
    page.write(1, "Required Terms:\t")
    terms = required.get("nodeSelectorTerms") or ()
    page.line("" if terms else "<none>")
    for position, term in enumerate(terms):
        requirements = [
            (one["key"], one["operator"].lower(), one.get("values"))
            for one in term.get("matchExpressions") or ()
        ]
        requirement_lines(page, 2, f"Term {position}", requirements)


DESCRIBER = Describer("", _describe)
