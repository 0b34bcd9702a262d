"""The manifests of all presets, as files that a person has read."""

from pathlib import Path
from typing import Any

import pytest

from tests.golden.cases import IMAGES, ON_SGLANG, manifest
from tests.golden.crd import spec_validator
from tests.golden.files import ENGINES, GOLDEN, HERE, PRESETS, RELEASES, Golden
from tests.golden.messages import ROLES_FILE, STACKS_FILE
from wideep.graph.parse import parse_graph
from wideep.settings.layout import Preset


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_the_plan_gives_what_was_read(golden: Golden) -> None:
    assert golden.text() == golden.file.read_text(encoding="utf-8"), "read the change: python -m tests.golden.update"


@pytest.mark.parametrize("golden", [*PRESETS, *ENGINES, *RELEASES], ids=lambda golden: golden.name)
def test_the_typed_graph_reads_every_manifest_back(golden: Golden) -> None:
    assert parse_graph(golden.made()).manifest() == golden.made()


def test_every_golden_file_has_its_case() -> None:
    files = {*HERE.rglob("*.yaml"), *HERE.rglob("*.diff")}

    assert files == {*(golden.file for golden in GOLDEN), STACKS_FILE, ROLES_FILE}


def test_an_existing_image_changes_its_reference_and_adds_its_pull_secret_in_every_preset() -> None:
    reference, secret = IMAGES["existing"]["reference"], {"name": IMAGES["existing"]["pullSecret"]}
    expected: dict[Preset, Any] = {preset: manifest(preset) for preset in ON_SGLANG}
    for made in expected.values():
        for service in made["spec"]["services"].values():
            service["extraPodSpec"]["imagePullSecrets"] = [secret]
            service["extraPodSpec"]["mainContainer"]["image"] = reference

    assert {preset: manifest(preset, "existing") for preset in ON_SGLANG} == expected


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
