"""What the fields mean that every object has, in this project's own words.

A server tells it of custom kinds, whose definitions describe only what is their own.
"""

from __future__ import annotations

API_VERSION_TEXT = "APIVersion defines the version of the schema that this object follows."
KIND_TEXT = "Kind is the name of the type of this object, in CamelCase."
METADATA_TEXT = "Standard object's metadata."
METADATA_TEXTS = {
    "annotations": "Annotations are notes of tools and people; nothing is selected by them.",
    "creationTimestamp": "CreationTimestamp is a timestamp of when the server first stored the object.",
    "deletionGracePeriodSeconds": "How long the object may take to go, once it is being deleted.",
    "deletionTimestamp": "DeletionTimestamp is when the object is to be gone; it is set by a deletion.",
    "finalizers": "Who must have a hand in before the object goes; it is removed when the list is empty.",
    "generateName": "GenerateName is the beginning of a name that the server completes.",
    "generation": "Generation counts the versions of what is wanted.",
    "labels": "Labels are names and values by which objects are selected.",
    "managedFields": "Which field each manager owns, for server-side apply.",
    "name": "Name is unique within a namespace and a kind.",
    "namespace": "Namespace is the space in which the name is unique.",
    "ownerReferences": "The objects that this one depends on; with the last of them it is collected.",
    "resourceVersion": "ResourceVersion says which version of the object this is.",
    "selfLink": "SelfLink is no longer set.",
    "uid": "UID tells this object from all others, those of the same name included.",
}
"""What the fields of ObjectMeta mean."""
