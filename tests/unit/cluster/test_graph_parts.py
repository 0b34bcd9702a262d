"""A graph's components, read the same from either version of its API."""

from __future__ import annotations

from typing import Any

import pytest

from wideep_cluster.dynamo.graph_parts import graph_parts, named_path, named_spec, part_names

OLD: dict[str, Any] = {
    "services": {
        "Frontend": {"componentType": "frontend", "extraPodSpec": {"mainContainer": {"image": "r/d:1"}}},
        "decode": {
            "componentType": "worker",
            "subComponentType": "decode",
            "replicas": 2,
            "multinode": {"nodeCount": 4},
            "extraPodSpec": {"mainContainer": {"image": "r/d:1", "args": ["--tp-size", "32"]}},
        },
    }
}
SIDECAR = {"name": "log", "image": "r/log:1"}
NEW: dict[str, Any] = {
    "components": [
        {
            "name": "Frontend",
            "type": "frontend",
            "podTemplate": {"spec": {"containers": [SIDECAR, {"name": "main", "image": "r/d:1"}]}},
        },
        {
            "name": "decode",
            "type": "decode",
            "replicas": 2,
            "multinode": {"nodeCount": 4},
            "podTemplate": {"spec": {"containers": [{"name": "main", "image": "r/d:1", "args": ["--tp-size", "32"]}]}},
        },
    ]
}


def test_both_versions_of_the_api_say_the_same() -> None:
    assert graph_parts(OLD) == graph_parts(NEW)
    frontend, decode = graph_parts(NEW)
    assert (frontend.role, frontend.replicas, frontend.nodes, frontend.image) == ("frontend", 1, 1, "r/d:1")
    assert (decode.role, decode.pods, decode.args) == ("decode", 8, ("--tp-size", "32"))


@pytest.mark.parametrize("spec", [OLD, NEW])
def test_they_are_known_by_name(spec: dict[str, Any]) -> None:
    assert part_names(spec) == {"Frontend", "decode"}


@pytest.mark.parametrize(
    "spec", [{}, {"services": None}, {"components": []}, {"components": [{}]}, {"services": {"d": {"replicas": None}}}]
)
def test_a_spec_with_less_than_that_is_no_error(spec: dict[str, Any]) -> None:
    assert all(part.replicas == 1 and not part.image for part in graph_parts(spec))


def test_a_place_in_a_list_of_components_is_told_by_the_components_name() -> None:
    named = named_spec(NEW)
    assert named["components"]["decode"]["replicas"] == 2
    assert named_path("spec.components[1].replicas", NEW) == "spec.components.decode.replicas"
    assert named_path("spec.components[7].replicas", NEW) == "spec.components[7].replicas"


def test_a_map_of_services_stays_as_it_is() -> None:
    assert named_spec(OLD) == OLD
    assert named_path("spec.services.decode.replicas", OLD) == "spec.services.decode.replicas"
