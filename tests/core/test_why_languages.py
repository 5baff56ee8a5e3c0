"""`lab.why` in Chinese: the same chain, said otherwise, with Kubernetes' own words as they are."""

from __future__ import annotations

import re

import pytest

from k8slab.lab import Lab
from tests.renderers.labs import workload


def broken(language: str) -> Lab:
    lab = Lab(nodes=2, lang=language)
    lab.apply([workload("StatefulSet", "db", replicas=3, serviceName="db")])
    lab.settle()
    lab.crash("node-1")
    lab.run("7m")
    return lab


@pytest.fixture(scope="module")
def labs() -> dict[str, Lab]:
    return {language: broken(language) for language in ("en", "zh")}


QUESTIONS = ["pod/db-0", "pod/db-1", "pod/db-9", "pod/nobody", "sts/db", "node/node-1", "svc/kubernetes"]
FACTS = re.compile(r"t=\d+\.\d+s|db-\d|node-\d|[a-z]+-controller|StatefulSet db")


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_languages_name_the_same_facts(labs: dict[str, Lab], question: str) -> None:
    english, chinese = (labs[language].why(question) for language in ("en", "zh"))
    assert sorted(FACTS.findall(english)) == sorted(FACTS.findall(chinese))
    assert english.count("\n") == chinese.count("\n")
    for line in chinese.splitlines():
        assert re.search(r"[\u4e00-\u9fff]", line), line


def test_the_language_is_no_part_of_what_happens(labs: dict[str, Lab]) -> None:
    assert labs["en"].digest() == labs["zh"].digest()
    assert labs["zh"].kubectl("get pods -o wide") == labs["en"].kubectl("get pods -o wide")


def test_the_language_is_kept(labs: dict[str, Lab]) -> None:
    lab = labs["zh"]
    assert lab.fork().language == Lab.load(lab.save()).language == "zh"
    assert Lab.load(labs["en"].save()).language == "en"


def test_a_language_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="unknown language"):
        Lab(lang="fr")
