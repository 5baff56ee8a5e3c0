"""MutatingAdmissionWebhook: programs that change what is written.

Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go, v1.36. A webhook
that wants to be asked again after others (`reinvocationPolicy: IfNeeded`) is asked once.
"""

from __future__ import annotations

import base64
import json

from k8slab.api.meta import Obj
from k8slab.api.patch import json_patch
from k8slab.cluster.admission._plugin import Admission, Request
from k8slab.cluster.admission._webhooks import ask, concerned, denial


def _mutate(request: Request, obj: Obj) -> Obj:
    for hook in concerned(request._replace(new=obj), "MutatingWebhookConfiguration"):
        response = ask(request, hook, obj)
        if response is None:
            continue
        if not response.get("allowed"):
            raise denial(hook, response)
        if response.get("patch"):
            operations = json.loads(base64.b64decode(response["patch"]))
            obj = request.kind.default(json_patch(obj, operations))
    return obj


ADMISSION = Admission(name="MutatingAdmissionWebhook", mutate=_mutate, needs="MutatingWebhookConfiguration")
