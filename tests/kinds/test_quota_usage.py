"""What objects count for in quotas, which of a quota's names and scopes concern them, and when.

Ports the tables of pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims,
resource_claims}_test.go, v1.36.
"""

from __future__ import annotations

import pytest

from k8slab.api import quantities
from k8slab.api.errors import ApiError
from k8slab.api.kind import kinds
from k8slab.api.kinds._quota_usage import in_scope, matching_names, unmet_constraints, usage
from k8slab.clock import SECOND_US, START_US, timestamp
from k8slab.cluster.admission import Request, resourcequota
from tests.controllers.view import MemoryView

KINDS = kinds()


def used(kind, obj):
    """What an object counts for, as texts."""
    return {name: quantities.to_text(amount) for name, amount in usage(KINDS[kind], obj, START_US).items()}


# Pods.


def container(requests=None, limits=None, name="main"):
    given = {"requests": requests or {}, "limits": limits or {}}
    return {"name": name, "resources": {which: amounts for which, amounts in given.items() if amounts}}


def pod(*containers, init=(), status=None, metadata=None, **spec):
    return {
        "metadata": {"name": "p", **(metadata or {})},
        "spec": {"containers": list(containers), "initContainers": list(init), **spec},
        "status": status or {},
    }


def initial(requests=None, limits=None):
    return pod(init=[container(requests, limits)])


def plain(requests=None, limits=None):
    return pod(container(requests, limits))


def deleted(grace_seconds, *, ago_seconds):
    metadata = {
        "deletionTimestamp": timestamp(START_US - ago_seconds * SECOND_US),
        "deletionGracePeriodSeconds": grace_seconds,
    }
    requests, limits = {"cpu": "1"}, {"cpu": "2"}
    return pod(container(requests, limits), metadata=metadata)


