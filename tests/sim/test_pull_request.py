"""The life of a pull request, played from the workflow files: open, red, fixed, green, merged, up, drift, destroy.

The stack dev is what stands on the (simulated) cluster; prod is only ever previewed, with what the check job may know.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.env import environment
from sim.state import Cluster
from tests.conftest import ROOT
from tests.sim.pulumi import Pulumi
from tests.support.forge import Forge, serve
from tests.support.process import env_on, run
from tests.support.repository import Repository, make_repository
from tests.support.workflow import Job, load, run_job

pytestmark = [pytest.mark.cluster, pytest.mark.long, pytest.mark.timeout(1200)]

TOKEN = "the-forges-own-token"
PASSPHRASE = "simulated-cluster"
EXPECTED = Path(__file__).parent / "expected" / "pull-request.md"
NOT_HERE = ("Lint, types, import rules", "Tests without a cluster")  # this very suite, and `make check`
NOTHING: Mapping[str, str] = {}


@dataclass
class World:
    """The repository, the forge, the cluster with stack dev, and the workflows that know them."""

    repository: Repository
    forge: Forge
    dev: Pulumi

    def run(
        self,
        workflow: str,
        job: str,
        *,
        base: str = "",
        context: Mapping[str, str] = NOTHING,
        env: Mapping[str, str] = NOTHING,
    ) -> Job:
        """A job of a workflow, on what is checked out; ``context`` and ``env`` say what is different this time."""
        known = {
            "github.event.pull_request.head.repo.full_name": "team/wideep",
            "github.repository": "team/wideep",
            "github.event.pull_request.base.sha": base,
            "github.event.pull_request.base.sha || github.event.before": base,
            "github.event.pull_request.number": "7",
            "github.token": TOKEN,
            "matrix.stack": "dev",
            "inputs.stack": "dev",
            "inputs.confirm": "dev",
            "inputs.weights": "keep",
            "secrets.PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "secrets.PULUMI_ACCESS_TOKEN": "",
            "vars.PULUMI_BACKEND_URL": f"file://{self.dev.cluster.pulumi_state}",
            "vars.UP_MINUTES || '360'": "360",
            """join(fromJSON(vars.STACKS || '["dev", "prod"]'), ' ')""": "dev prod",
            **dict.fromkeys(("vars.BUILDER", "vars.BUILDER_ENDPOINT"), ""),
            **dict.fromkeys(("vars.KUBE_SERVER", "vars.KUBE_CA", "vars.KUBE_AUDIENCE", "vars.AWS_ROLE_ARN"), ""),
            **context,
        }
        return run_job(
            load(self.repository.folder / ".github" / "workflows" / f"{workflow}.yml"),
            job,
            folder=self.repository.folder,
            env=self._machine(secret=workflow != "check") | dict(env),
            context=known,
            runs=lambda name: name not in NOT_HERE,
        )

    def _machine(self, *, secret: bool) -> dict[str, str]:
        """A runner's environment. The check job's has neither the cluster's credentials nor the passphrase."""
        names = {**os.environ, "SIM_ID": self.dev.cluster.id, "GITHUB_REPOSITORY": "team/wideep"}
        names |= {"GITHUB_API_URL": self.forge.url, "PATH": environment(self.dev.cluster)["PATH"]}
        own = environment(self.dev.cluster) if secret else {}
        return names | own


