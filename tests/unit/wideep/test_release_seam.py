"""What a release of Dynamo decides stands behind ``wideep.dynamo``, and every pinned version in ``wideep.versions``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.tools.catalog import DYNAMO_LOCKS
from tests.support.source import strings
from wideep import versions
from wideep.dynamo import release_of
from wideep.dynamo.api import V1ALPHA1

ROOT = Path(__file__).resolve().parents[3]
PRODUCT = ("wideep", "wideep_cluster", "wideep_cli", "components", "ci", "__main__.py")
OWN = "wideep/dynamo/"
API = re.compile(
    r"(?<!resource\.)nvidia\.com/v\d|[\"']nvidia\.com[\"'],|nvidia\.com/(dynamo-|enable-grove|deployment-strategy)"
)
"""The group of graphs with a version, Dynamo's labels and annotations. NVIDIA's device plugin and its DRA driver have
others there."""
LEFT = {"policy/subject.py": "runs in an environment of its own, which has no wideep"}


def _texts(*parts: str) -> Iterator[tuple[str, str]]:
    for part in parts:
        for file in (ROOT / part, *(ROOT / part).rglob("*.py")):
            if file.is_file():
                yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


@functools.cache
def _strings() -> dict[str, set[str]]:
    """Modules by the strings in them, without a version's leading v: read once for all versions."""
    found: dict[str, set[str]] = {}
    for name, text in _texts(*PRODUCT, "sim"):
        for value in strings(text):
            found.setdefault(value.lstrip("v"), set()).add(name)
    return found


def test_one_module_knows_the_group_and_version_of_graphs_and_dynamos_labels() -> None:
    named = {name for name, text in _texts(*PRODUCT, "policy") if API.search(text)}

    assert {name for name in named if not name.startswith(OWN)} == set(LEFT)
    assert V1ALPHA1.api_version == "nvidia.com/v1alpha1"


@pytest.mark.parametrize("version", sorted({*versions.TOOLS.values()}))
def test_a_version_is_pinned_in_one_place(version: str) -> None:
    assert _strings()[version] == {"wideep/versions.py"}


def test_a_release_says_which_engine_its_images_hold() -> None:
    release = release_of()

    assert release.version == versions.DYNAMO
    assert release.engines["sglang"] == versions.SGLANG


def test_the_locks_have_the_pinned_versions() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")

    for version, path in DYNAMO_LOCKS.items():
        assert f"ai-dynamo=={version}" in path.read_text(encoding="utf-8")
    assert f"pulumi=={versions.TOOLS['pulumi']}" in lock
    assert all(f"pulumi-{name}=={version}" in lock for name, version in versions.PLUGINS.items())
