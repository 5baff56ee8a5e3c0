"""`kubectl auth reconcile`: roles and bindings brought up to what manifests say, without taking away more.

Models staging/src/k8s.io/kubectl/pkg/cmd/auth/reconcile.go and
component-helpers/auth/rbac/{reconciliation,validation}, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from k8slab.api.errors import ApiError
from k8slab.api.meta import Obj
from k8slab.kubectl.command import fail
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.printing import DRY_RUN, OUTPUT_FLAGS, dry_run, print_done
from k8slab.kubectl.resources import FILE_FLAGS, Info, from_files
from k8slab.kubectl.session import Session, path_of

RECONCILE_FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN,
    Flag("remove-extra-permissions", type="bool"),
    Flag("remove-extra-subjects", type="bool"),
)
_AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_ROLES = ("ClusterRole", "Role")
_BINDINGS = ("ClusterRoleBinding", "RoleBinding")
_RULE_FIELDS = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")


class Outcome(NamedTuple):
    """What an object should become, how it gets there, and which rules or subjects differ."""

    obj: Obj
    operation: str = ""
    missing: tuple[Obj, ...] = ()
    extra: tuple[Obj, ...] = ()


def reconcile(session: Session) -> None:
    """Bring every role and binding of the files up to date; other kinds are passed over."""
    if session.arguments:
        raise fail("no arguments are allowed")
    if not session.flags["filename"] and not session.flags["kustomize"]:
        raise fail("must specify one of -f and -k")
    if dry_run(session) == "server":
        raise fail("--dry-run=server for command reconcile is not supported yet")
    for info in from_files(session):
        if info.kind.kind in (*_ROLES, *_BINDINGS):
            _reconcile_one(session, info)


def _reconcile_one(session: Session, info: Info) -> None:
    if info.kind.namespaced and not info.namespace:
        # Nothing is looked up without a namespace, and before a write the namespace itself would be.
        _reconcile_nowhere(session, info)
        return
    try:
        existing: Obj | None = session.get(info.kind, info.namespace, info.name)
    except ApiError as error:
        if error.code != 404:
            raise
        existing = None
    if info.kind.kind in _ROLES:
        outcome = reconciled_role(existing, info.present, session.flags["remove-extra-permissions"])
    else:
        outcome = reconciled_binding(existing, info.present, session.flags["remove-extra-subjects"])
    annotations = (existing or {}).get("metadata", {}).get("annotations") or {}
    is_protected = bool(outcome.operation) and annotations.get(_AUTO_UPDATE) == "false"
    if outcome.operation and not is_protected and not dry_run(session):
        outcome = outcome._replace(obj=_write(session, info, outcome))
    print_done(session, outcome.obj, "reconciled")
    _tell(session, info, outcome, is_protected)


def _reconcile_nowhere(session: Session, info: Info) -> None:
    if not dry_run(session):
        raise fail("resource name may not be empty")
    field = "rules" if info.kind.kind in _ROLES else "subjects"
    outcome = Outcome(info.present, "create", tuple(info.present.get(field) or ()))
    print_done(session, outcome.obj, "reconciled")
    _tell(session, info, outcome, is_protected=False)


def _write(session: Session, info: Info, outcome: Outcome) -> Obj:
    place = path_of(info.kind, info.namespace)
    if outcome.operation == "recreate":
        session.request("DELETE", f"{place}/{info.name}")
    if outcome.operation == "update":
        answer: Obj = session.request("PUT", f"{place}/{info.name}", body=outcome.obj).body
        return answer
    created: Obj = session.request("POST", place, body=outcome.obj).body
    return created


def _tell(session: Session, info: Info, outcome: Outcome, is_protected: bool) -> None:
    if not outcome.operation:
        return
    caveat = f", but object opted out ({_AUTO_UPDATE}: false)" if is_protected else ""
    session.warn(f"\treconciliation required {outcome.operation}{caveat}\n")
    noun, flag = "rules", "remove-extra-permissions"
    if info.kind.kind in _BINDINGS:
        noun, flag = "subjects", "remove-extra-subjects"
    if outcome.missing:
        session.warn(f"\tmissing {noun} added:\n{_listed(noun, outcome.missing)}")
    if outcome.extra and session.flags[flag]:
        session.warn(f"\textra {noun} removed:\n{_listed(noun, outcome.extra)}")


def _listed(noun: str, items: Sequence[Obj]) -> str:
    show = _rule_text if noun == "rules" else _subject_text
    return "".join(f"\t\t{show(one)}\n" for one in items)


def _rule_text(rule: Obj) -> str:
    """A rule as Go's `%+v` prints it."""
    titles = ("Verbs", "APIGroups", "Resources", "ResourceNames", "NonResourceURLs")
    parts = [
        f"{title}:[{' '.join(rule.get(field) or ())}]"
        for title, field in zip(titles, _RULE_FIELDS, strict=True)
    ]
    return f"{{{' '.join(parts)}}}"