@pytest.fixture(scope="module")
def world(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Stack dev as main has it, with what it needs to stand on the simulated cluster."""
    repository = make_repository(tmp_path_factory.mktemp("repository"))
    _prepare(repository)
    with serve(TOKEN) as forge:
        dev = Pulumi(cluster, repository.folder, "dev").create()
        created = World(repository, forge, dev)
        yield created
        if json.loads(dev("stack", "export"))["deployment"].get("resources"):
            repository.git("checkout", "--quiet", "--force", "main")
            dev("destroy", "--yes", "--skip-preview")
        dev("stack", "rm", "--yes", "--preserve-config")


def _prepare(repository: Repository) -> None:
    """Main has the secret, the registry and the charts that the simulated cluster knows."""
    standin = yaml.safe_load((ROOT / "Pulumi.sim.yaml").read_text())
    file = repository.folder / "Pulumi.dev.yaml"
    stack: dict[str, Any] = yaml.safe_load(file.read_text())
    stack["encryptionsalt"] = standin["encryptionsalt"]
    stack["config"]["dynamo-wideep:hardware"]["gpu"] = standin["config"]["dynamo-wideep:hardware"]["gpu"]
    for key in ("hfToken", "platform"):
        stack["config"][f"dynamo-wideep:{key}"] = standin["config"][f"dynamo-wideep:{key}"]
    stack["config"]["dynamo-wideep:image"]["repository"] = "registry.sim/dynamo-wideep"
    stack["config"]["dynamo-wideep:frontend"] = {"replicas": 1}
    file.write_text(yaml.safe_dump(stack, sort_keys=False))
    repository.commit("Stack dev for the simulated cluster", {})


def state(world: World) -> Any:
    return json.loads(world.dev("stack", "export"))["deployment"].get("resources")


def comment(world: World) -> str:
    (body,) = (body for body in world.forge.comments.values() if body.startswith("<!-- dynamo-wideep: dev -->"))
    return body


@pytest.fixture(scope="module")
def stands(world: World) -> World:
    """Main is on the cluster, and answers."""
    job = world.run("up", "up")
    assert job.good, job.steps[-1].printed
    assert job.steps[-1].name == "Doctor and smoke test"
    return world


@pytest.fixture(scope="module")
def red(stands: World) -> tuple[Job, Job, Job, Any]:
    """A pull request whose prod breaks rule 3, and whose dev asks for more GPUs than its nodes have."""
    before = state(stands)
    base = stands.repository.pull_request("wider")
    stands.repository.commit(
        "Wider",
        {
            "Pulumi.prod.yaml": ("{preset: best-32gpu}", "{preset: best-32gpu, decode: {redundantExperts: 5}}"),
            "Pulumi.dev.yaml": ("preset: lab-8gpu", "preset: lab-16gpu-singlenode"),
        },
    )
    jobs = (
        stands.run("check", "check", base=base),
        stands.run("check", "preview", base=base),
        stands.run("preview", "preview", base=base),
    )
    return (*jobs, before)


def test_a_change_that_breaks_rule_3_in_prod_fails_every_check_with_the_rule_and_its_numbers(
    red: tuple[Job, Job, Job, Any],
) -> None:
    plan, preview, *_ = red
    for job in (plan, preview):
        printed = job.steps[-1].printed
        assert not job.good
        assert "layout.decode.redundantExperts" in printed
        assert "(256 experts + 5 redundant) % ep 16 = 5" in printed
        assert "set redundantExperts: 0 or 16" in printed
        assert "Traceback" not in printed


def test_its_comment_says_why_and_the_base_is_untouched(stands: World, red: tuple[Job, Job, Job, Any]) -> None:
    *_, live, before = red
    assert not live.good
    assert [step.name for step in live.steps if step.code] == ["Preview"]
    assert comment(stands).splitlines()[1] == "## ❌ This change fails: stack dev"
    assert "hardware" in comment(stands)
    assert state(stands) == before


@pytest.fixture(scope="module")
def green(stands: World, red: object) -> tuple[Job, Job, Job]:
    """The same pull request, fixed: another frontend, and less memory for the pool."""
    stands.repository.commit(
        "Not wider, but more frontends",
        {
            "Pulumi.prod.yaml": ("{preset: best-32gpu, decode: {redundantExperts: 5}}", "{preset: best-32gpu}"),
            "Pulumi.dev.yaml": (
                "preset: lab-16gpu-singlenode",
                "preset: lab-8gpu\n    decode: {memFractionStatic: 0.75}",
            ),
        },
    )
    stands.repository.commit("Two frontends", {"Pulumi.dev.yaml": ("replicas: 1", "replicas: 2")})
    base = stands.repository.git("rev-parse", "main")
    return (
        stands.run("check", "check", base=base),
        stands.run("check", "preview", base=base),
        stands.run("preview", "preview", base=base),
    )


def test_the_fixed_one_is_green_and_its_comment_takes_the_place_of_the_red_one(
    stands: World, green: tuple[Job, Job, Job]
) -> None:
    for job in green:
        assert job.good, job.steps[-1].printed
    assert len(stands.forge.comments) == 1
    if os.environ.get("UPDATE_EXPECTED"):
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_text(comment(stands))
    assert comment(stands) == EXPECTED.read_text(), "UPDATE_EXPECTED=1 writes it anew"


def test_the_plan_of_each_stack_is_in_the_checks_summary(green: tuple[Job, Job, Job]) -> None:
    summary = green[0].summary
    for stack in ("dev", "prod", "sim"):
        assert f"## Stack {stack}\n" in summary
    assert "| `decode KV cache per GPU` |" in summary


def test_nothing_of_a_preview_or_comment_is_secret(stands: World, green: tuple[Job, Job, Job]) -> None:
    token = stands.dev("config", "get", "hfToken").strip()
    seen = [step.printed for job in green for step in job.steps] + [job.summary for job in green]
    seen += list(stands.forge.comments.values())
    seen += [file.read_text() for file in (stands.repository.folder / "previews").iterdir()]
    for secret in (token, TOKEN, PASSPHRASE):
        assert not any(secret in text for text in seen)


def test_a_pull_request_from_a_fork_is_checked_without_a_secret_and_never_reaches_the_cluster(stands: World) -> None:
    fork = {"github.event.pull_request.head.repo.full_name": "stranger/wideep"}
    assert stands.run("preview", "preview", context=fork).steps == []


def test_a_change_of_docs_alone_shows_no_change(stands: World, green: object) -> None:
    base = stands.repository.pull_request("docs")
    stands.repository.commit("Say hello", {"docs/concepts.md": ("# ", "# Hello: ")})
    job = stands.run("preview", "preview", base=base)
    assert job.good
    assert comment(stands).splitlines() == [
        "<!-- dynamo-wideep: dev -->",
        "## ✅ No change: stack dev",
        "",
        "**8 GPUs** on 1 node · the plan stays as it is · resources: No change",
    ]


@pytest.fixture(scope="module")
def merged(stands: World, green: object) -> World:
    stands.repository.merge("wider")
    job = stands.run("up", "up")
    assert job.good, job.steps[-1].printed
    return stands


def test_merged_it_is_up_and_nothing_is_left_to_do(merged: World) -> None:
    graph = json.loads(merged.dev.kubectl("get", "dgd", "-n", "dynamo-dev", "-o", "json"))["items"][0]
    assert graph["spec"]["services"]["Frontend"]["replicas"] == 2
    merged.dev("preview", "--expect-no-changes", "--refresh")


def test_a_preview_elsewhere_by_somebody_else_is_empty_too(merged: World, tmp_path: Path) -> None:
    other = shutil.copytree(merged.repository.folder, tmp_path / "another folder", symlinks=True)
    own = {"TZ": "Asia/Tokyo", "USER": "somebody", "LANG": "C", "PYTHONHASHSEED": "7", "HOME": str(tmp_path)}
    command = ("pulumi", "preview", "--stack", "dev", "--non-interactive", "--expect-no-changes", "--refresh")
    run(*command, cwd=other, env=env_on(merged.dev.cluster, **own))


def test_drift_is_reported_by_its_object_and_field_and_up_ends_it(merged: World) -> None:
    assert merged.run("drift", "drift").good
    patch = '{"spec": {"services": {"Frontend": {"replicas": 3}}}}'
    graph = merged.dev.kubectl("get", "dgd", "-n", "dynamo-dev", "-o", "name").strip()
    merged.dev.kubectl("patch", graph, "-n", "dynamo-dev", "--type=merge", "-p", patch)
    drifted = merged.run("drift", "drift")
    assert not drifted.good
    assert "### Stack dev: NOT as main says" in drifted.summary
    assert "~ graph/graph-graph (DynamoGraphDeployment)" in drifted.summary
    assert "spec.services.Frontend.replicas: 3 → 2" in drifted.summary
    repaired = merged.run("up", "up")
    assert repaired.good, repaired.steps[-1].printed
    assert merged.run("drift", "drift").summary.startswith("### Stack dev: as main says")


def test_a_cluster_that_does_not_answer_is_said_and_the_rest_is_checked(merged: World, tmp_path: Path) -> None:
    base = merged.repository.pull_request("fewer", "main")
    merged.repository.commit("One frontend again", {"Pulumi.dev.yaml": ("replicas: 2", "replicas: 1")})
    kubeconfig = merged.dev.cluster.kubeconfig.read_text()
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(kubeconfig.replace(f":{merged.dev.cluster.ports.kube_apiserver}", ":1"))
    job = merged.run("preview", "preview", base=base, env={"KUBECONFIG": str(nowhere)})
    merged.repository.git("checkout", "--quiet", "main")
    assert job.good, job.steps[-1].printed
    assert "> Not checked: `what runs on the cluster now: it did not answer" in comment(merged)
    assert "spec.services.Frontend.replicas: 2 → 1" in comment(merged)


def test_a_replacement_is_called_out_with_its_reason(merged: World) -> None:
    base = merged.repository.pull_request("moved", "main")
    merged.repository.commit("Elsewhere", {"Pulumi.dev.yaml": ("namespace: dynamo-dev", "namespace: dynamo-other")})
    job = merged.run("preview", "preview", base=base)
    merged.repository.git("checkout", "--quiet", "main")
    assert job.good, job.steps[-1].printed
    replaced = "- `namespace/namespace-namespace (Namespace)`: `metadata.name` cannot change in place"
    assert replaced in comment(merged).split("**Replaced or deleted by the engine**")[1].splitlines()
    assert "- **graph qwen3-30b-a3b-wideep**: replaced." in comment(merged)


def test_destroy_wants_the_stacks_name_and_then_leaves_nothing(merged: World) -> None:
    refused = merged.run("destroy", "destroy", context={"inputs.confirm": "prod"})
    assert [step.name for step in refused.steps] == ["Is it meant?"]
    assert "write its name once more" in refused.steps[0].printed
    job = merged.run("destroy", "destroy")
    assert job.good, job.steps[-1].printed
    assert not state(merged)
    assert merged.dev.kubectl("get", "namespace", "dynamo-dev", "--ignore-not-found", "-o", "name") == ""
