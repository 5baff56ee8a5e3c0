"""The real kubectl binary against a served lab, and the in-process kubectl on a fork of it: they agree."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

import pytest

from k8slab.lab import Lab
from k8slab.server import Serving, serve

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}
"""
DB = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: c, image: "busybox:1.36", command: [sleep, infinity]}]
"""
LIST = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: first}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: second}}
"""


class Step(NamedTuple):
    """One command; afterwards lab time passes until all is quiet. `same`: both kubectls must say the same."""

    command: str
    code: int = 0
    says: str = ""
    stdin: str = ""
    same: bool = True


STORIES: dict[str, list[Step]] = {
    "a Deployment's life": [
        Step("apply -f -", stdin=WEB, says="deployment.apps/web created"),
        Step("get deployments", says="2/2"),
        Step("get pods -o wide"),
        Step("get deploy web -o yaml", says="kind: Deployment"),
        Step("get deploy web -o jsonpath={.spec.replicas}", says="2"),
        Step("apply -f -", stdin=WEB, says="deployment.apps/web unchanged"),
        Step("apply -f -", stdin=WEB.replace("replicas: 2", "replicas: 3"), says="configured"),
        Step("scale deployment/web --replicas=4", says="deployment.apps/web scaled"),
        Step("rollout status deployment/web", says='deployment "web" successfully rolled out'),
        Step("set image deployment/web nginx=nginx:1.28", says="image updated"),
        Step("rollout status deployment/web", says="successfully rolled out"),
        Step("rollout history deployment/web", says="REVISION"),
        Step("rollout undo deployment/web", says="rolled back"),
        Step("rollout restart deployment/web", says="restarted", same=False),
        Step("get rs -o name", says="replicaset.apps/web-"),
        Step("label deployment web tier=front", says="deployment.apps/web labeled"),
        Step("annotate deployment web note=hello", says="annotated"),
        Step("""patch deployment web -p '{"spec":{"replicas":1}}'""", says="patched"),
        Step("expose deployment web --port=80", says="service/web exposed"),
        Step("get svc,endpoints"),
        Step("autoscale deployment web --min=1 --max=3", says="autoscaled"),
        Step("get hpa web -o jsonpath={.spec.maxReplicas}", says="3"),
        Step("delete deployment web", says='deployment.apps "web" deleted'),
        Step("get pods", says=""),
    ],
    "a StatefulSet's life": [
        Step("apply -f -", stdin=DB, says="statefulset.apps/db created"),
        Step("rollout status sts/db", says="2 new pods have been updated", same=False),
        Step("wait --for=condition=Ready pod/db-0 --timeout=20s", says="condition met"),
        Step("get pods --show-labels"),
        Step("describe pod db-0", says="Container ID:", same=False),
        Step("exec db-0 -- echo hello", says="hello"),
        Step("exec db-0 -- sh -c 'exit 3'", code=3),
        Step("exec -i db-0 -- cat", stdin="typed\n", says="typed"),
        Step("exec db-0 -- hostname", says="db-0"),
        Step("delete pod db-0 --wait=false", says='pod "db-0" deleted'),
        Step("get pod db-0 -o jsonpath={.status.phase}", says="Running"),
        Step("cordon node-1", says="node/node-1 cordoned"),
        Step("uncordon node-1", says="node/node-1 uncordoned"),
        Step("taint node node-2 key=value:NoSchedule", says="tainted"),
        Step("get nodes", says="Ready"),
        Step("edit sts db", says="Edit cancelled, no changes made.", same=False),
    ],
    "objects made by generators": [
        Step("create namespace shop", says="namespace/shop created"),
        Step("create -f -", stdin=LIST, says="configmap/second created"),
        Step("edit configmap/first configmap/second", says="Edit cancelled, no changes made."),
        Step("create configmap settings --from-literal=a=1 -n shop", says="configmap/settings created"),
        Step("create secret generic key --from-literal=password=x", says="secret/key created"),
        Step("create deployment cache --image=redis --replicas=2", says="deployment.apps/cache created"),
        Step("create job once --image=busybox -- echo done", says="job.batch/once created"),
        Step("logs job/once", says="done"),
        Step("create cronjob often --image=busybox --schedule='*/5 * * * *' -- date", says="created"),
        Step("create serviceaccount robot", says="serviceaccount/robot created"),
        Step("create role reader --verb=get,list --resource=pods", says="created"),
        Step("create rolebinding robots --role=reader --serviceaccount=default:robot", says="created"),
        Step("auth can-i list pods --as=system:serviceaccount:default:robot", says="yes"),
        Step("auth can-i delete pods --as=system:serviceaccount:default:robot", says="no", code=1),
        Step("create quota limits --hard=pods=10", says="resourcequota/limits created"),
        Step("create poddisruptionbudget guard --selector=app=cache --min-available=1", says="created"),
        Step("create service clusterip cache --tcp=6379:6379", says="service/cache created"),
        Step("create ingress front --rule=example.com/=cache:6379", says="created"),
        Step("create priorityclass high --value=1000", says="created"),
        Step("get configmap settings -n shop -o jsonpath={.data.a}", says="1"),
        Step("get cronjob often"),
        Step("delete namespace shop --wait=false", says='namespace "shop" deleted'),
    ],
    "what the server knows of itself": [
        Step("version", says="Server Version: v1.36.2", same=False),
        Step("api-resources --api-group=apps", says="statefulsets", same=False),
        Step("api-versions", says="batch/v1", same=False),
        Step("explain pod.spec.containers.image", says="FIELD: image <string>", same=False),
        Step("explain statefulset.spec.template --recursive", says="nodeSelector", same=False),
        Step("explain pods.spec.nonsense", code=1, same=False),
        Step("auth can-i create pods", says="yes"),
        Step("auth whoami", says="kubernetes-admin", same=False),
        Step("cluster-info", says="is running at", same=False),
        Step("get --raw /readyz", says="ok"),
        Step("get pods", says=""),
    ],
    "what is refused": [
        Step("get pod nobody", code=1),
        Step("get nonsense", code=1),
        Step("create deployment Bad_Name --image=nginx", code=1),
        Step("apply -f -", stdin=WEB.replace("replicas: 2", "replicaz: 2"), code=1),
        Step("apply -f -", stdin=WEB.replace("replicas: 2", "replicas: -2"), code=1),
        Step("delete pod nobody", code=1),
        Step("logs nobody", code=1),
        Step("exec nobody -- ls", code=1),
        Step("scale deployment/nobody --replicas=2", code=1),
        Step("get pods --as=stranger", code=1),
    ],
}


