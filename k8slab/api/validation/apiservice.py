"""APIServices. Models kube-aggregator/pkg/apis/apiregistration/validation/validation.go, v1.36."""

from __future__ import annotations

import base64

from k8slab.api.errors import Cause
from k8slab.api.json_text import go_quote
from k8slab.api.kind import Rules
from k8slab.api.meta import Obj
from k8slab.api.validation._field import all_invalid, invalid, not_supported, required
from k8slab.api.validation._metadata import generic_update, own_update, validate_metadata
from k8slab.api.validation._names import Messages, dns_1035_label, dns_subdomain, path_segment, port_number

_STATUSES = ("True", "False", "Unknown")


def _create(new: Obj) -> list[Cause]:
    spec = new.get("spec") or {}
    group, version = spec.get("group") or "", spec.get("version") or ""

    def name_rule(name: str) -> Messages:
        wanted = f"{version}.{group}"
        faults = path_segment(name)
        return faults or (
            (f'must be `spec.version+"."+spec.group`: {go_quote(wanted)}',) if name != wanted else ()
        )

    causes = validate_metadata(new["metadata"], False, name_rule, finalizer_names=False)
    if not group and version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        causes.append(required("spec.group", detail))
    if group:
        causes += all_invalid("spec.group", group, dns_subdomain(group))
    causes += all_invalid("spec.version", version, dns_1035_label(version))
    for name, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(name) or 0
        if not 0 < value <= most:
            causes.append(invalid(f"spec.{name}", value, f"must be positive and less than {most}"))
    return causes + _validate_service(spec)


def _validate_service(spec: Obj) -> list[Cause]:
    service, bundle = spec.get("service"), spec.get("caBundle") or ""
    trusting, path = bool(spec.get("insecureSkipTLSVerify")), "spec.insecureSkipTLSVerify"
    causes: list[Cause] = []
    if service is None:
        if bundle:
            shown = f"{len(base64.b64decode(bundle))} bytes"
            causes.append(invalid("spec.caBundle", shown, "local APIServices may not have a caBundle"))
        if trusting:
            detail = "local APIServices may not have insecureSkipTLSVerify"
            causes.append(invalid(path, trusting, detail))
        return causes
    causes += [required(f"spec.service.{name}") for name in ("namespace", "name") if not service.get(name)]
    port = service.get("port") or 0
    if port_number(port):
        detail = f"port is not valid: {', '.join(port_number(port))}"
        causes.append(invalid("spec.service.port", port, detail))
    if trusting and bundle:
        causes.append(invalid(path, trusting, "may not be true if caBundle is present"))
    return causes


def _changed(new: Obj, old: Obj) -> list[Cause]:
    after, before = new["metadata"], old["metadata"]
    causes = generic_update(after, before, namespaced=False)
    return causes + own_update(after, before, finalizer_names=False)


def _update(new: Obj, old: Obj) -> list[Cause]:
    return _changed(new, old) + _create(new)


def _status(new: Obj, old: Obj) -> list[Cause]:
    causes = _changed(new, old)
    for index, condition in enumerate((new.get("status") or {}).get("conditions") or ()):
        status = condition.get("status") or ""
        if status not in _STATUSES:
            causes.append(not_supported(f"status.conditions[{index}].status", status, _STATUSES))
    return causes


RULES = Rules(create=_create, update=_update, status=_status)