def _subject_text(subject: Obj) -> str:
    fields = (("Kind", "kind"), ("APIGroup", "apiGroup"), ("Name", "name"), ("Namespace", "namespace"))
    parts = [f"{title}:{subject.get(field, '')}" for title, field in fields]
    return f"{{{' '.join(parts)}}}"


# Roles.


def reconciled_role(existing: Obj | None, expected: Obj, remove_extra: bool) -> Outcome:
    """A role that allows what is expected; with `remove_extra` nothing else."""
    wanted = expected.get("rules") or []
    if existing is None:
        return Outcome(expected, "create", tuple(wanted))
    result, operation = _with_metadata(existing, expected)
    present = existing.get("rules") or []
    missing, extra = tuple(uncovered(present, wanted)), tuple(uncovered(wanted, present))
    if missing and not remove_extra:
        result, operation = {**result, "rules": [*present, *missing]}, "update"
    if remove_extra and (missing or extra):
        result, operation = {**result, "rules": wanted}, "update"
    aggregation = _aggregation(existing, expected, remove_extra)
    if aggregation != existing.get("aggregationRule"):
        result, operation = {**result, "aggregationRule": aggregation}, "update"
    return Outcome(result, operation, missing, extra)


def _aggregation(existing: Obj, expected: Obj, remove_extra: bool) -> Obj | None:
    """What the role should be put together from: nothing, where nothing is expected."""
    present, wanted = existing.get("aggregationRule"), expected.get("aggregationRule")
    if present is None or wanted is None or remove_extra:
        return wanted
    selectors = present.get("clusterRoleSelectors") or []
    missing = [one for one in wanted.get("clusterRoleSelectors") or () if one not in selectors]
    return {**present, "clusterRoleSelectors": [*selectors, *missing]} if missing else present


def _with_metadata(existing: Obj, expected: Obj) -> tuple[Obj, str]:
    """The object with the labels and annotations that are expected besides its own."""
    metadata = existing["metadata"]
    changed = dict(metadata)
    for field in ("annotations", "labels"):
        both = {**(metadata.get(field) or {}), **(expected["metadata"].get(field) or {})}
        if both != (metadata.get(field) or {}):
            changed[field] = both
    if changed == metadata:
        return existing, ""
    return {**existing, "metadata": changed}, "update"


def uncovered(owned: Sequence[Obj], asked: Sequence[Obj]) -> Iterator[Obj]:
    """Of the rules asked for, taken apart, those that no rule owned allows."""
    for rule in asked:
        for part in _parts(rule):
            if not any(_covers(one, part) for one in owned):
                yield part


def _parts(rule: Obj) -> Iterator[Obj]:
    """A rule for each verb on each resource (of each name), and on each path."""
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for verb in rule.get("verbs") or ():
                part = {"verbs": [verb], "apiGroups": [group], "resources": [resource]}
                for name in rule.get("resourceNames") or (None,):
                    yield part if name is None else {**part, "resourceNames": [name]}
    for url in rule.get("nonResourceURLs") or ():
        for verb in rule.get("verbs") or ():
            yield {"verbs": [verb], "nonResourceURLs": [url]}


def _covers(rule: Obj, part: Obj) -> bool:
    if not _has(rule.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        wanted = part["nonResourceURLs"][0]
        return any(
            url in ("*", wanted) or (url.endswith("*") and wanted.startswith(url[:-1]))
            for url in rule.get("nonResourceURLs") or ()
        )
    resource = part["resources"][0]
    below = f"*/{resource.partition('/')[2]}" if "/" in resource else ""
    names = rule.get("resourceNames") or ()
    return (
        _has(rule.get("apiGroups"), part["apiGroups"][0])
        and (_has(rule.get("resources"), resource) or (bool(below) and below in rule["resources"]))
        and (not names or (part.get("resourceNames") or [None])[0] in names)
    )


def _has(values: Sequence[str] | None, wanted: str) -> bool:
    return "*" in (values or ()) or wanted in (values or ())


# Bindings.


def reconciled_binding(existing: Obj | None, expected: Obj, remove_extra: bool) -> Outcome:
    """A binding of the expected role to the expected subjects; with `remove_extra` to nobody else."""
    wanted = expected.get("subjects") or []
    if existing is None:
        return Outcome(expected, "create", tuple(wanted))
    present = existing.get("subjects") or []
    if existing["roleRef"] != expected["roleRef"]:
        return Outcome(expected, "recreate")
    missing, extra = _beyond(wanted, present), _beyond(present, wanted)
    result, operation = _with_metadata(existing, expected)
    if missing and not remove_extra:
        result, operation = {**result, "subjects": [*present, *missing]}, "update"
    if remove_extra and (missing or extra):
        result, operation = {**result, "subjects": wanted}, "update"
    return Outcome(result, operation, missing, extra)


def _beyond(subjects: Sequence[Obj], others: Sequence[Obj]) -> tuple[Obj, ...]:
    """The subjects that aren't among the others, each once."""
    found: list[Obj] = []
    for subject in subjects:
        if subject not in others and subject not in found:
            found.append(subject)
    return tuple(found)
