"""The typed graph and the real CRD agree on every field that the types have: fuzzed in both directions."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from tests.golden.cases import IMAGES, config
from tests.golden.crd import spec_validator
from tests.support.examples import examples
from wideep import load
from wideep.graph.dgd import DynamoGraphDeployment
from wideep.settings.layout import Preset

Path_ = tuple[str | int, ...]

NARROWER = {
    "componentType": "only the components that this program makes; the CRD takes any word",
    "subComponentType": "only prefill and decode; the CRD takes any word",
    "backendFramework": "only sglang; the CRD also has vllm and trtllm",
}
"""Fields in which a choice of ours is an Enum. For all others both must say the same."""

LATER = {"scalingAdapter", "enabled"}
"""Fields that came with 0.8, so that the CRD of 0.6.0 has none of them; ``wideep.rules.scaling`` refuses them there."""

RICH = config(
    Preset.LAB_16GPU_MULTINODE,
    image=IMAGES["existing"],
    hardware={
        "gpu": "H200",
        "nodes": 4,
        "gpusPerNode": 8,
        "interconnect": "roce",
        "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H200"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
    },
    layout={"preset": "lab-16gpu-multinode", "decode": {"eplb": {"recorderMode": "stat"}}},
    frontend={"replicas": 2, "routerMode": "kv", "resources": {"cpu": "8", "memory": "16Gi"}},
    workers={
        "priorityClass": "inference",
        "spreadOver": "topology.kubernetes.io/zone",
        "env": {"SGLANG_LOG": "1"},
        "envFrom": ["s"],
    },
)
NODE_LOCAL = RICH | {"modelCache": {"size": "1Ti", "hostPath": "/var/lib/models"}}
IN_A_RACK = config(Preset.TRTLLM_36GPU, backend="trtllm", image={"source": "published"})
"""Three stacks in which, together, every field of the types is set."""

scalars = st.one_of(
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.sampled_from([0, 1, 2, 3, 8000, 2**31 - 1, 2**31]),
    st.sampled_from([0.5, -1.25]),
    st.text(max_size=8),
    st.sampled_from(["80Gi", "1e3", "-2.5k", "80 Gi", "Gi", "80Gi\n", "8", "true"]),
)
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.fixed_dictionaries({"notAField": scalars}))


@pytest.fixture(scope="module", params=[RICH, NODE_LOCAL, IN_A_RACK], ids=["volume", "node-local", "rack"])
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The manifest of a rich stack, which nobody changes."""
    return load(request.param).manifests[0]


@pytest.fixture(scope="module")
def crd(reference: Path) -> Draft202012Validator:
    """The real CRD's schema of ``spec``."""
    return spec_validator(reference / "data" / "crds")


def paths(value: Any, path: Path_ = ()) -> list[Path_]:
    """Every place in a manifest, objects and lists as well as leaves."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for key, item in items for below in paths(item, (*path, key)))]


def changed(manifest: dict[str, Any], path: Path_, value: Any) -> dict[str, Any]:
    """A copy with another value at a path."""
    result = copy.deepcopy(manifest)
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return result


def without(manifest: dict[str, Any], path: Path_) -> dict[str, Any]:
    """A copy without the field at a path."""
    result = copy.deepcopy(manifest)
    del _at(result, path[:-1])[path[-1]]
    return result


def typed_takes(manifest: dict[str, Any]) -> bool:
    """Whether the typed graph accepts the manifest."""
    try:
        DynamoGraphDeployment.parse(manifest)
    except ValidationError:
        return False
    return True


@examples(150)
@given(data=st.data())
def test_one_changed_value_is_taken_by_both_or_refused_by_both(
    manifest: dict[str, Any], crd: Draft202012Validator, data: st.DataObject
) -> None:
    places = [path for path in paths(manifest["spec"], ("spec",)) if len(path) > 1 and path[-1] not in NARROWER]
    path = data.draw(st.sampled_from(places))
    other = changed(manifest, path, data.draw(values))

    known = crd.is_valid(other["spec"])

    assert typed_takes(other) == known, json.dumps([path, other["spec"]])


@examples(50)
@given(data=st.data())
def test_a_field_that_neither_has_is_refused_by_both(
    manifest: dict[str, Any], crd: Draft202012Validator, data: st.DataObject
) -> None:
    objects = [path for path in paths(manifest["spec"], ("spec",)) if isinstance(_at(manifest, path), dict)]
    free = ("services", "nodeSelector", "matchLabels", "annotations", "custom")
    path = data.draw(st.sampled_from([path for path in objects if path[-1] not in free]))
    other = changed(manifest, (*path, "notAField"), data.draw(scalars))

    assert not crd.is_valid(other["spec"])
    assert not typed_takes(other)


def test_what_the_types_let_out_the_crd_does_not_want(manifest: dict[str, Any], crd: Draft202012Validator) -> None:
    """The other way round they differ: what this program always writes, its types want."""
    places = [path for path in paths(manifest["spec"], ("spec",)) if len(path) > 1 and isinstance(path[-1], str)]

    for path in places:
        other = without(manifest, path)
        assert not typed_takes(other) or crd.is_valid(other["spec"]), path


@pytest.mark.parametrize("field", NARROWER)
def test_where_ours_is_narrower_the_crd_takes_all_that_ours_does(
    manifest: dict[str, Any], crd: Draft202012Validator, field: str
) -> None:
    path = next(path for path in paths(manifest) if path[-1:] == (field,))
    word = changed(manifest, path, "planner")

    assert crd.is_valid(manifest["spec"])
    assert not typed_takes(word)


def test_the_fuzzed_manifests_set_every_field_of_the_types() -> None:
    manifests = [load(each).manifests[0] for each in (RICH, NODE_LOCAL, IN_A_RACK)]
    named = {key for manifest in manifests for path in paths(manifest) for key in path if isinstance(key, str)}
    schema = DynamoGraphDeployment.model_json_schema(by_alias=True)
    fields = {field for type_ in [schema, *schema["$defs"].values()] for field in type_.get("properties", {})}

    assert fields - named == LATER


def _at(value: Any, path: Path_) -> Any:
    for key in path:
        value = value[key]
    return value
