"""`kubectl edit`: change objects as text; in a notebook the cell is the editor.

`%kubectl edit TYPE/NAME` prints the text; `%%kubectl edit TYPE/NAME` stores the text of the cell.

Models staging/src/k8s.io/kubectl/pkg/cmd/edit/edit.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.last_applied import VALIDATE
from k8slab.kubectl.printing import FIELD_MANAGER, OUTPUT_FLAGS
from k8slab.kubectl.resources import FILE_FLAGS
from k8slab.kubectl.verbs._editing import EDIT_FLAGS, edit_objects

VERB = Verb(
    "edit",
    edit_objects,
    (
        *FILE_FLAGS,
        *OUTPUT_FLAGS,
        *EDIT_FLAGS,
        FIELD_MANAGER,
        VALIDATE,
        Flag("output-patch", type="bool"),
        Flag("subresource"),
    ),
    summary="Edit a resource on the server",
)
