"""`kubectl api-resources`: what kinds of objects the server knows.

Models staging/src/k8s.io/kubectl/pkg/cmd/apiresources/apiresources.go, v1.36.
"""

from __future__ import annotations

from k8slab.kubectl.command import Verb, fail, usage_fail
from k8slab.kubectl.discovery import Resource, resources
from k8slab.kubectl.flags import Flag
from k8slab.kubectl.output.tab_writer import TABLES, aligned
from k8slab.kubectl.printing import print_ordered
from k8slab.kubectl.session import Session

_FORMATS = ("json", "kyaml", "name", "wide", "yaml")


def _run(session: Session) -> None:
    flags = session.flags
    if session.arguments:
        raise usage_fail("api-resources", f"unexpected arguments: [{' '.join(session.arguments)}]")
    if flags["output"] not in ("", *_FORMATS):
        raise fail(
            f'unable to match a printer suitable for the output format "{flags["output"]}", '
            f"allowed formats are: {','.join(_FORMATS)}"
        )
    if flags["sort-by"] not in ("", "name", "kind"):
        raise fail("--sort-by accepts only name or kind")
    found = [one for one in resources(session) if _is_wanted(session, one)]
    if flags["sort-by"] == "kind":
        found.sort(key=lambda one: one.kind)
    elif flags["sort-by"] == "name":
        found.sort(key=lambda one: one.name)
    else:
        found.sort(key=lambda one: (one.group, one.name))
    if flags["output"] == "name":
        session.write("".join(f"{one.name}.{one.group}\n" if one.group else f"{one.name}\n" for one in found))
        return
    if flags["output"] in ("json", "kyaml", "yaml"):
        _whole(session, found)
        return
    _table(session, found)


def _is_wanted(session: Session, one: Resource) -> bool:
    flags, given = session.flags, session.given
    if not one.verbs:
        return False
    if "api-group" in given and flags["api-group"] != one.group:
        return False
    if "namespaced" in given and flags["namespaced"] != one.namespaced:
        return False
    if any(verb not in one.verbs for verb in flags["verbs"]):
        return False
    return all(category in one.categories for category in flags["categories"])


def _table(session: Session, found: list[Resource]) -> None:
    is_wide = session.flags["output"] == "wide"
    head = [
        "NAME",
        "SHORTNAMES",
        "APIVERSION",
        "NAMESPACED",
        "KIND",
        *(("VERBS", "CATEGORIES") if is_wide else ()),
    ]
    rows = [] if session.flags["no-headers"] else [head]
    for one in found:
        row = [one.name, ",".join(one.short_names), one.group_version, str(one.namespaced).lower(), one.kind]
        if is_wide:
            row += [",".join(one.verbs), ",".join(one.categories)]
        rows.append(row)
    session.write(aligned("".join("\t".join(row) + "\n" for row in rows), TABLES))


def _whole(session: Session, found: list[Resource]) -> None:
    listed = {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "",
        "resources": [
            {
                "name": one.name,
                "singularName": one.singular,
                "namespaced": one.namespaced,
                **({"group": one.group} if one.group else {}),
                "version": one.version,
                "kind": one.kind,
                "verbs": list(one.verbs),
                **({"shortNames": list(one.short_names)} if one.short_names else {}),
                **({"categories": list(one.categories)} if one.categories else {}),
            }
            for one in found
        ],
    }
    print_ordered(session, listed)


VERB = Verb(
    "api-resources",
    _run,
    (
        Flag("output", "o"),
        Flag("no-headers", type="bool"),
        Flag("api-group"),
        Flag("namespaced", type="bool", default=True),
        Flag("verbs", type="strings"),
        Flag("sort-by"),
        Flag("categories", type="strings"),
        Flag("cached", type="bool", idle="nothing is kept between commands"),
        Flag("show-managed-fields", type="bool"),
    ),
    summary="Print the supported API resources on the server",
)
