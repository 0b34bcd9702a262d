"""`wideep models`: the catalog, and `wideep plan --since`: an edit against git."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.support import process
from tests.support.repository import Repository
from wideep.catalog.models import MODELS
from wideep_cli.main import app

Run = Callable[..., Result]
STACK = """\
config:
  dynamo-wideep:namespace: dynamo
  dynamo-wideep:model: {model}
  dynamo-wideep:hardware: {{gpu: H200, nodes: 4, gpusPerNode: 8, interconnect: infiniband}}
  dynamo-wideep:layout: {{preset: {layout}}}
  dynamo-wideep:modelCache: {{size: 1Ti}}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project under git with one stack, committed."""
    (tmp_path / "Pulumi.yaml").write_text("name: dynamo-wideep\nruntime: python\n")
    (tmp_path / "Pulumi.mine.yaml").write_text(STACK.format(model="deepseek-ai/DeepSeek-R1", layout="wide-32gpu"))
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        Repository(tmp_path).git(*command)
    return tmp_path


def test_every_model_of_the_catalog_is_listed_with_what_runs_it(run: Run) -> None:
    listed = json.loads(run("models", "--output", "json").stdout)["models"]
    assert [row["name"] for row in listed] == list(MODELS)
    rows = {row["name"]: row for row in listed}
    r1, mixtral = rows["deepseek-ai/DeepSeek-R1"], rows["mistralai/Mixtral-8x7B-Instruct-v0.1"]
    assert r1["parameters"] == pytest.approx(671.0e9, rel=1e-3), "DeepSeek's own figure"
    assert mixtral["parameters"] == pytest.approx(46.7e9, rel=1e-3), "Mistral's own figure"
    assert (r1["weights_gb"], r1["experts"], r1["experts_per_token"]) == (688.6, 256, 8)
    assert "best-32gpu" in r1["presets"]["sglang"]
    assert "lab-8gpu" not in r1["presets"]["sglang"]
    assert "vllm-32gpu" in r1["presets"]["vllm"]


def test_what_fits_is_of_the_gpu_that_is_asked_for(run: Run) -> None:
    on_h100 = json.loads(run("models", "--gpu", "H100-80", "-o", "json").stdout)["models"][0]["presets"]["sglang"]
    assert "lab-16gpu-singlenode" not in on_h100
    assert "H100-80" in run("models", "--gpu", "H100").stderr


def test_the_table_fits_a_terminal(run: Run) -> None:
    assert "…" not in run("models").stdout


def test_at_80_columns_a_name_is_whole_and_can_be_copied() -> None:
    lines = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"}).invoke(app, ["models"]).stdout.splitlines()
    words = {word for line in lines for word in line.split()}
    assert max(map(len, lines)) <= 80
    assert [name for name in MODELS if name not in words] == ["Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8"]
    assert "Qwen3-Coder-480B-A35B-Instruct-FP8" in words, "broken after its organization"


def test_an_edit_is_compared_with_a_commit_of_git(run: Run, repository: Path) -> None:
    path = repository / "Pulumi.mine.yaml"
    path.write_text(path.read_text().replace("wide-32gpu", "best-32gpu"))
    found = json.loads(run("plan", "--file", path, "--since", "main", "-o", "json").stdout)
    changed = {change["path"]: (change["before"], change["after"]) for change in found["settings"]}
    assert changed["layout"] == ("wide-32gpu", "best-32gpu")
    assert run("plan", "--file", path, "--since", "HEAD").exit_code == 0


def test_a_config_json_is_read_as_it_was_at_that_commit(run: Run, repository: Path) -> None:
    shape = {
        "architectures": ["Qwen3MoeForCausalLM"],
        "hidden_size": 2048,
        "num_hidden_layers": 48,
        "vocab_size": 151936,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 768,
        "intermediate_size": 6144,
        "max_position_embeddings": 40960,
        "torch_dtype": "bfloat16",
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "tie_word_embeddings": False,
    }
    path, tuned = repository / "Pulumi.mine.yaml", repository / "tuned" / "config.json"
    tuned.parent.mkdir()
    tuned.write_text(json.dumps(shape))
    beside = tuned.with_name("hf_quant_config.json")
    beside.write_text(json.dumps({"quantization": {"quant_algo": "FP8"}}))
    path.write_text(STACK.format(model="{config: tuned/config.json, name: acme/tuned}", layout="lab-16gpu-singlenode"))
    for command in (["add", "."], ["commit", "-q", "-m", "second"]):
        Repository(repository).git(*command)
    tuned.write_text(json.dumps({**shape, "num_hidden_layers": 24}))
    beside.unlink()

    then = run("plan", "--file", path, "--since", "HEAD", "-o", "json").stdout
    assert "quant_algo: FP8" in then, "of ModelOpt's file beside it, which is refused"

    Repository(repository).git("rm", "-q", "--cached", str(beside))
    Repository(repository).git("commit", "-q", "-m", "third")
    found = json.loads(run("plan", "--file", path, "--since", "HEAD", "-o", "json").stdout)

    assert any(change["path"].endswith("weights per GPU") for change in found["settings"]), "half of the layers"


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("no-such-branch", "git knows no such commit"),
        ("--output=x", "git knows no such commit"),
        ("HEAD~9", "git knows no such commit"),
    ],
)
def test_a_commit_that_is_none_is_told(run: Run, repository: Path, ref: str, why: str) -> None:
    result = run("plan", "--file", repository / "Pulumi.mine.yaml", f"--since={ref}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr


def test_a_stack_that_is_new_since_then_is_told(run: Run, repository: Path) -> None:
    path = repository / "Pulumi.new.yaml"
    path.write_text(STACK.format(model="deepseek-ai/DeepSeek-R1", layout="wide-32gpu"))
    assert "Pulumi.new.yaml is not in main." in run("plan", "--file", path, "--since", "main").stderr


def test_a_stack_that_had_another_name_then_is_told_how_to_compare(run: Run, repository: Path) -> None:
    path = repository / "Pulumi.mine.yaml"
    path = path.rename(repository / "Pulumi.new.yaml")
    said = run("plan", "--file", path, "--since", "main").stderr
    assert "If it was Pulumi.mine.yaml: git show" in said
    command = said.partition("git show ")[2].partition(" >")[0].replace("NAME", "Pulumi.mine.yaml")
    assert process.run("git", "show", command, cwd=repository).out == path.read_text()


def test_the_folders_repository_is_asked_in_a_hook_of_another(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    Repository(other).git("init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert run("plan", "--file", repository / "Pulumi.mine.yaml", "--since", "main").exit_code == 0


def test_no_program_of_the_repositorys_config_is_run(run: Run, repository: Path, tmp_path_factory: Any) -> None:
    ran = tmp_path_factory.mktemp("ran")
    evil = ran / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {ran}/was-run\n")
    evil.chmod(0o755)
    keys = {name: str(evil) for name in ("core.fsmonitor", "core.pager", "diff.external", "diff.y.textconv")}
    fetch = {
        "remote.origin.url": f"ext::{evil}",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
        "protocol.ext.allow": "always",
    }
    (repository / ".gitattributes").write_text("*.yaml diff=y\n")
    for name, value in {**keys, **fetch}.items():
        Repository(repository).git("config", name, value)
    path = repository / "Pulumi.mine.yaml"
    assert run("plan", "--file", path, "--since", "main").exit_code == 0
    assert run("plan", "--file", path, "--since", "d" * 40).exit_code == 2
    assert not (ran / "was-run").exists()


def test_a_shallow_clone_and_a_folder_without_git_say_what_they_are(
    run: Run, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("clones")
    Repository(repository).git("commit", "-q", "--allow-empty", "-m", "second")
    Repository(folder).git("clone", "-q", "--depth", "1", repository.as_uri(), "shallow")
    copied = folder / "Pulumi.mine.yaml"
    copied.write_text((repository / "Pulumi.mine.yaml").read_text())
    shallow = run("plan", "--file", folder / "shallow" / "Pulumi.mine.yaml", "--since", "HEAD~1")
    assert "The clone is shallow: git fetch --unshallow --tags." in shallow.stderr
    assert "not a git repository" in run("plan", "--file", copied, "--since", "HEAD").stderr


def test_a_link_is_compared_with_what_it_leads_to(run: Run, repository: Path) -> None:
    link = repository / "Pulumi.link.yaml"
    link.symlink_to("Pulumi.mine.yaml")
    assert run("plan", "--file", link, "--since", "HEAD").exit_code == 0


def test_a_file_that_was_too_large_then_is_not_read(run: Run, repository: Path) -> None:
    path = repository / "Pulumi.mine.yaml"
    text = path.read_text()
    path.write_text("#" * 16_000_001)
    Repository(repository).git("commit", "-q", "-am", "large")
    path.write_text(text)
    assert "had 16,000,001 bytes" in run("plan", "--file", path, "--since", "HEAD").stderr