COUNT = {"count/pods": "1"}
ONE_POD = {**COUNT, "pods": "1"}
CPU = ({"cpu": "1m"}, {"cpu": "2m"})
CPU_USED = {**ONE_POD, "cpu": "1m", "requests.cpu": "1m", "limits.cpu": "2m"}
MEMORY = ({"memory": "1m"}, {"memory": "2m"})
MEMORY_USED = {**ONE_POD, "memory": "1m", "requests.memory": "1m", "limits.memory": "2m"}
STORAGE = ({"ephemeral-storage": "32Mi"}, {"ephemeral-storage": "64Mi"})
STORAGE_USED = {
    **ONE_POD,
    "ephemeral-storage": "32Mi",
    "requests.ephemeral-storage": "32Mi",
    "limits.ephemeral-storage": "64Mi",
}
HUGE = ({"hugepages-2Mi": "100Mi"}, {"hugepages-2Mi": "100Mi"})
HUGE_USED = {**ONE_POD, "hugepages-2Mi": "100Mi", "requests.hugepages-2Mi": "100Mi"}
DONGLE = ({"example.com/dongle": "3"}, {"example.com/dongle": "3"})
DONGLE_USED = {**ONE_POD, "requests.example.com/dongle": "3"}
CLASS = ({"deviceclass.resource.kubernetes.io/gpu": "3"}, {"deviceclass.resource.kubernetes.io/gpu": "3"})
CLASS_USED = {**ONE_POD, "requests.deviceclass.resource.kubernetes.io/gpu": "3"}
BOTH_USED = {
    **ONE_POD, "cpu": "1", "requests.cpu": "1", "limits.cpu": "2",
}  # fmt: skip
POD_USAGE = {
    "init container CPU": (initial(*CPU), CPU_USED),
    "init container MEM": (initial(*MEMORY), MEMORY_USED),
    "init container local ephemeral storage": (initial(*STORAGE), STORAGE_USED),
    "init container hugepages": (initial(*HUGE), HUGE_USED),
    "init container extended resources": (initial(*DONGLE), DONGLE_USED),
    "init container implicit extended resources": (initial(*CLASS), CLASS_USED),
    "container CPU": (plain(*CPU), CPU_USED),
    "container MEM": (plain(*MEMORY), MEMORY_USED),
    "container local ephemeral storage": (plain(*STORAGE), STORAGE_USED),
    "container hugepages": (plain(*HUGE), HUGE_USED),
    "container extended resources": (plain(*DONGLE), DONGLE_USED),
    "container implicit extended resources": (plain(*CLASS), CLASS_USED),
    "terminated generic count still appears": (
        pod(container(*DONGLE), status={"phase": "Succeeded"}), COUNT,
    ),
    "init container maximums override sum of containers": (
        pod(
            container({"cpu": "1", "memory": "50M"}, {"cpu": "2", "memory": "100M"}),
            container({"cpu": "2", "memory": "25M"}, {"cpu": "5", "memory": "50M"}, "second"),
            init=[
                container({"cpu": "4", "memory": "100M"}, {"cpu": "8", "memory": "200M"}, "a"),
                container({"cpu": "1", "memory": "50M"}, {"cpu": "2", "memory": "100M"}, "b"),
            ],
        ),
        {
            **ONE_POD, "cpu": "4", "requests.cpu": "4", "limits.cpu": "8",
            "memory": "100M", "requests.memory": "100M", "limits.memory": "200M",
        },
    ),
    "pod deletion timestamp exceeded": (deleted(10, ago_seconds=20), COUNT),
    "pod deletion timestamp not exceeded": (deleted(20, ago_seconds=10), BOTH_USED),
    "count pod overhead as usage": (
        pod(container({"cpu": "1"}, {"cpu": "2"}), overhead={"cpu": "1"}),
        {**ONE_POD, "cpu": "2", "requests.cpu": "2", "limits.cpu": "3"},
    ),
    "pod-level CPU": (
        pod(container(*CPU), resources={"requests": {"cpu": "10m"}, "limits": {"cpu": "20m"}}),
        {**ONE_POD, "cpu": "10m", "requests.cpu": "10m", "limits.cpu": "20m"},
    ),
    "pod-level Memory": (
        pod(container(*MEMORY), resources={"requests": {"memory": "10Mi"}, "limits": {"memory": "20Mi"}}),
        {**ONE_POD, "memory": "10Mi", "requests.memory": "10Mi", "limits.memory": "20Mi"},
    ),
    "pod-level memory with container-level ephemeral storage": (
        pod(container(*STORAGE), resources={"requests": {"memory": "1Mi"}, "limits": {"memory": "2Mi"}}),
        {**STORAGE_USED, "memory": "1Mi", "requests.memory": "1Mi", "limits.memory": "2Mi"},
    ),
    "overhead of a limit of nothing": (
        pod(container(limits={"cpu": "0"}), overhead={"cpu": "1"}),
        {**ONE_POD, "cpu": "1", "requests.cpu": "1", "limits.cpu": "0"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), POD_USAGE.values(), ids=POD_USAGE)
def test_what_a_pod_counts_for(obj, expected):
    assert used("Pod", obj) == expected


def resizing(asked, actual=None, allocated=None, *, pending=""):
    """A Pod whose container is being resized."""
    status = {"name": "main"}
    if actual is not None:
        status["resources"] = {"requests": actual}
    if allocated is not None:
        status["allocatedResources"] = allocated
    conditions = [{"type": "PodResizePending", "status": "True", "reason": pending}] if pending else []
    return pod(container(asked), status={"containerStatuses": [status], "conditions": conditions})


RESIZES = {
    "more memory in force": (resizing({"memory": "200Mi"}, {"memory": "150Mi"}), {"memory": "200Mi"}),
    "more CPU in force": (resizing({"cpu": "100m"}, {"cpu": "150m"}), {"cpu": "150m"}),
    "both": (
        resizing({"cpu": "100m", "memory": "200Mi"}, {"cpu": "150m", "memory": "250Mi"}),
        {"cpu": "150m", "memory": "250Mi"},
    ),
    "nothing known": (resizing({"cpu": "100m", "memory": "200Mi"}), {"cpu": "100m", "memory": "200Mi"}),
    "more allocated": (resizing({"cpu": "1"}, {"cpu": "1"}, {"cpu": "2"}), {"cpu": "2"}),
    "deferred": (resizing({"cpu": "9"}, {"cpu": "1"}, {"cpu": "1"}, pending="Deferred"), {"cpu": "9"}),
    "infeasible": (resizing({"cpu": "9"}, {"cpu": "1"}, {"cpu": "2"}, pending="Infeasible"), {"cpu": "2"}),
}


@pytest.mark.parametrize(("obj", "requests"), RESIZES.values(), ids=RESIZES)
def test_a_pod_that_is_resized_counts_for_the_most(obj, requests):
    found = used("Pod", obj)
    assert {name: found[name] for name in ("cpu", "memory") if name in found} == requests


NONE = container(name="dummy")
CONSTRAINTS = {
    "init container resource missing": (
        pod(init=[container({"cpu": "1m"}, {"cpu": "2m"}, "dummy")]),
        ["memory"],
        "must specify memory for: dummy",
    ),
    "multiple init container resource missing": (
        pod(init=[container(*CPU, "foo"), container(*CPU, "bar")]),
        ["memory"],
        "must specify memory for: bar,foo",
    ),
    "container resource missing": (
        pod(container(*CPU, "dummy")), ["memory"], "must specify memory for: dummy",
    ),
    "multiple container resource missing": (
        pod(container(*CPU, "foo"), container(*CPU, "bar")), ["memory"], "must specify memory for: bar,foo",
    ),
    "container resource missing multiple": (
        pod(container(name="foo"), container(name="bar")),
        ["memory", "cpu"],
        "must specify cpu for: bar,foo; memory for: bar,foo",
    ),
    "pod-level resource set, container-level required resources missing": (
        pod(NONE, resources={"requests": {"cpu": "1m"}, "limits": {"cpu": "2m"}}), ["memory"], "",
    ),
    "limits": (pod(container({"cpu": "1"}, name="c")), ["limits.cpu"], "must specify limits.cpu for: c"),
    "another resource": (pod(NONE), ["ephemeral-storage", "requests.example.com/gpu"], ""),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "required", "message"), CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_what_a_pod_must_specify(obj, required, message):
    assert unmet_constraints(KINDS["Pod"], obj, required) == message


def scope(name, operator="Exists", *values):
    return {"scopeName": name, "operator": operator, "values": list(values)}


TERMINATING, NOT_TERMINATING = scope("Terminating"), scope("NotTerminating")
BEST_EFFORT, NOT_BEST_EFFORT = scope("BestEffort"), scope("NotBestEffort")
IN_CLASS, CROSSING = scope("PriorityClass", "In", "class1"), scope("CrossNamespacePodAffinity")
SCOPES = [TERMINATING, NOT_TERMINATING, BEST_EFFORT, NOT_BEST_EFFORT, IN_CLASS, CROSSING]


def affine(part, which, **term):
    terms = [term] if which.startswith("required") else [{"weight": 1, "podAffinityTerm": term}]
    return pod(affinity={part: {f"{which}DuringSchedulingIgnoredDuringExecution": terms}})


IDLE = [NOT_TERMINATING, BEST_EFFORT]
MATCHED_SCOPES = {
    "EmptyPod": (pod(), IDLE),
    "PriorityClass": (pod(priorityClassName="class1"), [*IDLE, IN_CLASS]),
    "NotBestEffort": (plain(*CPU), [NOT_TERMINATING, NOT_BEST_EFFORT]),
    "Terminating": (pod(activeDeadlineSeconds=3), [TERMINATING, BEST_EFFORT]),
    "CrossNamespaceRequiredAffinity": (
        affine("podAffinity", "required", namespaceSelector={}), [*IDLE, CROSSING],
    ),
    "CrossNamespaceRequiredAffinityWithSlice": (
        affine("podAffinity", "required", namespaces=["ns1"]), [*IDLE, CROSSING],
    ),
    "CrossNamespacePreferredAffinity": (
        affine("podAffinity", "preferred", namespaces=["ns2"]), [*IDLE, CROSSING],
    ),
    "CrossNamespacePreferredAffinityWithSelector": (
        affine("podAffinity", "preferred", namespaceSelector={}), [*IDLE, CROSSING],
    ),
    "CrossNamespacePreferredAntiAffinity": (
        affine("podAntiAffinity", "preferred", namespaces=["ns2"]), [*IDLE, CROSSING],
    ),
    "CrossNamespaceRequiredAntiAffinity": (
        affine("podAntiAffinity", "required", namespaceSelector={}), [*IDLE, CROSSING],
    ),
    "an affinity of its own namespace": (affine("podAffinity", "required", topologyKey="k"), IDLE),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), MATCHED_SCOPES.values(), ids=MATCHED_SCOPES)
