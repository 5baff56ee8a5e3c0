"""How CertificateSigningRequests are listed.

Models pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from k8slab.api.meta import Obj
from k8slab.api.tables import AGE, NAME, Cells, Column, Table, age_of, human_duration
from k8slab.clock import SECOND_US


def _row(obj: Obj, now_us: int) -> Cells:
    spec = obj["spec"]
    expiration = spec.get("expirationSeconds")
    return (
        obj["metadata"]["name"],
        age_of(obj, now_us),
        spec.get("signerName") or "<none>",
        spec.get("username", ""),
        "<none>" if expiration is None else human_duration(expiration * SECOND_US),
        status_of(obj),
    )


def status_of(request: Obj) -> str:
    """What became of a request, e.g. `Approved,Issued`; a denial outweighs an approval."""
    status = request.get("status") or {}
    types = [condition["type"] for condition in status.get("conditions") or ()]
    text = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    if "Failed" in types:
        text += ",Failed"
    return f"{text},Issued" if status.get("certificate") else text


TABLE = Table(
    (
        NAME,
        AGE,
        Column(
            "SignerName",
            description=(
                "Requested signer for the request. It is a qualified name in the form: "
                "`scope-hostname.io/name`. If empty, it will be defaulted:\n 1. If it's a kubelet "
                "client certificate, it is assigned\n    "
                '"kubernetes.io/kube-apiserver-client-kubelet".\n 2. If it\'s a kubelet serving '
                'certificate, it is assigned\n    "kubernetes.io/kubelet-serving".\n 3. Otherwise, it '
                'is assigned "kubernetes.io/legacy-unknown".\nDistribution of trust for signers '
                "happens out of band. You can select on this field using `spec.signerName`."
            ),
        ),
        Column("Requestor", description="Base64-encoded PKCS#10 CSR data"),
        Column(
            "RequestedDuration",
            description=(
                "expirationSeconds is the requested duration of validity of the issued certificate. "
                "The certificate signer may issue a certificate with a different validity duration so"
                " a client must check the delta between the notBefore and and notAfter fields in the "
                "issued certificate to determine the actual duration.\n\nThe v1.22+ in-tree "
                "implementations of the well-known Kubernetes signers will honor this field as long "
                "as the requested duration is not greater than the maximum duration they will honor "
                "per the --cluster-signing-duration CLI flag to the Kubernetes controller "
                "manager.\n\nCertificate signers may not honor this field for various reasons:\n\n  1. "
                "Old signer that is unaware of the field (such as the in-tree\n     implementations "
                "prior to v1.22)\n  2. Signer whose configured maximum is shorter than the requested "
                "duration\n  3. Signer whose configured minimum is longer than the requested "
                "duration\n\nThe minimum valid value for expirationSeconds is 600, i.e. 10 minutes."
            ),
        ),
        Column("Condition", description="Conditions applied to the request, such as approval or denial."),
    ),
    _row,
)
