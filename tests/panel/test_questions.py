"""What the panel's pieces know: completions, errors at their lines, pages of questions, surveys."""

from __future__ import annotations

from typing import Any

import pytest

from k8slab.graph import Graph
from k8slab.lab import Lab
from k8slab.panel.completion import of_command, of_manifest
from k8slab.panel.console import Console
from k8slab.panel.editor import Editor, Problem, problems
from k8slab.panel.inspector import PAGES, Inspector, pages_of
from k8slab.panel.showing import Showing
from k8slab.panel.traffic import Call
from k8slab.scheduler.survey import survey

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: a\n    image: b\n"
SERVICE = "apiVersion: v1\nkind: Service\nspec:\n"


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab(nodes=["node-1", "node-2", "node-3"], timing="instant")
    made.kubectl("create deployment web --image=nginx --replicas=2")
    made.kubectl("cordon node-2")
    big = POD.replace("name: x", "name: big").replace(
        "image: b\n", "image: b\n    resources: {requests: {cpu: 100}}\n"
    )
    made.apply(big)
    made.settle()
    return made


COMMANDS: dict[str, tuple[str, int, list[str]]] = {
    "a verb": ("desc", 0, ["describe"]),
    "a subcommand": ("rollout re", 8, ["restart", "resume"]),
    "a resource": ("get deployme", 4, ["deployments.apps"]),
    "a name": ("describe pod bi", 13, ["big"]),
    "a name behind a slash": ("rollout restart deployment/", 16, ["deployment/web"]),
    "a Pod": ("logs b", 5, ["big"]),
    "a node": ("drain node-", 6, ["node-1", "node-2", "node-3"]),
    "a flag": ("get pods --field-s", 9, ["--field-selector"]),
    "a flag's value": ("get pods -o ya", 12, ["yaml"]),
    "a namespace": ("get pods -n kube-p", 12, ["kube-public"]),
    "nothing beyond a dash": ("exec big -- l", 12, []),
    "nothing of an unknown verb": ("frobnicate p", 11, []),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_commands_are_completed(case: str, lab: Lab) -> None:
    text, start, expected = COMMANDS[case]
    found = of_command(text, lab.completions)
    assert (found.start, list(found.words)) == (start, expected)


MANIFESTS: dict[str, tuple[str, list[str]]] = {
    "the top": ("ki", ["kind:"]),
    "a kind": ("apiVersion: v1\nkind: Confi", ["ConfigMap"]),
    "a field": (POD + "    imageP", ["imagePullPolicy:"]),
    "a field of a list's element": ("\n".join(POD.split("\n")[:6]) + "\n  - na", ["name:"]),
    "no field twice": (POD + "    ima", ["imagePullPolicy:"]),
    "a field beside another list": (POD + "  restartP", ["restartPolicy:"]),
    "a boolean": (POD + "    stdin: t", ["true"]),
    "of the second document": (
        POD + "---\napiVersion: v1\nkind: Service\nspec:\n  clusterIP",
        ["clusterIP:", "clusterIPs:"],
    ),
    "nothing in an unknown kind": ("apiVersion: v1\nkind: Nothing\nspec:\n  a", []),
    "nothing in a text": (POD + "    image: b", []),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_manifests_are_completed(case: str) -> None:
    text, expected = MANIFESTS[case]
    assert list(of_manifest(text, len(text)).words) == expected


BROKEN: dict[str, tuple[str, int, str]] = {
    "an unknown field": (POD + "    imagee: c\n", 9, 'unknown field "spec.containers[0].imagee"'),
    "an unknown field at the top": (POD + "specc: {}\n", 9, 'unknown field "specc"'),
    "a wrong type": (POD + "    ports: 3\n", 9, "cannot unmarshal number"),
    "a bad value": (POD + "    imagePullPolicy: Foo\n", 9, 'Unsupported value: "Foo"'),
    "a bad name": (POD.replace("name: x", "name: X_"), 4, 'Invalid value: "X_"'),
    "bad YAML": (POD.replace("spec:", " spec:"), 5, "did not find expected key"),
    "the second document": (
        POD + "---\n" + POD + "    stdinn: true\n",
        18,
        'unknown field "spec.containers[0].stdinn"',
    ),
    "an unknown kind": (POD.replace("kind: Pod", "kind: Nothing"), 1, 'no matches for kind "Nothing"'),
}


@pytest.mark.parametrize("case", BROKEN)
def test_errors_stand_at_their_lines(case: str, lab: Lab) -> None:
    text, line, words = BROKEN[case]
    before = len(lab.inputs)
    found = problems(lab, text)
    assert [one.line for one in found] == [line], found
    assert words in found[0].text
    assert len(lab.inputs) == before, "trying is no input"


def test_what_is_right_has_no_problems(lab: Lab) -> None:
    assert problems(lab, POD) == []
    assert problems(lab, "") == []


def messages(widget: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    widget.send = lambda message, buffers=None: sent.append(message)
    return sent


def test_the_editor_checks_completes_and_applies(lab: Lab) -> None:
    applied: list[str] = []
    editor = Editor(lab, applied.append)
    sent = messages(editor)
    editor._receive(None, {"type": "check", "text": POD + "    imagee: c\n"}, None)
    assert editor.problems == [list(Problem(9, 'unknown field "spec.containers[0].imagee"'))]
    editor._receive(None, {"type": "complete", "text": "ki", "cursor": 2}, None)
    assert sent == [{"type": "completions", "text": "ki", "start": 0, "words": ["kind:"]}]
    editor._receive(None, {"type": "apply", "text": POD}, None)
    assert applied == [POD]
    assert repr(editor) == "<Editor: 8 lines>"


def test_the_console_runs_and_completes(lab: Lab) -> None:
    ran: list[str] = []
    console = Console(ran.append, lambda text: of_command(text, lab.completions))
    sent = messages(console)
    console._receive(None, {"type": "run", "command": "get pods"}, None)
    console._receive(None, {"type": "complete", "text": "desc"}, None)
    console.print("$ kubectl get pods", "NAME\nbig\n")
    console.prefill("exec big -- ")
    assert ran == ["get pods"]
    assert [one["type"] for one in sent] == ["completions", "prefill"]
    assert console.lines == [["command", "$ kubectl get pods"], ["output", "NAME"], ["output", "big"]]


def test_every_page_answers_for_every_object(lab: Lab) -> None:
    graph = Graph(lab.view)
    before = (len(lab.inputs), lab.digest())
    for kind in ("Pod", "Node", "Deployment"):
        for identity in graph.ids(kind):
            for page in pages_of(identity):
                assert page.answer(lab, graph, identity).startswith("<"), (page.name, identity)
    assert (len(lab.inputs), lab.digest()) == before, "a question changes nothing"


PAGE_SAYS = {
    "Events": "FailedScheduling",
    "Scheduling": "Insufficient cpu",
    "YAML": "<ins>+",
    "Why": "was created",
    "Owners": "Pod big",
    "Logs": "<h4>a</h4>",
}


@pytest.mark.parametrize("page", PAGE_SAYS)
def test_a_page_says_what_it_is_for(page: str, lab: Lab) -> None:
    inspector = Inspector(lab)
    inspector.show("Pod/default/big", Graph(lab.view))
    inspector.pages.value = page
    assert PAGE_SAYS[page] in inspector.content.value


def test_the_open_page_is_kept_where_the_next_object_has_it(lab: Lab) -> None:
    inspector, graph = Inspector(lab), Graph(lab.view)
    inspector.show("Pod/default/big", graph)
    inspector.pages.value = "Scheduling"
    inspector.show("Node/node-1", graph)
    assert inspector.page == "Summary"
    assert "Scheduling" not in dict(inspector.pages.options).values()
    inspector.pages.value = "Events"
    inspector.show("Pod/default/big", graph)
    assert inspector.page == "Events"
    assert len(inspector.pages.options) == len(PAGES)


def test_a_survey_says_what_each_node_lacks(lab: Lab) -> None:
    rows = {row.node: (row.plugin, row.reasons) for row in survey(lab.view, ("default", "big"), lab.now_us)}
    assert rows == {
        "node-1": ("NodeResourcesFit", ("Insufficient cpu",)),
        "node-2": ("NodeUnschedulable", ("node(s) were unschedulable",)),
        "node-3": ("NodeResourcesFit", ("Insufficient cpu",)),
    }


def test_a_survey_of_a_placed_pod_has_its_node_among_the_best(lab: Lab) -> None:
    pod = next(one for one in lab.list("pods") if one["metadata"]["name"] != "big")
    rows = survey(lab.view, ("default", pod["metadata"]["name"]), lab.now_us)
    assert pod["spec"]["nodeName"] in [row.node for row in rows if row.score is not None]
    assert rows[-1].node == "node-2"


def test_a_step_by_a_component_ends_with_it() -> None:
    made = Lab(nodes=1)
    made.kubectl("create deployment web --image=nginx")
    assert made.step("deployment-controller")
    assert [one["metadata"]["name"] for one in made.list("rs")], "the Deployment was looked at"
    assert not made.list("pods")
    assert made.step("")
    with pytest.raises(Exception, match='there is no component "nobody"'):
        made.step("nobody")


def test_requests_are_seen_in_the_servers_logs() -> None:
    made = Lab(nodes=2, timing="instant")
    made.kubectl("create deployment web --image=nginx")
    made.kubectl("expose deployment web --port=80")
    made.kubectl("run asker --image=busybox --command -- sleep 1000")
    made.settle()
    showing = Showing(made)
    made.kubectl("exec asker -- wget -qO- http://web/")
    made.kubectl("exec asker -- wget -qO- http://web/nothing-there")
    showing.follow()
    server = next(one["metadata"]["name"] for one in made.list("pods", selector="app=web"))
    answered = Call("Pod/default/asker", f"Pod/default/{server}", True)
    assert showing.calls == [answered, answered._replace(well=False)]
    showing.follow()
    assert showing.calls == [], "each is seen once"