def test_the_scopes_of_a_pod(obj, expected):
    assert [one for one in SCOPES if in_scope(KINDS["Pod"], obj, one)] == expected


# Services.


def service(kind, *ports, **spec):
    return {"spec": {"type": kind, "ports": list(ports), **spec}}


PORT = {"port": 27443, "targetPort": 27443}
SERVICES = {
    "loadbalancer": (service("LoadBalancer"), 0, 1),
    "loadbalancer_ports": (service("LoadBalancer", PORT), 1, 1),
    "loadbalancer_2_ports": (service("LoadBalancer", PORT, PORT), 2, 1),
    "clusterip": (service("ClusterIP"), 0, 0),
    "nodeports": (service("NodePort", PORT), 1, 0),
    "multi-nodeports": (service("NodePort", PORT, PORT), 2, 0),
    "nodeports-disabled": (service("LoadBalancer", PORT, allocateLoadBalancerNodePorts=False), 0, 1),
    "nodeports-default-enabled": (service("LoadBalancer", PORT, allocateLoadBalancerNodePorts=None), 1, 1),
    "nodeports-explicitly-enabled": (service("LoadBalancer", PORT, allocateLoadBalancerNodePorts=True), 1, 1),
    "nodeports-disabled-but-specified": (
        service(
            "LoadBalancer", {**PORT, "nodePort": 32001}, {**PORT, "nodePort": 32002},
            allocateLoadBalancerNodePorts=False,
        ),
        2, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "node_ports", "balancers"), SERVICES.values(), ids=SERVICES)
