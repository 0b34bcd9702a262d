"""The manifests of all presets, as files that a person has read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.golden.cases import (
    ENGINES,
    FEWER,
    FILES,
    HERE,
    IMAGES,
    MONITORED,
    ON_SGLANG,
    RELEASES,
    engine_text,
    manifest,
    monitoring_text,
    release_text,
    text,
)
from tests.golden.crd import spec_validator
from wideep.graph.dgd import DynamoGraphDeployment
from wideep.graph.parse import parse_graph
from wideep.settings.layout import Preset


@pytest.mark.parametrize("preset", FILES)
def test_a_preset_gives_the_manifest_that_was_read(preset: Preset) -> None:
    assert text(preset) == FILES[preset].read_text(encoding="utf-8"), "read the change: python -m tests.golden.update"


@pytest.mark.parametrize("preset", ENGINES)
def test_another_engines_preset_gives_the_manifest_that_was_read(preset: Preset) -> None:
    expected = ENGINES[preset].read_text(encoding="utf-8")

    assert engine_text(preset) == expected, "read the change: python -m tests.golden.update"
    assert parse_graph(yaml.safe_load(expected)).manifest() == yaml.safe_load(expected)


@pytest.mark.parametrize("version", RELEASES)
def test_a_release_gives_the_manifest_that_was_read(version: str) -> None:
    expected = RELEASES[version].read_text(encoding="utf-8")

    assert release_text(version) == expected, "read the change: python -m tests.golden.update"
    assert parse_graph(yaml.safe_load(expected)).manifest() == yaml.safe_load(expected)


@pytest.mark.parametrize("version", MONITORED)
def test_monitoring_is_what_was_read_in_each_release_that_was_scraped(version: str) -> None:
    expected = MONITORED[version].read_text(encoding="utf-8")

    assert monitoring_text(version) == expected, "read the change: python -m tests.golden.update"


@pytest.mark.parametrize(("preset", "replicas"), FEWER.items())
def test_a_preset_without_a_file_is_another_with_fewer_workers(preset: Preset, replicas: dict[str, int]) -> None:
    expected: Any = manifest(Preset.BEST_104GPU)
    for role, number in replicas.items():
        expected["spec"]["services"][role]["replicas"] = number

    assert manifest(preset) == expected


def test_an_existing_image_changes_its_reference_and_adds_its_pull_secret_in_every_preset() -> None:
    reference, secret = IMAGES["existing"]["reference"], {"name": IMAGES["existing"]["pullSecret"]}
    expected: dict[Preset, Any] = {preset: manifest(preset) for preset in ON_SGLANG}
    for made in expected.values():
        for service in made["spec"]["services"].values():
            service["extraPodSpec"]["imagePullSecrets"] = [secret]
            service["extraPodSpec"]["mainContainer"]["image"] = reference

    assert {preset: manifest(preset, "existing") for preset in ON_SGLANG} == expected


def test_every_golden_file_has_its_preset() -> None:
    assert set(HERE.glob("*.yaml")) == set(FILES.values())


def test_the_typed_graph_reads_every_manifest_back() -> None:
    read = {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES.values()}

    assert {name: DynamoGraphDeployment.parse(one).manifest() for name, one in read.items()} == read


def test_the_real_crd_takes_every_manifest_and_knows_each_of_its_fields(reference: Path) -> None:
    validator = spec_validator(reference / "data" / "crds")

    wrong = {
        (preset, image, error.json_path): error.message
        for preset in ON_SGLANG
        for image in IMAGES
        for error in validator.iter_errors(manifest(preset, image)["spec"])
    }

    assert wrong == {}


def test_the_crd_check_refuses_a_field_that_the_crd_does_not_have(reference: Path) -> None:
    spec = manifest(Preset.LAB_8GPU)["spec"]
    assert isinstance(spec, dict)
    spec["services"]["decode"]["startupProbe"] = {}

    errors = list(spec_validator(reference / "data" / "crds").iter_errors(spec))

    assert ["startupProbe" in error.message for error in errors] == [True]
