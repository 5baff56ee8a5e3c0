"""Laws of the patches that kubectl computes: the server makes of them what was meant."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.api.meta import Obj
from k8slab.api.schema import type_of_kind
from k8slab.api.strategic import strategic_merge_patch
from k8slab.kubectl.three_way import three_way_patch, two_way_patch

_TYPE = type_of_kind("apps/v1", "Deployment")
_NAMES = st.sampled_from(("a", "b", "c"))
_VALUES = st.sampled_from(("1", "2"))


def _named(values: st.SearchStrategy[Obj]) -> st.SearchStrategy[list[Obj]]:
    """A list whose items have different names."""
    return st.dictionaries(_NAMES, values, max_size=3).map(
        lambda found: [{"name": name, **value} for name, value in found.items()]
    )


_VARIABLES = _named(st.fixed_dictionaries({"value": _VALUES}))
_CONTAINERS = _named(
    st.fixed_dictionaries({"image": _VALUES}, optional={"env": _VARIABLES, "args": st.lists(_VALUES)})
).filter(bool)
_TAINTLIKE = st.lists(st.fixed_dictionaries({"key": _NAMES, "effect": _VALUES}), max_size=2)


@st.composite
def _deployments(draw: st.DrawFn) -> Obj:
    labels = draw(st.dictionaries(_NAMES, _VALUES, max_size=2))
    pod: Obj = {"containers": draw(_CONTAINERS)}
    tolerations = draw(_TAINTLIKE)
    if tolerations:
        pod["tolerations"] = tolerations
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "labels": labels},
        "spec": {"replicas": draw(st.integers(0, 3)), "template": {"spec": pod}},
    }


def _in_order(obj: Obj) -> Obj:
    """The object without lists that are empty, which a patch can leave behind."""
    containers = [
        {name: value for name, value in one.items() if value != []}
        for one in obj["spec"]["template"]["spec"]["containers"]
    ]
    pod = {**obj["spec"]["template"]["spec"], "containers": containers}
    return {**obj, "spec": {**obj["spec"], "template": {"spec": pod}}}


@settings(deadline=None)
@given(_deployments(), _deployments())
def test_a_two_way_patch_makes_the_one_of_the_other(before: Obj, after: Obj) -> None:
    patch = two_way_patch(before, after)
    assert _in_order(strategic_merge_patch(_TYPE, before, patch)) == _in_order(after)


@given(_deployments())
def test_nothing_differs_from_itself(obj: Obj) -> None:
    assert two_way_patch(obj, obj) == {}
    assert three_way_patch(obj, obj, obj) == {}


@settings(deadline=None)
@given(_deployments(), _deployments())
def test_applying_again_changes_nothing(last: Obj, manifest: Obj) -> None:
    live = strategic_merge_patch(_TYPE, last, three_way_patch(last, manifest, last))
    assert three_way_patch(manifest, manifest, live) == {}