def _comparable(text: str) -> list[str]:
    """Lines without the layout that names of different length bring about."""
    return [re.sub(r" +", " ", line).rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("story", STORIES)
def test_binary_and_in_process_agree(story: str, lab: Lab, serving: Serving, monkeypatch) -> None:
    monkeypatch.setenv("EDITOR", "cat")
    twin = lab.fork()
    for step in STORIES[story]:
        done = serving.kubectl(*shlex.split(step.command), stdin=step.stdin, timeout_seconds=180)
        told = f"kubectl {step.command}\n{done.stdout}{done.stderr}"
        assert done.returncode == step.code, told
        assert step.says in done.stdout + done.stderr, told
        inside = twin.kubectl(step.command, stdin=step.stdin) if step.same else None
        if inside is not None:
            assert (inside.code, _comparable(inside.stdout)) == (done.returncode, _comparable(done.stdout)), (
                told
            )
        elif not _only_reads(step.command):
            twin.settle()
            lab.settle()
            twin = lab.fork()
            continue
        lab.settle()
        twin.settle()


def _only_reads(command: str) -> bool:
    words = (
        "get",
        "describe",
        "explain",
        "wait",
        "rollout status",
        "version",
        "api-",
        "auth",
        "cluster-info",
    )
    return command.startswith(words)


LIVE = [
    Step("apply -f -", stdin=DB, says="created"),
    Step("rollout status sts/db --timeout=60s", says="2 new pods have been updated"),
    Step("wait --for=condition=Ready pod -l app=db --timeout=60s", says="pod/db-1 condition met"),
    Step(
        "run talk --image=busybox --restart=Never -- sh -c 'echo one; sleep 120; echo two'", says="pod/talk"
    ),
    Step("wait --for=condition=Ready pod/talk --timeout=60s", says="condition met"),
    Step("logs -f talk", says="two"),
    Step("exec db-0 -- sh -c 'sleep 30; echo slept'", says="slept"),
    Step("drain node-1 --ignore-daemonsets --force", says="node/node-1 drained"),
    Step("delete pod db-0 --grace-period=2", says='pod "db-0" deleted'),
    Step("run once --image=busybox -i --rm --restart=Never -- echo hello", says="hello"),
    Step("delete sts db --cascade=foreground", says="deleted"),
]


def test_commands_that_wait_see_time_pass(lab: Lab) -> None:
    with serve(lab, speed=60) as serving:
        for step in LIVE:
            done = serving.kubectl(*shlex.split(step.command), stdin=step.stdin, timeout_seconds=180)
            told = f"kubectl {step.command}\n{done.stdout}{done.stderr}"
            assert done.returncode == step.code, told
            assert step.says in done.stdout, told
        assert serving.app.faults == []


COMPLETED = (
    "g",
    "get po",
    "get pods,s",
    "get pods d",
    "get pod/",
    "get pod/db-0 d",
    "get pods -n ku",
    "get pods -o ",
    "rollout status d",
    "rollout undo deployment ",
    "logs d",
    "logs db-0 ",
    "exec db-0 -c ",
    "cordon n",
    "create d",
    "scale d",
    "taint node n",
    "label pods ",
    "set image d",
    "get pods --na",
    "config use-context ",
    "get gizmo ",
)


def test_tab_offers_what_the_binary_offers(lab: Lab, serving: Serving) -> None:
    lab.apply(DB)
    lab.apply(WEB)
    lab.settle()
    for line in COMPLETED:
        *before, word = line.split(" ")
        offered = serving.kubectl("__complete", *before, word).stdout.splitlines()
        wanted = sorted(one.partition("\t")[0] for one in offered if one and not one.startswith(":"))
        assert lab.completions(line) == wanted, line


def test_there_are_enough_invocations() -> None:
    assert sum(map(len, STORIES.values())) >= 40
