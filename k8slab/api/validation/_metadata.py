"""What every object's metadata must hold to, on create and on update.

Labels and annotations that an update shares with the stored object were checked
when they were stored and are not looked at again.

Models staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go and
pkg/apis/meta/v1/validation/validation.go, pkg/apis/core/validation/validation.go,
staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from k8slab.api.errors import Cause
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._field import (
    IMMUTABLE,
    all_invalid,
    forbidden,
    invalid,
    quote,
    required,
    too_long,
)
from k8slab.api.validation._names import (
    NameRule,
    byte_length,
    dns_label,
    dns_subdomain,
    label_key,
    label_value,
    masked,
    path_segment,
)
from k8slab.api.validation._shape import shape, tagged

ANNOTATIONS_LIMIT_BYTES = 256 * 1024
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def validate_labels(labels: Mapping[str, str] | None, path: str) -> list[Cause]:
    """Keys and values of labels."""
    if not labels:
        return []
    for key, value in labels.items():
        if label_key(key) or label_value(value):
            break
    else:
        return []
    causes: list[Cause] = []
    for key in sorted(labels):
        causes += all_invalid(path, key, label_key(key))
        causes += all_invalid(path, labels[key], label_value(labels[key]))
    return causes


def validate_label_name(name: str, path: str) -> list[Cause]:
    """The key of a label."""
    return all_invalid(path, name, label_key(name))


def validate_annotations(annotations: Mapping[str, str] | None, path: str) -> list[Cause]:
    """Keys of annotations, and their size together."""
    if not annotations:
        return []
    causes: list[Cause] = []
    for key in sorted(annotations):
        causes += all_invalid(path, key, label_key(key.lower()))
    size_bytes = sum(byte_length(key) + byte_length(value) for key, value in annotations.items())
    if size_bytes > ANNOTATIONS_LIMIT_BYTES:
        causes.append(too_long(path, ANNOTATIONS_LIMIT_BYTES))
    return causes


def validate_label_selector(selector: Any, path: str, *, lax_values: bool = False) -> list[Cause]:
    """A LabelSelector; None is fine."""
    if selector is None:
        return []
    causes = validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        causes += selector_requirement(requirement, where, lax_values=lax_values)
    return causes


def selector_requirement(
    requirement: Obj, path: str, *, lax_values: bool = False, lax_operator: bool = False
) -> list[Cause]:
    """One expression of a LabelSelector."""
    causes: list[Cause] = []
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            causes.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            causes.append(
                forbidden(
                    f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                )
            )
    elif not lax_operator:
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    causes += validate_label_name(requirement.get("key") or "", f"{path}.key")
    if not lax_values:
        for index, value in enumerate(values):
            causes += all_invalid(f"{path}.values[{index}]", value, label_value(value))
    return causes


def selector_is_broken(selector: Any) -> bool:
    """Whether `metav1.LabelSelectorAsSelector` cannot turn this into a selector."""
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if label_key(key) or label_value(value):
            return True
    for requirement in selector.get("matchExpressions") or ():
        operator, values = requirement.get("operator") or "", requirement.get("values") or ()
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            return True
        if (operator in ("In", "NotIn")) != bool(values):
            return True
        if label_key(requirement.get("key") or "") or any(label_value(value) for value in values):
            return True
    return False


_SHORT, _FEW = 1000, 64
"""So many letters an annotation and so many annotations are together below the limit, whatever they are."""


def _is_plainly_good(metadata: Obj, namespaced: bool, name_rule: NameRule) -> bool:
    """Whether there is nothing to say, as for nearly every object: cheaper than to look for faults."""
    name, prefix, namespace = metadata.get("name"), metadata.get("generateName"), metadata.get("namespace")
    if not name or name_rule(name):
        return False
    if prefix and name_rule(prefix[:-2] + "a" if prefix.endswith("-") else prefix):
        return False
    if bool(namespace) is not namespaced or (namespace and dns_label(namespace)):
        return False
    for key, value in (metadata.get("labels") or {}).items():
        if label_key(key) or label_value(value):
            return False
    for key, value in (metadata.get("annotations") or {}).items():
        if label_key(key.lower()) or len(key) + len(value) > _SHORT:
            return False
    for finalizer in metadata.get("finalizers") or ():
        if "/" not in finalizer or label_key(finalizer):
            return False
    references = metadata.get("ownerReferences") or ()
    if (
        len(metadata.get("annotations") or ()) > _FEW
        or len(references) > 1
        or (references and _validate_owner_reference(references[0], ""))
    ):
        return False
    return (metadata.get("generation") or 0) >= 0


def validate_metadata(
    metadata: Obj,
    namespaced: bool,
    name_rule: NameRule,
    path: str = "metadata",
    *,
    finalizer_names: bool = True,
    generated_names: bool = True,
) -> list[Cause]:
    """The metadata of a new object, whose name has been generated."""
    if _is_plainly_good(metadata, namespaced, name_rule):
        return []
    causes: list[Cause] = []
    prefix, name = metadata.get("generateName"), metadata.get("name")
    if prefix and generated_names:
        causes += all_invalid(f"{path}.generateName", prefix, masked(name_rule)(prefix))
    if not name:
        causes.append(required(f"{path}.name", "name or generateName is required"))
    else:
        messages = name_rule(name)
        if messages:
            causes += all_invalid(f"{path}.name", name, messages)
    causes += _validate_scope(metadata.get("namespace"), namespaced, f"{path}.namespace")
    if (metadata.get("generation") or 0) < 0:
        causes.append(
            invalid(f"{path}.generation", metadata["generation"], "must be greater than or equal to 0")
        )
    causes += validate_labels(metadata.get("labels"), f"{path}.labels")
    causes += validate_annotations(metadata.get("annotations"), f"{path}.annotations")
    causes += validate_owner_references(metadata.get("ownerReferences"), f"{path}.ownerReferences")
    finalizers = metadata.get("finalizers")
    if finalizers:
        causes += validate_finalizers(finalizers, f"{path}.finalizers")
        if finalizer_names:
            causes += standard_finalizers(finalizers, f"{path}.finalizers")
    return causes


def _validate_scope(namespace: str | None, namespaced: bool, path: str) -> list[Cause]:
    if not namespaced:
        return [forbidden(path, "not allowed on this type")] if namespace else []
    if not namespace:
        return [required(path)]
    messages = dns_label(namespace)
    return all_invalid(path, namespace, messages) if messages else []


def validate_owner_references(references: Sequence[Obj] | None, path: str) -> list[Cause]:
    """Complete references, of which at most one controls."""
    if not references:
        return []
    causes: list[Cause] = []
    controller = ""
    for reference in references:
        causes += _validate_owner_reference(reference, path)
        if reference.get("controller"):
            this = f"{reference.get('kind') or ''}/{reference.get('name') or ''}"
            if controller:
                shown = [tagged("OwnerReference", one) for one in references]
                causes.append(
                    invalid(
                        path,
                        shown,
                        "Only one reference can have Controller set to true. "
                        f'Found "true" in references for {controller} and {this}',
                    )
                )
            else:
                controller = this
    return causes


def _validate_owner_reference(reference: Obj, path: str) -> list[Cause]:
    api_version = reference.get("apiVersion") or ""
    if api_version and "/" in api_version and api_version.count("/") == 1 and not api_version.endswith("/"):
        if reference.get("kind") and reference.get("name") and reference.get("uid"):
            return []
    group, _, version = api_version.rpartition("/")
    kind = reference.get("kind") or ""
    causes: list[Cause] = []
    if not version or api_version.count("/") > 1:
        causes.append(invalid(f"{path}.apiVersion", api_version, "version must not be empty"))
    for name, value in (("kind", kind), ("name", reference.get("name")), ("uid", reference.get("uid"))):
        if not value:
            causes.append(invalid(f"{path}.{name}", "", "must not be empty"))
    if (group, version, kind) == ("", "v1", "Event"):
        shown = tagged("OwnerReference", reference)
        causes.append(invalid(path, shown, "/v1, Kind=Event is disallowed from being an owner"))
    return causes


def validate_finalizers(finalizers: Sequence[str], path: str) -> list[Cause]:
    """Qualified names; the two ways of deleting dependents exclude each other."""
    causes: list[Cause] = []
    for finalizer in finalizers:
        causes += all_invalid(path, finalizer, label_key(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        causes.append(
            invalid(path, list(finalizers), "finalizer orphan and foregroundDeletion cannot be both set")
        )
    return causes


def standard_finalizers(finalizers: Sequence[str], path: str) -> list[Cause]:
    """A finalizer without a domain must be one of the standard ones."""
    return [
        invalid(
            f"{path}[{index}]",
            finalizer,
            "name is neither a standard finalizer name nor is it fully qualified",
        )
        for index, finalizer in enumerate(finalizers)
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS
    ]


_UNCHANGEABLE = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_TEXTS = ("name", "namespace", "uid")


def _validate_generic_update(new: Obj, old: Obj, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if old.get("deletionTimestamp") and new.get("finalizers"):
        kept = old.get("finalizers") or ()
        extra = sorted({one for one in new["finalizers"] if one not in kept})
        if extra:
            shown = f"[]string{{{', '.join(quote(one) for one in extra)}}}"
            causes.append(
                forbidden(
                    f"{path}.finalizers",
                    "no new finalizers can be added if the object is being deleted, "
                    f"found new finalizers {shown}",
                )
            )
    if not new.get("resourceVersion"):
        causes.append(invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (new.get("generation") or 0) < (old.get("generation") or 0):
        causes.append(invalid(f"{path}.generation", new.get("generation") or 0, "must not be decremented"))
    for name in _UNCHANGEABLE:
        value = new.get(name)
        if value != old.get(name):
            shown_value = (value or "") if name in _TEXTS else value
            causes.append(invalid(f"{path}.{name}", shown_value, IMMUTABLE))
    if new.get("labels") is not old.get("labels"):
        causes += validate_labels(new.get("labels"), f"{path}.labels")
    if new.get("annotations") is not old.get("annotations"):
        causes += validate_annotations(new.get("annotations"), f"{path}.annotations")
    if new.get("ownerReferences") is not old.get("ownerReferences"):
        causes += validate_owner_references(new.get("ownerReferences"), f"{path}.ownerReferences")
    return causes


def generic_update(new: Obj, old: Obj, *, namespaced: bool = True) -> list[Cause]:
    """What the server asks of the metadata of every replacement, whatever its kind.

    It is the check of a new object's metadata, names being any part of a path,
    and then that of a change.
    """
    if new is old:
        return []
    causes = [] if has_sound_names_of(new, old) else generic_create(new, namespaced)
    return causes + _validate_generic_update(new, old, "metadata")


_NAMES = ("name", "generateName", "namespace")
_MAPS_AND_LISTS = ("labels", "annotations", "ownerReferences")


def has_sound_names_of(new: Obj, old: Obj) -> bool:
    """Whether all that is asked of a new object's metadata was asked of this already, when it was stored.

    What a replacement shares with the stored object, as a controller's does, needs no second look.
    """
    for name in _MAPS_AND_LISTS:
        if new.get(name) is not old.get(name):
            return False
    for name in _NAMES:
        if new.get(name) != old.get(name):
            return False
    finalizers = new.get("finalizers")
    return (not finalizers or finalizers is old.get("finalizers")) and (new.get("generation") or 0) >= 0


def own_update(new: Obj, old: Obj, *, finalizer_names: bool = True) -> list[Cause]:
    """The same check of a change as most kinds repeat it, with the names of finalizers."""
    if new is old:
        return []
    causes = _validate_generic_update(new, old, "metadata")
    finalizers = new.get("finalizers")
    if finalizers and finalizer_names:
        causes += standard_finalizers(finalizers, "metadata.finalizers")
    return causes


def validate_metadata_update(
    new: Obj, old: Obj, *, namespaced: bool = True, finalizer_names: bool = True
) -> list[Cause]:
    """The metadata of a replacement: the server asks once for every kind alike, and the kind again."""
    return generic_update(new, old, namespaced=namespaced) + own_update(
        new, old, finalizer_names=finalizer_names
    )


def immutable_struct(struct: str, new: Any, old: Any, path: str, *, pointer: bool = True) -> list[Cause]:
    """A struct that may not change."""
    if new is old or new == old:
        return []
    shown = None if new is None and pointer else shape(struct, new)
    before = None if old is None and pointer else shape(struct, old)
    return [] if shown == before else [invalid(path, shown, IMMUTABLE)]


def generic_create(metadata: Obj, namespaced: bool) -> list[Cause]:
    """What the server asks of every kind alike after the kind's own rules have passed."""
    return validate_metadata(metadata, namespaced, path_segment, finalizer_names=False)


