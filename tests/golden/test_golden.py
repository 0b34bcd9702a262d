"""The manifests of all presets, as files that a person has read."""

from pathlib import Path

import pytest
import yaml

from tests.golden.cases import CASES, HERE, Case
from tests.golden.crd import spec_validator
from wideep.graph.dgd import DynamoGraphDeployment

ids = [case.path.stem for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_preset_gives_the_manifest_that_was_read(case: Case) -> None:
    assert case.text() == case.path.read_text(encoding="utf-8"), "read the change: python -m tests.golden.update"


def test_every_golden_file_has_its_preset() -> None:
    assert {path.name for path in HERE.glob("*.yaml")} == {case.path.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_typed_graph_reads_its_own_manifest_back(case: Case) -> None:
    (manifest,) = yaml.safe_load_all(case.path.read_text(encoding="utf-8"))

    assert DynamoGraphDeployment.parse(manifest).manifest() == manifest


def test_the_real_crd_takes_every_manifest_and_knows_each_of_its_fields(reference: Path) -> None:
    validator = spec_validator(reference / "data" / "crds")

    wrong = {
        case.path.name: [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest["spec"])]
        for case in CASES
        for manifest in case.manifests()
    }

    assert wrong == {case.path.name: [] for case in CASES}


def test_the_crd_check_refuses_a_field_that_the_crd_does_not_have(reference: Path) -> None:
    (manifest,) = CASES[0].manifests()
    spec = manifest["spec"]
    assert isinstance(spec, dict)
    spec["services"]["decode"]["startupProbe"] = {}

    errors = list(spec_validator(reference / "data" / "crds").iter_errors(spec))

    assert ["startupProbe" in error.message for error in errors] == [True]
