"""Each stack under examples/ plans, and the program makes its resources (against a mocked engine)."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest

from components.dynamo_stack import DynamoStack, DynamoStackArgs
from components.stack_preflight import OnCluster
from tests.support.engine import PROJECT, run
from tests.support.plans import ROOT, TOKEN
from wideep.launch.stack import Site, import_stack
from wideep.launch.words import launch_commands
from wideep.plan import make_plan
from wideep.rules import accept_settings
from wideep.settings.layout import Role
from wideep_cli.stack_context import StackContext, load, stack_file
from wideep_cli.stack_file import read_stack_file

STACKS = sorted((ROOT / "examples").glob("*/Pulumi.*.yaml"))
PUBLISHED = ROOT / "examples" / "published-command"


def loaded(path: Path) -> StackContext:
    return load(stack_file(None, path))


def test_every_example_of_the_page_is_there_and_every_stack_is_on_it() -> None:
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert len(STACKS) > 5
    assert [path.parent.name for path in STACKS if f"({path.parent.name}/" not in page] == []


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_an_example_previews(path: Path) -> None:
    settings = accept_settings(loaded(path).settings)
    token = pulumi.Output.secret(TOKEN) if settings.hf_token else None

    def program() -> None:
        pulumi.runtime.set_all_config({f"{PROJECT}:hfToken": TOKEN}, [f"{PROJECT}:hfToken"])
        DynamoStack("dynamo", DynamoStackArgs(settings, hf_token=token, on_cluster=OnCluster()))

    made = run(program, preview=True).types()
    graphs = [kind for kind in made.values() if kind.endswith("DynamoGraphDeployment")]
    assert len(graphs) == 1
    assert ("download-job" in made) == settings.model_cache.download


def test_the_two_graphs_of_one_platform_have_it_once_and_may_reach_it() -> None:
    folder = ROOT / "examples" / "several-graphs"
    first, second = (loaded(folder / f"Pulumi.{name}.yaml") for name in ("first", "second"))
    assert (first.plan.platform.install, second.plan.platform.install) == (True, False)
    assert first.plan.platform.version == second.plan.platform.version
    assert second.plan.namespace in json.dumps(first.settings.access.model_dump(mode="json"))


def test_the_published_stack_is_what_import_makes_of_the_published_commands() -> None:
    commands = launch_commands((PUBLISHED / "launch.sh").read_text(encoding="utf-8"))
    site = Site("H100-80", 8, "infiniband", "dynamo-published", None)
    made = import_stack({each.role or Role.DECODE: each for each in commands}, site, None).config
    assert read_stack_file(PUBLISHED / "Pulumi.published.yaml").config == made


def test_experts_of_ones_own_are_placed_from_the_first_step() -> None:
    (path,) = (ROOT / "examples" / "own-experts").glob("Pulumi.*.yaml")
    args = make_plan(accept_settings(loaded(path).settings)).roles[Role.PREFILL].args
    location = "/model-cache/expert-counts/experts-deepseek-r1-wideep-prefill.json"
    assert args[args.index("--init-expert-location") + 1] == location, "where `wideep eplb record` keeps it"
