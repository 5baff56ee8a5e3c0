"""VolumeAttachment. Models pkg/registry/storage/volumeattachment/strategy.go, v1.36."""

from __future__ import annotations

from k8slab.api.kind import Kind
from k8slab.api.kinds._defaulting import defaulter, zero_of
from k8slab.api.kinds._pod_spec import POD_TABLE
from k8slab.api.kinds._strategy import on_create, on_status, on_update

KIND = Kind(
    kind="VolumeAttachment",
    group="storage.k8s.io",
    version="v1",
    plural="volumeattachments",
    singular="volumeattachment",
    namespaced=False,
    subresources=("status",),
    default=defaulter("api.storage.v1.VolumeAttachment", POD_TABLE),
    prepare_create=on_create(status=zero_of("api.storage.v1.VolumeAttachmentStatus")),
    prepare_update=on_update(),
    prepare_status=on_status(strict=True),
    unconditional_update=False,
)
