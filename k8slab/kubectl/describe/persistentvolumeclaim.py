"""What `kubectl describe` says of a PersistentVolumeClaim and the Pods that use it.

Models staging/src/k8s.io/kubectl/pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj, dig
from k8slab.kubectl.describe._parts import date_text, lines, show_events
from k8slab.kubectl.describe._text import Context, Describer, Page
from k8slab.kubectl.describe._volumes import volume_claim
from k8slab.kubectl.output.go_sort import go_sorted


def _describe(page: Page, obj: Obj, context: Context) -> None:
    volume_claim(page, obj, is_template=False, now_us=context.now_us)
    pods = go_sorted(_users(obj, context), lambda left, right: bool(left < right))
    lines(page, "Used By", pods)
    found = dig(obj, "status", "conditions", default=())
    if found:
        page.write(0, "Conditions:\n")
        page.write(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage\n")
        page.write(1, "----\t------\t-----------------\t------------------\t------\t-------\n")
    for condition in found:
        page.write(
            1,
            f"{condition['type']} \t{condition.get('status', '')} \t"
            f"{date_text(condition.get('lastProbeTime'))} \t"
            f"{date_text(condition.get('lastTransitionTime'))} \t{condition.get('reason', '')} \t"
            f"{condition.get('message', '')}\n",
        )
    show_events(page, context, obj)


def _users(claim: Obj, context: Context) -> list[str]:
    """The names of the Pods that mount the claim, once for each volume, and of Pods that own it."""
    pods = context.lookup.list("Pod", claim["metadata"]["namespace"])
    users = [
        pod
        for pod in pods
        for volume in pod["spec"].get("volumes") or ()
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim["metadata"]["name"]
    ]
    for reference in claim["metadata"].get("ownerReferences") or ():
        if reference["kind"] == "Pod" and all(pod["metadata"]["uid"] != reference["uid"] for pod in users):
            users += [pod for pod in pods if pod["metadata"]["uid"] == reference["uid"]][:1]
    return [pod["metadata"]["name"] for pod in users]


DESCRIBER = Describer("", _describe)
