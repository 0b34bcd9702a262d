"""What the simulated operator and Grove write is valid under the CRDs, the real ones and the simulation's own."""

from pathlib import Path

import pytest

from sim.kubelet import pods
from sim.operator import graph, grove
from sim.operator.contract import Manifest
from sim.paths import PROJECT
from tests.golden.cases import IMAGES, config
from tests.golden.crd import part_validator
from wideep import load
from wideep.settings.layout import Preset

NEARBY = pods.Surroundings(nats="nats://dynamo-platform-nats.dw:4222", etcd="dynamo-platform-etcd.dw:2379")
GROVE_CRDS = PROJECT / "sim" / "charts" / "dynamo-platform" / "charts" / "grove-charts" / "crds"
CONDITION = {**graph.condition("Ready", True, "all_ready", "all"), "lastTransitionTime": "2026-01-01T00:00:00Z"}


def live_graph(preset: Preset) -> Manifest:
    made = load(config(preset, image=IMAGES["existing"])).manifests[0]
    return {**made, "metadata": {**made["metadata"], "uid": "u-1", "generation": 1}}


def grove_objects() -> list[tuple[str, str, Manifest]]:
    """Plural, part and value of all that is written for a graph of several pods a worker."""
    clique_set = grove.clique_set(live_graph(Preset.LAB_16GPU_MULTINODE), NEARBY)
    clique_set["metadata"] |= {"uid": "u-2", "generation": 1}
    cliques = [clique for gang in grove.gangs(clique_set) for clique in gang.cliques]
    groups = grove.scaling_groups(clique_set)
    assert groups
    return [
        ("podcliquesets", "spec", clique_set["spec"]),
        ("podcliquesets", "status", grove.set_status(clique_set, whole=True)),
        *(("podcliques", "spec", clique["spec"]) for clique in cliques),
        ("podcliques", "status", grove.clique_status(2, 1, 0)),
        *(("podcliquescalinggroups", "spec", group["spec"]) for group in groups),
        ("podcliquescalinggroups", "status", grove.group_status(groups[0], 1, 1)),
    ]


def errors(crds: Path, objects: list[tuple[str, str, Manifest]]) -> list[str]:
    return [
        f"{plural}.{part}: {error.message}"
        for plural, part, value in objects
        for error in part_validator((crds / f"grove.io_{plural}.yaml").read_text(), part).iter_errors(value)
    ]


def test_groves_objects_are_valid_under_the_simulations_crds() -> None:
    assert errors(GROVE_CRDS, grove_objects()) == []


def test_groves_objects_are_valid_under_groves_own_crds(reference: Path) -> None:
    assert errors(reference / "data" / "crds", grove_objects()) == []


@pytest.mark.parametrize("part", ["spec", "status"])
def test_a_field_that_grove_does_not_know_is_refused_by_the_simulations_crds_too(part: str) -> None:
    for plural, of, value in grove_objects():
        if of == part:
            assert errors(GROVE_CRDS, [(plural, of, {**value, "startupType": "x"})])


@pytest.mark.parametrize("preset", [Preset.LAB_16GPU_SINGLENODE, Preset.LAB_16GPU_MULTINODE])
def test_the_operators_objects_are_valid_under_dynamos_own_crds(reference: Path, preset: Preset) -> None:
    crds = reference / "data" / "crds"
    of_component = (crds / "nvidia.com_dynamocomponentdeployments.yaml").read_text()
    of_graph = (crds / "nvidia.com_dynamographdeployments.yaml").read_text()
    found = [
        error.message
        for component in graph.components(live_graph(preset)).values()
        for error in part_validator(of_component, "spec").iter_errors(component["spec"])
    ]
    found += [
        error.message for error in part_validator(of_component, "status").iter_errors({"conditions": [CONDITION]})
    ]
    status = {"state": "successful", "conditions": [CONDITION]}
    found += [error.message for error in part_validator(of_graph, "status").iter_errors(status)]
    assert found == []