def test_what_a_service_counts_for(obj, node_ports, balancers):
    assert used("Service", obj) == {
        "services": "1",
        "count/services": "1",
        "services.nodeports": str(node_ports),
        "services.loadbalancers": str(balancers),
    }


# Claims of volumes.


def volume_claim(storage="10Gi", storage_class="", allocated="", **more):
    spec = {"resources": {"requests": {"storage": storage}}}
    if storage_class:
        spec["storageClassName"] = storage_class
    status = {"allocatedResources": {"storage": allocated}} if allocated else {}
    return {"metadata": {"name": "c"}, "spec": spec, "status": status, **more}


def claim_usage(storage, storage_class=""):
    prefix = f"{storage_class}.storageclass.storage.k8s.io/"
    by_class = {f"{prefix}persistentvolumeclaims": "1", f"{prefix}requests.storage": storage}
    return {
        "persistentvolumeclaims": "1",
        "count/persistentvolumeclaims": "1",
        "requests.storage": storage,
        **(by_class if storage_class else {}),
    }


CLAIMS = {
    "pvc-usage": (volume_claim(), claim_usage("10Gi")),
    "pvc-usage-by-class": (volume_claim(storage_class="gold"), claim_usage("10Gi", "gold")),
    "pvc-usage-rounded": (volume_claim("10000000001m"), claim_usage("10000001")),
    "pvc-usage-by-class-rounded": (
        volume_claim("10000000001m", "gold"), claim_usage("10000001", "gold"),
    ),
    "pvc-usage-higher-allocated-resource": (volume_claim("5G", allocated="10G"), claim_usage("10G")),
    "pvc-usage-lower-allocated-resource": (volume_claim("10G", allocated="5G"), claim_usage("10G")),
    "an annotation that names no class": (
        volume_claim(
            storage_class="gold",
            metadata={"name": "c", "annotations": {"volume.beta.kubernetes.io/storage-class": ""}},
        ),
        claim_usage("10Gi"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_what_a_volume_claim_counts_for(obj, expected):
    assert used("PersistentVolumeClaim", obj) == expected


ABSENT = ("DoesNotExist",)
THERE = ("Exists",)
OF_1, OF_2, OF_3, OF_4 = (("In", f"class{number}") for number in (1, 2, 3, 4))
OF_1_2, OF_ALL, NOT_4 = ("In", "class1", "class2"), ("In", "class3", "class4"), ("NotIn", "class4")
ASKED = [ABSENT, THERE, OF_1, OF_2, OF_3, OF_1_2, OF_ALL, OF_4, NOT_4]
WANTED, CURRENT = {"volumeAttributesClassName": "class1"}, {"currentVolumeAttributesClassName": "class2"}
TARGET = {"modifyVolumeStatus": {"targetVolumeAttributesClassName": "class3"}}
ATTRIBUTES = {
    "EmptyPVC": ({}, {}, [ABSENT, NOT_4]),
    "VolumeAttributesClass": (WANTED, {}, [THERE, OF_1, OF_1_2, NOT_4]),
    "VolumeAttributesClassWithTarget": (WANTED, CURRENT, [THERE, OF_1, OF_2, OF_1_2, NOT_4]),
    "VolumeAttributesClassWithModifyStatus": (
        WANTED, {**CURRENT, **TARGET}, [THERE, OF_1, OF_2, OF_3, OF_1_2, OF_ALL, NOT_4],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "status", "expected"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_the_scopes_of_a_volume_claim(spec, status, expected):
    claim = {"metadata": {"name": "c"}, "spec": spec, "status": status}
    kind = KINDS["PersistentVolumeClaim"]
    assert [one for one in ASKED if in_scope(kind, claim, scope("VolumeAttributesClass", *one))] == expected


# Claims of devices.


def exactly(count=1, mode="ExactCount", name="gpu", **more):
    return {"exactly": request(count, mode, name, **more)}


def request(count=1, mode="ExactCount", name="gpu", **more):
    return {"deviceClassName": name, "allocationMode": mode, "count": count, **more}


def any_of(*requests):
    return {"firstAvailable": list(requests)}


DEVICES = {
    "simple": ([exactly()], {"gpu": 1}),
    "many-requests": ([exactly()] * 5, {"gpu": 5}),
    "count": ([exactly(5)], {"gpu": 5}),
    "all": ([exactly(mode="All")], {"gpu": 32}),
    "unknown-count-mode": ([exactly(mode="future-mode")], {"gpu": 0}),
    "admin": ([exactly(adminAccess=True)], {"gpu": 1}),
    "prioritized-list": ([any_of(request())], {"gpu": 1}),
    "prioritized-list-multiple-subrequests": ([any_of(request(2), request(1))], {"gpu": 2}),
    "prioritized-list-multiple-subrequests-allocation-mode-all": (
        [any_of(request(), request(mode="All"))], {"gpu": 32},
    ),
    "prioritized-list-multiple-subrequests-different-device-classes": (
        [any_of(request(), request(mode="All", name="tpu"))], {"gpu": 1, "tpu": 32},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("requests", "expected"), DEVICES.values(), ids=DEVICES)
def test_what_a_claim_of_devices_counts_for(requests, expected):
    wanted = {"count/resourceclaims.resource.k8s.io": "1"}
    for name, number in expected.items():
        wanted[f"{name}.deviceclass.resource.k8s.io/devices"] = str(number)
        if number:
            wanted[f"requests.deviceclass.resource.kubernetes.io/{name}"] = str(number)
    assert used("ResourceClaim", {"spec": {"devices": {"requests": requests}}}) == wanted


# Which names concern a kind, and which writes.


NAMES = (
    "count/pods",
    "count/services",
    "count/persistentvolumeclaims",
    "count/resourceclaims.resource.k8s.io",
    "pods",
    "services",
    "services.nodeports",
    "services.loadbalancers",
    "configmaps",
    "persistentvolumeclaims",
    "cpu",
    "limits.memory",
    "requests.hugepages-2Mi",
    "requests.example.com/dongle",
    "requests.deviceclass.resource.kubernetes.io/gpu",
    "example.com/dongle",
    "requests.storage",
    "gold.storageclass.storage.k8s.io/requests.storage",
    "gold.storageclass.storage.k8s.io/persistentvolumeclaims",
    "gpu.deviceclass.resource.k8s.io/devices",
)
OF_KINDS = {
    "Pod": {
        "count/pods", "pods", "cpu", "limits.memory", "requests.hugepages-2Mi",
        "requests.example.com/dongle", "requests.deviceclass.resource.kubernetes.io/gpu",
    },
    "Service": {"count/services", "services", "services.nodeports", "services.loadbalancers"},
    "PersistentVolumeClaim": {
        "count/persistentvolumeclaims", "persistentvolumeclaims", "requests.storage",
        "gold.storageclass.storage.k8s.io/requests.storage",
        "gold.storageclass.storage.k8s.io/persistentvolumeclaims",
    },
    "ResourceClaim": {
        "count/resourceclaims.resource.k8s.io", "gpu.deviceclass.resource.k8s.io/devices",
    },
    "ConfigMap": {"configmaps"},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "expected"), OF_KINDS.items())
def test_the_names_that_concern_a_kind(kind, expected):
    assert set(matching_names(KINDS[kind], NAMES)) == expected


def handled(kind, operation, subresource, new, old=None):
    """Whether a write is looked at: here, whether it is refused because the quota isn't added up yet."""
    hard = dict.fromkeys(NAMES, "9")
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "ns"},
        "status": {"hard": hard},
    }
    write = Request(MemoryView([quota]), operation, KINDS[kind], "ns", "x", subresource, new, old)
    try:
        resourcequota.ADMISSION.charge(write)
    except ApiError as error:
        assert "status unknown for quota: q" in str(error)
        return True
    return False


PLAIN = {"metadata": {"name": "x"}, "spec": {}, "status": {}}
FULL = container({"cpu": "1", "memory": "1"}, {"cpu": "1", "memory": "1"})
SHORT, LONG = (pod(FULL, activeDeadlineSeconds=seconds) for seconds in (5, 10))
HANDLED = {
    "create": ("Pod", "CREATE", "", pod(FULL), None, True),
    "update-activeDeadlineSeconds-to-nil": ("Pod", "UPDATE", "", pod(FULL), SHORT, True),
    "update-activeDeadlineSeconds-from-nil": ("Pod", "UPDATE", "", SHORT, pod(FULL), True),
    "update-activeDeadlineSeconds-with-different-values": ("Pod", "UPDATE", "", SHORT, LONG, False),
    "update": ("Pod", "UPDATE", "", pod(FULL), pod(FULL), False),
    "create-subresource": ("Pod", "CREATE", "eviction", pod(FULL), None, False),
    "update-resize": ("Pod", "UPDATE", "resize", pod(FULL), pod(FULL), True),
    **{
        f"{verb} of a {kind}": (kind, verb.upper(), "", PLAIN, PLAIN if verb == "update" else None, looked_at)
        for kind, updates in (
            ("Service", True), ("PersistentVolumeClaim", True), ("ResourceClaim", True), ("ConfigMap", False),
        )
        for verb, looked_at in (("create", True), ("update", updates))
    },
    "a subresource of a Service": ("Service", "UPDATE", "status", PLAIN, PLAIN, False),
    "a subresource of a ResourceClaim": ("ResourceClaim", "UPDATE", "status", PLAIN, PLAIN, False),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "operation", "subresource", "new", "old", "expected"), HANDLED.values(), ids=HANDLED
)
def test_which_writes_are_looked_at(kind, operation, subresource, new, old, expected):
    assert handled(kind, operation, subresource, new, old) is expected


def test_negative_amounts_are_refused_by_any_quota_at_all():
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "ns"},
        "status": {"hard": {"configmaps": "1"}, "used": {"configmaps": "0"}},
    }
    claim = volume_claim("-1Gi")
    write = Request(MemoryView([quota]), "CREATE", KINDS["PersistentVolumeClaim"], "ns", "c", "", claim, None)
    with pytest.raises(ApiError, match="quota usage is negative for resource"):
        resourcequota.ADMISSION.charge(write)
