"""Programs of one's own: the example's, and what one may not pass to the component."""

from __future__ import annotations

import runpy

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.package_stack import DynamoStack
from tests.support.engine import PROJECT, run
from tests.support.plans import ROOT, TOKEN, config_of

EXAMPLE = ROOT / "examples" / "own-program" / "__main__.py"


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/no/such/kubeconfig")


def test_the_example_is_a_whole_stack_with_its_token_kept_secret() -> None:
    def program() -> None:
        pulumi.runtime.set_all_config({f"{PROJECT}:hfToken": TOKEN}, [f"{PROJECT}:hfToken"])
        runpy.run_path(str(EXAMPLE), run_name="__main__")

    made = run(program, preview=True)
    assert {"graph-graph", "platform-platform", "cache-claim", "download-job"} <= made.types().keys()
    assert TOKEN not in str({name: each.inputs for name, each in made.resources.items() if name != "token-secret"})


def test_the_pages_program_is_the_examples() -> None:
    program = EXAMPLE.read_text(encoding="utf-8")
    page = (ROOT / "docs" / "package.md").read_text(encoding="utf-8")
    assert f"```python\n{program[program.index('import pulumi') :]}```" in page


def test_a_provider_of_the_program_is_refused_as_checks_and_waits_would_look_elsewhere() -> None:
    def provider() -> k8s.Provider:
        return k8s.Provider("elsewhere", context="elsewhere")

    def below() -> pulumi.ResourceOptions:
        parent = pulumi.ComponentResource(
            "test:index:Parent", "parent", None, pulumi.ResourceOptions(provider=provider())
        )
        return pulumi.ResourceOptions(parent=parent)

    for opts in (lambda: pulumi.ResourceOptions(provider=provider()), below):
        with pytest.raises(
            pulumi.RunError, match="Remove the provider; pulumi config set --secret kubernetes:kubeconfig"
        ):
            run(lambda opts=opts: DynamoStack("dynamo", {**config_of("sim"), "hfToken": TOKEN}, opts()), preview=True)
