"""What the lab answers to "why?": for what happened, and for what doesn't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from k8slab import Lab

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
        ["is unreachable, so nothing confirms that it has stopped."],
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


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers(question: str) -> None:
    prepare, reference, sentences = QUESTIONS[question]
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
    lab.run("1m")
    assert "It has no power." in lab.why("node/node-2")
    assert lab.why("node/node-1").endswith("It is cordoned: no new Pod is put there.")


def test_what_is_as_it_should_be_waits_for_nothing() -> None:
    lab = Lab(nodes=3)
    _settled_stateful(lab)
    _deployment(lab)
    lab.kubectl("expose deployment web --port=80")
    lab.settle()
    for reference in ("statefulset/nginx-statefulset", "deployment/web", "service/web", "node/node-1"):
        last = lab.why(reference).splitlines()[-1]
        assert "created at" in last or last.startswith("  because"), last