Check = Callable[[Obj], list[Cause]]
UpdateCheck = Callable[[Obj, Obj], list[Cause]]


def _no_update(new: Obj, old: Obj) -> list[Cause]:
    return []


def rules(
    create: Check,
    update: UpdateCheck = _no_update,
    *,
    namespaced: bool = True,
    name_rule: NameRule = dns_subdomain,
    status: UpdateCheck | None = None,
    warnings: Callable[[Obj, Obj | None], tuple[str, ...]] | None = None,
    recheck: str = "",
    own_metadata: bool = True,
    finalizer_names: bool = True,
    generated_names: bool = True,
) -> Rules:
    """Rules whose metadata part is the usual one: metadata first, then what is given.

    `recheck` says whether an update is asked the rules of creation too: not at
    all (""), "before" or "after" its own. `own_metadata` is False where the
    kind's rules don't repeat the server's check of the metadata's changes,
    `finalizer_names` where they let any finalizer pass, `generated_names` where
    they look at the name alone and not at what it was generated from.
    """

    def on_create(obj: Obj) -> list[Cause]:
        causes = validate_metadata(
            obj["metadata"],
            namespaced,
            name_rule,
            finalizer_names=finalizer_names,
            generated_names=generated_names,
        )
        return causes + create(obj)

    def on_update(new: Obj, old: Obj) -> list[Cause]:
        after, before = new["metadata"], old["metadata"]
        causes = generic_update(after, before, namespaced=namespaced)
        own = own_update(after, before, finalizer_names=finalizer_names) if own_metadata else []
        if recheck == "before":
            return causes + on_create(new) + own + update(new, old)
        causes += own + update(new, old)
        return causes + on_create(new) if recheck else causes

    def on_status(new: Obj, old: Obj) -> list[Cause]:
        after, before = new["metadata"], old["metadata"]
        if after is before:
            return status(new, old) if status is not None else []
        causes = generic_update(after, before, namespaced=namespaced)
        if own_metadata:
            causes += own_update(after, before, finalizer_names=finalizer_names)
        return causes + status(new, old) if status is not None else causes

    built = Rules(create=on_create, update=on_update, status=on_status)
    return built._replace(warnings=warnings) if warnings is not None else built


def name_warnings(metadata: Obj) -> list[str]:
    """A workload's name becomes part of its Pods' host names."""
    messages = dns_label(metadata.get("name") or "")
    if not messages:
        return []
    return [
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; "
        f"a DNS label is recommended: [{' '.join(messages)}]"
    ]


def generation_changed(new: Obj, old: Obj | None) -> bool:
    """Whether an update changed what the generation counts; True on create."""
    return old is None or new["metadata"].get("generation") != old["metadata"].get("generation")
