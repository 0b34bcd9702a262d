"""The table of Dynamo's releases, and what a stack gets for the version that it names."""

from __future__ import annotations

import re

import pytest

from tests.support.configs import broken, hardware, settings, stack
from wideep import load
from wideep.dynamo import release, release_of
from wideep.dynamo.api import V1ALPHA1, V1BETA1
from wideep.dynamo.releases import ROWS, nearest, newest, newest_tried, row, row_of, sort_key
from wideep.dynamo.v0_6.release import V06
from wideep.dynamo.v1.release import V1
from wideep.settings import parse

VERSIONS = [each.version for each in ROWS]
PUBLISHED = {"source": "published"}


def plan(version: str, layout: str = "lab-16gpu-multinode", **changed: object):
    image = PUBLISHED if version[:4] != "0.6." else {"source": "existing", "reference": "registry.example.com/d:1"}
    return load(stack(layout=layout, platform={"version": version}, **{"image": image, **changed}))


def test_the_rows_are_one_a_version_and_oldest_first() -> None:
    assert sorted(set(VERSIONS), key=sort_key) == VERSIONS
    assert len({each.minor for each in ROWS}) == len(ROWS) - 1, "0.6 has two"


@pytest.mark.parametrize("each", ROWS, ids=VERSIONS)
def test_a_row_says_which_engines_go_with_it_and_when_it_came(each) -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+(\.?(post|rc)\d+)*", version) for version in each.engines.values())
    assert re.fullmatch(r"20\d\d-\d\d-\d\d|", each.date)
    assert all(trial.what and trial.on for trial in each.tried)


@pytest.mark.parametrize(
    ("version", "covered"), [("0.6.0", "0.6.0"), ("0.6.2", "0.6.1"), ("1.6.2", "1.6.1"), ("1.0.0", "1.0.2")]
)
def test_a_patch_release_is_its_minors(version: str, covered: str) -> None:
    assert row_of(version) == row(covered)
    assert release(version).title == f"Dynamo {version}"


@pytest.mark.parametrize(
    ("version", "near"), [("0.5.1", "0.6.0"), ("1.7.0", "1.6.1"), ("0.10.0", "0.9.1"), ("2.0.0", "1.6.1")]
)
def test_a_version_that_is_not_known_is_refused_with_the_nearest(version: str, near: str) -> None:
    assert row_of(version) is None
    assert nearest(version).version == near

    message = broken("lab-16gpu-singlenode", platform={"version": version})["platform.version"]

    assert "the known releases are 0.6 to 1.6" in message
    assert f"set version: {near}" in message
    assert "platform.version" not in broken("lab-16gpu-singlenode", platform={"version": near})


def test_a_stack_that_names_no_version_gets_one_that_was_tried() -> None:
    unnamed = {key: value for key, value in stack(image=None).items() if key != "platform"}
    settings = parse(unnamed)

    assert settings.platform.version == newest_tried().version
    assert settings.image.source == "published", "its image has DeepEP"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_release_gives_a_plan_that_says_whether_it_was_tried(version: str) -> None:
    made = plan(version)
    only_read = [warning for warning in made.warnings if "none of it was run here" in warning]

    assert made.platform.version == version
    assert bool(only_read) is not bool(nearest(version).tried)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_graph_is_written_in_the_api_of_its_release(version: str) -> None:
    graph = plan(version).graph
    beta = sort_key(version) >= (1, 3, 0)

    assert release(version).api == (V1BETA1 if beta else V1ALPHA1)
    assert graph.api_version == release(version).api.api_version
    assert [part.role for part in graph.parts] == ["frontend", "prefill", "decode"]
    assert [part.pods for part in graph.parts] == [1, 2, 2]


@pytest.mark.parametrize("version", VERSIONS)
def test_crds_come_by_chart_up_to_0_9_and_by_the_operator_from_1_0_on(version: str) -> None:
    made = plan(version).platform
    old = version.startswith("0.")

    assert made.crds_chart == ("dynamo-crds" if old else None)
    assert type(release(version)) is (V06 if old else V1)
    assert release(version).webhooks is not old


def test_a_row_decides_which_engine_the_arguments_are_for() -> None:
    assert release_of(settings(platform={"version": "1.6.1"}, image=PUBLISHED)).engines["sglang"] == "0.5.21"
    assert release_of(settings()).engines["sglang"] == "0.5.3.post2"


def test_a_patch_release_that_a_later_one_mends_is_said() -> None:
    found = plan("0.9.0").warnings

    assert any("operator's image of 0.7.1" in warning and "set version: 0.9.1" in warning for warning in found)


def test_a_stack_without_an_image_gets_nvidias_where_that_holds_deepep() -> None:
    made = load(stack(platform={"version": "1.6.1"}, image=None))

    assert made.image == "nvcr.io/nvidia/ai-dynamo/sglang-runtime:1.6.1"
    assert made.image_source.build is None
    assert release(newest().version).runtime_image("trtllm").endswith("/tensorrtllm-runtime")


def test_a_published_image_may_be_a_mirrors_or_a_variant_by_digest() -> None:
    image = {**PUBLISHED, "repository": "mirror.example.com/sglang", "tag": "1.6.1-efa", "resolveDigest": True}

    made = plan("1.6.1", image=image).image_source

    assert made.reference == "mirror.example.com/sglang:1.6.1-efa"
    assert made.resolve_digest


def test_nvidias_image_of_0_6_is_refused_for_deepep_alone() -> None:
    assert "has no DeepEP" in broken("wide-32gpu", image=PUBLISHED)["image.source"]
    assert "image.source" not in broken("lab-16gpu-singlenode", image=PUBLISHED)


def test_a_build_has_the_releases_own_dockerfile_or_the_stacks() -> None:
    build = {"source": "build", "repository": "registry.example.com/d", "tag": "1"}

    old = plan("0.6.1", image=build).image_source.build
    assert old is not None
    assert old.context.endswith("#v0.6.1")
    assert old.args["SGLANG_IMAGE_TAG"] == "v0.5.3.post2"
    assert (
        "in several steps" in broken("lab-16gpu-singlenode", platform={"version": "1.6.1"}, image=build)["image.source"]
    )
    own = {**build, "dockerfile": "container/Dockerfile.sglang", "buildArgs": {"TAG": "1"}}
    new = plan("0.8.1", image=own).image_source.build
    assert new is not None
    assert new.dockerfile.endswith("/v0.8.1/container/Dockerfile.sglang")
    assert new.args == {"TAG": "1"}


def test_the_frontend_gets_the_models_folder_where_it_reads_it() -> None:
    def mounts(version: str) -> bool:
        (frontend, *_) = plan(version).graph.parts
        return "volumeMounts" in str(frontend.manifest)

    assert [mounts(version) for version in VERSIONS] == [(0, 7, 0) <= sort_key(v) < (1, 4, 0) for v in VERSIONS]
    once = {"size": "1Ti", "accessMode": "ReadWriteOnce"}
    small = {"model": "Qwen/Qwen3-30B-A3B", "hardware": hardware("H100-80", 1, 8, "nvlink"), "modelCache": once}
    assert any("reads the tokenizer there" in warning for warning in plan("1.3.1", "lab-8gpu", **small).warnings)


def test_what_admission_refuses_is_a_replacement() -> None:
    paths = {each.path for each in release("1.6.1").replace_on_change}

    assert {"spec.backendFramework", "spec.components[*].type", "spec.components[*].multinode"} <= paths
    assert [each.path for each in release("0.6.0").replace_on_change] == [
        'metadata.annotations["nvidia.com/enable-grove"]'
    ]
