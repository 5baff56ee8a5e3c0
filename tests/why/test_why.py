"""What the lab answers to "why?": for what happened, and for what doesn't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8slab import Lab
from k8slab.hints import SCHEDULING
from k8slab.texts import catalogue

MANIFESTS = Path(__file__).parents[2] / "notebooks" / "manifests"


def _stateful(lab: Lab) -> None:
    lab.apply(MANIFESTS / "nginx-statefulset.yaml")


def _settled_stateful(lab: Lab) -> None:
    _stateful(lab)
    lab.settle()


def _node_lost(lab: Lab) -> None:
    _settled_stateful(lab)
    lab.crash(lab.get("pod/nginx-statefulset-1")["spec"]["nodeName"])
    lab.run("7m")


def _deployment(lab: Lab, *flags: str) -> None:
    lab.kubectl(f"create deployment web --image=nginx:1.27 --replicas=3 {' '.join(flags)}")
    lab.settle()


def _bad_image(lab: Lab) -> None:
    _deployment(lab)
    lab.kubectl("set image deployment/web nginx=nginx:missing-9")
    lab.run("1m")


def _stuck(lab: Lab) -> None:
    _bad_image(lab)
    lab.run("11m")


def _paused(lab: Lab) -> None:
    _deployment(lab)
    lab.kubectl("rollout pause deployment/web")
    lab.kubectl("set image deployment/web nginx=nginx:1.28")
    lab.run("10s")


def _quota(lab: Lab) -> None:
    lab.kubectl("create quota few --hard=pods=1")
    lab.run("1s")
    _deployment(lab)


def _too_large(lab: Lab) -> None:
    lab.kubectl("create deployment big --image=nginx")
    lab.kubectl("set resources deployment/big --requests=cpu=64")
    lab.settle()


def _crash_loop(lab: Lab) -> None:
    lab.kubectl("run loop --image=busybox:1.36 -- sh -c 'sleep 1; exit 3'")
    lab.run("1m")


def _claim_without_class(lab: Lab) -> None:
    lab.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "fast",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        }
    )
    lab.settle()


def _service_without_pods(lab: Lab) -> None:
    lab.kubectl("create service clusterip web --tcp=80:80")
    lab.settle()


def _job(command: str, *then: str) -> Callable[[Lab], None]:
    def make(lab: Lab) -> None:
        lab.kubectl(f"create job work --image=busybox:1.36 -- {command}")
        lab.run("20s")
        for one in then:
            lab.kubectl(one)
            lab.run("1s")

    return make


def _suspended_cron_job(lab: Lab) -> None:
    lab.kubectl("create cronjob tick --image=busybox:1.36 --schedule='* * * * *' -- date")
    lab.kubectl('patch cronjob tick --type=merge -p \'{"spec":{"suspend":true}}\'')
    lab.run("3m")


def _no_node_for_daemons(lab: Lab) -> None:
    lab.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "agent"},
            "spec": {
                "selector": {"matchLabels": {"app": "agent"}},
                "template": {
                    "metadata": {"labels": {"app": "agent"}},
                    "spec": {
                        "nodeSelector": {"disk": "ssd"},
                        "containers": [
                            {"name": "agent", "image": "busybox:1.36", "command": ["sleep", "1d"]}
                        ],
                    },
                },
            },
        }
    )
    lab.settle()


def _tight_budget(lab: Lab) -> None:
    _deployment(lab)
    lab.kubectl("create pdb web --selector=app=web --min-available=3")
    lab.settle()


def _held_pod(lab: Lab) -> None:
    lab.kubectl("run held --image=nginx")
    lab.kubectl('patch pod held --type=merge -p \'{"metadata":{"finalizers":["example.com/hold"]}}\'')
    lab.settle()
    lab.kubectl("delete pod held --wait=false --grace-period=0 --force")
    lab.run("1m")


def _pod(lab: Lab, *, container: dict[str, Any] | None = None, **spec: Any) -> None:
    """A Pod `one` that may run anywhere."""
    containers = [{"name": "main", "image": "nginx", **(container or {})}]
    metadata = {"name": "one", "labels": {"app": "one"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers, **spec},
    }
    lab.apply(pod)
    lab.run("1m")


def _claim_of_no_class(lab: Lab) -> None:
    _claim_without_class(lab)
    _pod(lab, volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])


def _failing_probe(lab: Lab) -> None:
    probe = {"httpGet": {"path": "/nope", "port": 80}, "periodSeconds": 2, "failureThreshold": 1}
    _pod(lab, container={"livenessProbe": probe})


def _no_registry(lab: Lab) -> None:
    lab.break_registry()
    _pod(lab)


def _exhausted_job(lab: Lab) -> None:
    lab.kubectl("create job work --image=busybox:1.36 -- sh -c 'exit 4'")
    lab.kubectl('patch job work --type=merge -p \'{"spec":{"backoffLimit":1}}\'')
    lab.run("3m")


def _autoscaled(lab: Lab) -> None:
    _deployment(lab)
    lab.kubectl("autoscale deployment web --min=1 --max=5 --cpu-percent=50")
    lab.run("1m")


def _tainted(lab: Lab) -> None:
    lab.kubectl("taint node node-1 node-2 a=b:NoSchedule")
    lab.cordon("node-3")
    _pod(lab)


WAITING: dict[str, tuple[Callable[[Lab], None], str, list[str]]] = {
    "taints and a cordon": (
        _tainted,
        "pod/one",
        [
            "It waits for a node: 0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had",
            "A taint keeps Pods away",
            "Cordoned nodes take no new Pod",
        ],
    ),
    "a request that is too large": (
        lambda lab: _pod(lab, container={"resources": {"requests": {"cpu": "64"}}}),
        "pod/one",
        ["3 Insufficient cpu.\n", "What it requests is more than any of these nodes has left"],
    ),
    "a selector": (
        lambda lab: _pod(lab, nodeSelector={"disk": "ssd"}),
        "pod/one",
        ["No label of these nodes is what its nodeSelector or node affinity asks for."],
    ),
    "a claim that waits itself": (
        _claim_of_no_class,
        "pod/one",
        ["PersistentVolumeClaim data: its StorageClass fast does not exist."],
    ),
    "a gate": (
        lambda lab: _pod(lab, schedulingGates=[{"name": "example.com/wait"}]),
        "pod/one",
        ["It is held back by its scheduling gates: example.com/wait."],
    ),
    "another scheduler": (
        lambda lab: _pod(lab, schedulerName="other"),
        "pod/one",
        ["It waits for the scheduler other, which does not run here."],
    ),
    "a Secret": (
        lambda lab: _pod(lab, volumes=[{"name": "d", "secret": {"secretName": "key"}}]),
        "pod/one",
        ["It waits for the Secret key, which does not exist, so that its volume d can be mounted."],
    ),
    "an init container": (
        lambda lab: _pod(
            lab, initContainers=[{"name": "first", "image": "busybox:1.36", "command": ["sleep", "1d"]}]
        ),
        "pod/one",
        ["Its init container first still runs"],
    ),
    "a registry that does not answer": (
        _no_registry,
        "pod/one",
        ["Its container main waits: ImagePullBackOff", "The image registry does not answer"],
    ),
    "an image that isn't there": (
        lambda lab: _pod(lab, container={"image": "nginx:missing-9"}),
        "pod/one",
        ["Look at the name and the tag of the image nginx:missing-9"],
    ),
    "a liveness probe that fails": (
        _failing_probe,
        "pod/one",
        ["Its kubelet ended it, because its liveness probe failed too often."],
    ),
    "a rollout that can be undone": (
        _stuck,
        "deployment/web",
        ["What ran before goes on serving. kubectl rollout undo deployment/web goes back to it."],
    ),
    "a Job that gave up": (
        _exhausted_job,
        "job/work",
        ["It has failed: Job has reached the specified backoff limit.\n", "ended with exit code 4."],
    ),
    "an autoscaler without requests": (
        _autoscaled,
        "hpa/web",
        ["Its condition ScalingActive is False", "give its Pods' containers resources.requests."],
    ),
}


QUESTIONS: dict[str, tuple[Callable[[Lab], None], str, list[str]]] = {
    "a Pod that a StatefulSet made": (
        _settled_stateful,
        "pod/nginx-statefulset-1",
        [
            "Pod nginx-statefulset-1 was created at",
            "because Pod nginx-statefulset-0 became Ready at",
            "was attached to node-",
            "PersistentVolumeClaim www-nginx-statefulset-0 was handed to the provisioner csi.k8slab.dev at",
            "because you did this at t=5.000s: kubectl apply -n default -f -",
        ],
    ),
    "a Pod that isn't there yet": (
        _stateful,
        "pod/nginx-statefulset-2",
        ["There is no nginx-statefulset-2 yet."],
    ),
    "a Pod beyond the replicas": (
        _settled_stateful,
        "pod/nginx-statefulset-7",
        ["There is no nginx-statefulset-7: StatefulSet nginx-statefulset has 3 replicas."],
    ),
    "no new Pod of a lost node": (
        _node_lost,
        "pod/nginx-statefulset-1",
        [
            "has been unreachable for 6:",
            "only its kubelet can confirm that the containers have stopped",
            "StatefulSet nginx-statefulset makes no new nginx-statefulset-1",
            "was marked for deletion at t=380.005s by the taint-eviction-controller.",
            "lost its power at",
        ],
    ),
    "a StatefulSet whose Pod is lost": (
        _node_lost,
        "statefulset/nginx-statefulset",
        ["It waits for nginx-statefulset-1, which is being deleted.", "Pod nginx-statefulset-1: it is being"],
    ),
    "a rollout to an image that isn't there": (
        _bad_image,
        "deployment/web",
        ["Pod web-", "its container nginx waits: ", "nginx:missing-9"],
    ),
    "a rollout that has stopped": (
        _stuck,
        "deployment/web",
        ["Its condition Progressing is False: ReplicaSet", "has timed out progressing."],
    ),
    "a rollout that is paused": (_paused, "deployment/web", ["Its rollout is paused"]),
    "replicas beyond a quota": (
        _quota,
        "deployment/web",
        ["Its condition ReplicaFailure is True", "exceeded quota: few"],
    ),
    "a Pod for which no node is large enough": (
        _too_large,
        "deployment/big",
        ["it waits for a node: 0/3 nodes are available: 3 Insufficient cpu."],
    ),
    "a Pod that crashes": (
        _crash_loop,
        "pod/loop",
        ["Its container loop waits: CrashLoopBackOff", "the last time with exit code 3 (Error)"],
    ),
    "a claim of no class": (
        _claim_without_class,
        "pvc/data",
        ["Its StorageClass fast does not exist."],
    ),
    "a Service of no Pod": (
        _service_without_pods,
        "service/web",
        ["It leads nowhere: no Pod in default has the labels app=web."],
    ),
    "a Job that is done": (
        _job("true"),
        "job/work",
        ["It is complete: Reached expected number of succeeded pods"],
    ),
    "a Job that tries again": (
        _job("sh -c 'exit 1'"),
        "job/work",
        ["of its Pods failed; it waits before it tries again", "gives up after 6 retries"],
    ),
    "a Job that is suspended": (
        _job("sleep 1000", 'patch job work --type=merge -p \'{"spec":{"suspend":true}}\''),
        "job/work",
        ["It is suspended"],
    ),
    "a CronJob that is suspended": (_suspended_cron_job, "cronjob/tick", ["It is suspended"]),
    "daemons that fit nowhere": (_no_node_for_daemons, "daemonset/agent", ["No node fits its Pods"]),
    "a budget that allows nothing": (
        _tight_budget,
        "pdb/web",
        ["It allows no eviction now: 3 Pods are healthy, and 3 must be."],
    ),
    "a Pod that a finalizer holds": (
        _held_pod,
        "pod/held",
        [
            "because you did this at t=5.000s: kubectl run held --image=nginx",
            "It is being deleted and waits for its finalizers: example.com/hold.",
        ],
    ),
    "what never was": (_stateful, "pod/nobody", ["There is no Pod default/nobody, and there never was."]),
}


@pytest.mark.parametrize("question", [*QUESTIONS, *WAITING])
def test_answers(question: str) -> None:
    prepare, reference, sentences = {**QUESTIONS, **WAITING}[question]
    lab = Lab(nodes=3)
    prepare(lab)
    answer = lab.why(reference)
    for sentence in sentences:
        assert sentence in answer, f"{sentence!r} is not in:\n{answer}"
    assert all(line == line.rstrip() and line for line in answer.splitlines())


def test_a_node_without_power_says_so() -> None:
    lab = Lab(nodes=2)
    lab.crash("node-2")
    lab.cordon("node-1")
    lab.run("20s")
    assert "It has no power.\nNobody has noticed yet" in lab.why("node/node-2")
    assert "Nothing has been heard of its kubelet for" not in lab.why("node/node-2")
    assert lab.why("node/node-1").startswith("It is cordoned: no new Pod is put there.")
    lab.run("2m")
    answer = lab.why("node/node-2")
    assert "Nothing has been heard of its kubelet for 1:" in answer
    assert "MemoryPressure" not in answer, "one sentence says it for all conditions"


def test_what_is_amiss_comes_before_how_it_came_to_be() -> None:
    lab = Lab(nodes=3)
    _node_lost(lab)
    tops = [one for one in lab.why("pod/nginx-statefulset-1").splitlines() if not one.startswith(" ")]
    order = ("It is being deleted, but node-", "Until it is gone, ", "Pod nginx-", "Pod nginx-")
    assert all(line.startswith(begin) for line, begin in zip(tops, order, strict=True))
    assert "was marked for deletion" in tops[2]
    assert "was created" in tops[3]


def test_every_sentence_about_a_reason_is_there() -> None:
    names = {name for _, name in SCHEDULING}
    assert {f"waits.{name}" for name in names} <= set(catalogue())


def test_what_is_as_it_should_be_waits_for_nothing() -> None:
    lab = Lab(nodes=3)
    _settled_stateful(lab)
    _deployment(lab)
    lab.kubectl("expose deployment web --port=80")
    lab.settle()
    for reference in ("statefulset/nginx-statefulset", "deployment/web", "service/web", "node/node-1"):
        last = lab.why(reference).splitlines()[-1]
        assert "created at" in last or last.startswith("  because"), last


def test_what_is_created_for_another_image_says_so() -> None:
    lab = Lab(nodes=3)
    _bad_image(lab)
    newest = lab.list("rs")[-1]["metadata"]["name"]
    assert "because Deployment web was given a Pod template with other images (nginx=nginx:missing-9)" in (
        lab.why(f"rs/{newest}") + lab.why(f"rs/{lab.list('rs')[0]['metadata']['name']}")
    )


def test_a_pod_whose_claim_cannot_be_made_says_so() -> None:
    lab = Lab(1)
    spec = {
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "none"}],
        "containers": [{"name": "main", "image": "nginx:1.27", "resources": {"claims": [{"name": "gpu"}]}}],
    }
    lab.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "train"}, "spec": spec})
    lab.run(5)
    said = str(lab.why("pod/train"))
    text = "The scheduler doesn't try it before it has its ResourceClaims: "
    assert f'{text}pod "default/train": ResourceClaim not created yet' in said
