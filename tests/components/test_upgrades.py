"""Another release of Dynamo than the one that is installed: what the preview says, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest

from components.lifecycle.upgrades import check_upgrade, installed_version, unkept_crds
from tests.support.plans import on_release, plan_of

CRDS = ("default", "dynamo-crds")
KEPT = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: dynamographdeployments.nvidia.com, annotations: {helm.sh/resource-policy: keep}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: notes}
"""
Json = dict[str, Any]


@dataclass
class Helm:
    """Helm's records of two releases."""

    version: str | None = None
    brought: str = KEPT

    def chart_version(self, namespace: str, release: str) -> str | None:
        assert (namespace, release) == ("dynamo-workshop", "dynamo-platform")
        return self.version

    def manifest(self, namespace: str, release: str) -> str:
        assert (namespace, release) == CRDS
        return self.brought


@dataclass
class Said:
    """What the program has said."""

    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    told = Said()
    monkeypatch.setattr(pulumi.log, "warn", told.lines.append)
    return told


def state(version: str, *, crds: bool = False) -> dict[str, Json]:
    found: dict[str, Json] = {"platform-platform": {"version": version, "status": {"version": version}}}
    return found | ({"platform-crds": {}} if crds else {})


def checked(known: Mapping[str, Json], to: str, helm: Helm | None = None) -> None:
    plan = plan_of(**on_release(to))
    check_upgrade(plan, known, helm or Helm())  # pyright: ignore[reportArgumentType]


def refusal(known: Mapping[str, Json], to: str, helm: Helm | None = None) -> str:
    with pytest.raises(pulumi.RunError) as refused:
        checked(known, to, helm)
    return str(refused.value)


@pytest.mark.parametrize("known", [state("0.6.0"), {}])
def test_the_same_release_and_a_first_one_are_not_spoken_of(known: Mapping[str, Json], said: Said) -> None:
    checked(known, "0.6.0")
    assert str(said) == ""


def test_a_step_that_dynamo_supports_is_announced_with_what_becomes_of_the_graph(said: Said) -> None:
    checked(state("1.5.1"), "1.6.1")
    assert said.lines[0] == "platform: update of Dynamo from 1.5.1 to 1.6.1"
    assert any(line.startswith("graph: ") for line in said.lines)


def test_a_step_that_replaces_the_graph_says_that_nothing_answers_meanwhile(said: Said) -> None:
    checked(state("1.2.1"), "1.3.1")
    (graph,) = [line for line in said.lines if line.startswith("graph: ")]
    assert "replaced" in graph
    assert graph.endswith("Nothing answers meanwhile.")


def test_a_jump_is_refused_with_the_path_and_the_short_way() -> None:
    text = refusal(state("0.6.0", crds=True), "1.6.1")
    assert text.startswith("platform.version: 1.6.1\n")
    assert "0.9.1 → 1.0.2 → 1.1.1" in text
    assert "pulumi destroy" in text
    assert "modelCache.retain true" in text


def test_what_the_state_does_not_know_helms_record_says() -> None:
    assert "one minor at a time" in refusal({}, "1.6.1", Helm("0.6.0"))


def test_the_release_of_the_crds_goes_only_where_its_crds_stay(said: Said) -> None:
    checked(state("0.9.1", crds=True), "1.0.2")
    assert any("dynamo-crds" in line for line in said.lines)
    lost = KEPT.replace("helm.sh/resource-policy: keep", "x: y")
    text = refusal(state("0.9.1", crds=True), "1.0.2", Helm(brought=lost))
    assert "dynamographdeployments.nvidia.com" in text
    assert "kubectl delete secret -n default -l owner=helm,name=dynamo-crds" in text


def test_only_crds_count_and_an_empty_manifest_has_none() -> None:
    assert unkept_crds(KEPT) == []
    assert unkept_crds("") == []
    assert unkept_crds(KEPT.replace("keep", "delete")) == ["dynamographdeployments.nvidia.com"]


def test_the_installed_version_is_the_releases_own() -> None:
    assert installed_version(state("0.7.1")) == "0.7.1"
    assert installed_version({"platform-platform": {"version": "0.7.1"}}) == "0.7.1"
    assert installed_version({}) is None


def test_a_preview_on_another_cluster_than_the_stacks_goes_by_the_state(said: Said) -> None:
    plan = plan_of(**on_release("1.6.1"))
    check_upgrade(plan, state("1.5.1"), None)
    assert said.lines[0] == "platform: update of Dynamo from 1.5.1 to 1.6.1"
    with pytest.raises(pulumi.RunError, match="several above"):
        check_upgrade(plan, state("0.6.0"), None)
    check_upgrade(plan, {}, None)
