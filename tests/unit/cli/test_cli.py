"""What the wideep command prints, whole, and with which exit code.

The texts are in expected/. After a change that is meant: UPDATE_EXPECTED=1 python -m pytest tests/unit/cli/test_cli.py,
and read the diff.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.support import process
from wideep_cli.main import app

EXPECTED = Path(__file__).parent / "expected"
TOKEN = "hf_" + "s3cretS3cret"
STACK: dict[str, Any] = {
    "namespace": "dynamo-workshop",
    "model": "deepseek-ai/DeepSeek-R1",
    "hardware": {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"},
    "layout": "lab-16gpu-singlenode",
    "image": {"source": "build", "repository": "registry.example.com/dynamo-wideep", "tag": "0.6.0"},
    "hfToken": {"secure": "v1:abcdef"},
    "modelCache": {"size": "1Ti"},
    "platform": {"version": "0.6.0"},
}

Run = Callable[..., Result]
Write = Callable[..., Path]


@pytest.fixture
def run() -> Run:
    """Call the command as a pipe would see it, 100 characters wide."""
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb", "KUBECONFIG": "no-such-kubeconfig"})
    return lambda *args: runner.invoke(app, [str(arg) for arg in args])


@pytest.fixture
def stack(tmp_path: Path) -> Write:
    """Write a stack's file: option A of the lab, with keys changed, or left out where they are None."""

    def write(name: str = "Pulumi.lab.yaml", **keys: object) -> Path:
        config = {f"dynamo-wideep:{key}": value for key, value in {**STACK, **keys}.items() if value is not None}
        path = tmp_path / name
        path.write_text(json.dumps({"config": config}))  # JSON is YAML
        return path

    return write


def check(name: str, text: str) -> None:
    """Compare with a file of expected/, or write it where UPDATE_EXPECTED is set."""
    path = EXPECTED / name
    if os.environ.get("UPDATE_EXPECTED"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_plan_fits_one_screen_and_says_everything(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack())
    assert (result.exit_code, result.stderr) == (0, "")
    check("plan-option-a.txt", result.stdout)
    assert len(result.stdout.splitlines()) <= 65


@pytest.mark.parametrize(
    ("drafting", "words"),
    [
        ({"algorithm": "EAGLE"}, r"of which draft weights \d+\.\d · draft KV cache \d+\.\d\n"),
        (
            {"algorithm": "EAGLE3", "draftModel": "drafts/eagle3", "draftGb": 4.5},
            r"of which draft model with its KV cache \(draftGb\) 4\.5 · KV cache of drafted tokens \d+\.\d\n",
        ),
        ({"algorithm": "NGRAM"}, None),
    ],
)
def test_plan_says_what_a_draft_takes_outside_the_pool(
    run: Run, stack: Write, drafting: dict[str, object], words: str | None
) -> None:
    changed = {"speculative": drafting, "dp": 1}
    layout = {"preset": "lab-16gpu-singlenode", "prefill": changed, "decode": changed}
    result = run("plan", "--file", stack(layout=layout))
    assert result.exit_code == 0, result.stderr
    assert bool(re.search(words or "of which", result.stdout)) == bool(words), result.stdout


def test_a_file_of_expert_locations_is_checked_before_it_is_on_the_volume(
    run: Run, stack: Write, tmp_path: Path
) -> None:
    recorded = {"redundantExperts": 0, "eplb": {"initialExpertLocation": "/model-cache/expert-counts/mine.json"}}
    path = stack(layout={"preset": "lab-16gpu-singlenode", "decode": recorded})
    told = " ".join(run("plan", "--file", path).stdout.split())
    assert "/model-cache/expert-counts/mine.json on the volume says" in told
    assert "`wideep plan --experts FILE` checks a copy of it" in told
    file = tmp_path / "mine.json"

    def checked(experts: int) -> Result:
        file.write_text(json.dumps({"logical_count": [[1] * experts] * 61}))
        return run("plan", "--file", path, "--experts", file)

    fits, wrong = checked(256), checked(128)
    assert (fits.exit_code, fits.stderr) == (0, f"{file} fits decode.\n")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert f"layout.decode.eplb.initialExpertLocation: {file}" in wrong.stderr
    assert run("plan", "--file", path, "--experts", tmp_path / "none.json").exit_code == 2
    assert "only the engine reads" in run("plan", "--file", path, "--experts", "mine.pt").stderr
    assert "no role of the stack starts from a file" in run("plan", "--file", stack(), "--experts", file).stderr


def test_plan_of_the_widest_preset(run: Run, stack: Write) -> None:
    hardware = {**STACK["hardware"], "nodes": 13}
    result = run("plan", "--file", stack(layout="wide-104gpu", hardware=hardware))
    assert result.exit_code == 0
    check("plan-wide-104gpu.txt", result.stdout)


def test_plan_as_json_is_the_plan_and_nothing_else(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(), "--output", "json")
    plan = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert {key: plan[key] for key in ("gpus", "nodes", "model", "layout", "image")} == {
        "gpus": 16,
        "nodes": 2,
        "model": "deepseek-ai/DeepSeek-R1",
        "layout": "lab-16gpu-singlenode",
        "image": "registry.example.com/dynamo-wideep:0.6.0",
    }
    prefill, decode = plan["roles"]["prefill"], plan["roles"]["decode"]
    assert [decode[key] for key in ("replicas", "pods", "gpus_per_pod", "tp", "dp", "ep")] == [1, 1, 8, 8, 8, 8]
    assert (prefill["expert_slots_per_gpu"], prefill["redundant_experts"]) == (32, 0)
    assert prefill["weights_gb"] == pytest.approx(85.4, rel=0.01)
    assert decode["weights_gb"] == pytest.approx(98.0, rel=0.01)
    assert "--enable-dp-attention" in decode["args"]
    assert plan["manifests"][0]["kind"] == "DynamoGraphDeployment"


def test_plan_as_markdown_for_a_pull_request(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(), "--output", "markdown")
    assert result.exit_code == 0
    check("plan-option-a.md", result.stdout)


def test_plan_needs_no_token_but_says_that_up_will(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(hfToken=None), "--output", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["warnings"][0].startswith("hfToken is not set, so `pulumi up` will reject")


def test_among_mistakes_a_token_that_is_not_set_is_none_of_them(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(hfToken=None, colour="green"), "--output", "json")
    assert result.exit_code == 2
    assert [problem["key"] for problem in json.loads(result.stdout)["problems"]] == ["colour"]
    assert "The stack config has a mistake:" in result.stderr
    assert (
        "hfToken is not set, so `pulumi up` will reject this stack: pulumi config set --secret hfToken" in result.stderr
    )


def test_a_token_in_clear_text_is_warned_of_and_never_shown(run: Run, stack: Write) -> None:
    path = stack(hfToken=TOKEN)
    for output in ("text", "json", "markdown"):
        result = run("plan", "--file", path, "--output", output)
        assert result.exit_code == 0
        assert "clear text" in " ".join(result.stdout.split())
        assert TOKEN not in result.output


def test_a_token_that_looks_wrong_is_refused_and_never_shown(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(hfToken="sk-s3cret"))
    assert result.exit_code == 2
    assert "hfToken" in result.stderr
    assert "s3cret" not in result.output


def test_all_mistakes_come_at_once_each_with_key_value_rule_and_remedy(run: Run, stack: Write) -> None:
    path = stack(namespace=None, namespce="x", model="deepseek-ai/DeepSek-R1", layout="wide-33gpu", hfToken=None)
    result = run("plan", "--file", path)
    assert (result.exit_code, result.stdout) == (2, "")
    check("plan-many-mistakes.txt", result.stderr)


@pytest.mark.parametrize("key", [".inf", "hardware.gpu", "a.b", "…", "1"])
def test_a_key_that_does_not_exist_is_named_whatever_it_is(run: Run, stack: Write, key: str) -> None:
    result = run("plan", "--file", stack(**{key: "x"}))
    assert result.exit_code == 2
    assert f"{key}\n      there is no such key" in result.stderr


def test_mistakes_as_json_are_on_stdout_for_a_script(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(layout="wide-33gpu", hfToken=None), "--output", "json")
    assert result.exit_code == 2
    problems = json.loads(result.stdout)["problems"]
    assert [problem["key"] for problem in problems] == ["layout"]
    assert all(set(problem) == {"key", "value", "rule", "fix"} for problem in problems)
    assert "wide-32gpu" in problems[0]["fix"]


def test_redundant_experts_that_do_not_fit_say_what_would(run: Run, stack: Write) -> None:
    roles = {"preset": "lab-16gpu-singlenode", "decode": {"redundantExperts": 64}}
    result = run("plan", "--file", stack(layout=roles))
    assert result.exit_code == 2
    check("plan-64-redundant.txt", result.stderr)


def test_r1_on_four_h100_says_how_many_gpus_it_needs(run: Run, stack: Write) -> None:
    hardware = {**STACK["hardware"], "gpu": "H100-80", "nodes": 1}
    result = run("plan", "--file", stack(layout="lab-8gpu", hardware=hardware))
    assert result.exit_code == 2
    check("plan-r1-on-4-h100.txt", result.stderr)


def test_the_picture_is_written_and_stdout_stays_the_plan(run: Run, stack: Write, tmp_path: Path) -> None:
    picture = tmp_path / "placement.svg"
    result = run("plan", "--file", stack(), "--output", "json", "--svg", picture)
    assert json.loads(result.stdout)["gpus"] == 16
    assert "placement.svg" in result.stderr
    assert picture.read_text().startswith("<?xml")


def test_a_picture_that_cannot_be_written_is_one_message(run: Run, stack: Write, tmp_path: Path) -> None:
    result = run("plan", "--file", stack(), "--svg", tmp_path / "none" / "placement.svg")
    assert result.exit_code == 2
    assert "cannot be written: No such file or directory." in result.stderr


def test_the_difference_says_what_restarts_and_what_is_replaced(run: Run, stack: Write) -> None:
    before = stack()
    roles = {"preset": "lab-16gpu-singlenode", "prefill": {"replicas": 2}, "decode": {"memFractionStatic": 0.85}}
    cache = {"size": "1Ti", "storageClass": "fast"}
    after = stack("Pulumi.b.yaml", layout=roles, hardware={**STACK["hardware"], "nodes": 3}, modelCache=cache)
    for output, name in (("text", "diff.txt"), ("markdown", "diff.md")):
        result = run("plan", "--diff", before, after, "--output", output)
        assert result.exit_code == 0
        check(name, result.stdout)


def test_the_difference_of_a_stack_with_itself_is_nothing(run: Run, stack: Write) -> None:
    result = run("plan", "--diff", stack(), stack("Pulumi.b.yaml"))
    assert result.stdout == "Both stacks have the same plan: no changes.\n"
    assert json.loads(run("plan", "--diff", stack(), stack(), "-o", "json").stdout) == {"settings": [], "objects": []}


def test_a_difference_is_of_two_files_and_of_nothing_else(run: Run, stack: Write) -> None:
    result = run("plan", "--diff", stack(), stack(), "--stack", "dev")
    assert (result.exit_code, result.stderr) == (
        2,
        "--diff compares two files.\n  Leave out --stack.\n",
    )


def test_layouts_lists_the_presets_and_why_one_does_not_fit(run: Run) -> None:
    result = run("layouts")
    assert (result.exit_code, result.stderr) == (0, "")
    check("layouts-r1-h200.txt", result.stdout)


def test_layouts_refuses_more_gpus_than_a_role_may_have(run: Run) -> None:
    for gpus in (4097, 10**9, 10**30):
        result = run("layouts", "--gpus", gpus)
        assert (result.exit_code, "Internal error" in result.stderr) == (2, False)


def test_layouts_takes_model_and_gpu_from_a_stack(run: Run, stack: Write) -> None:
    path = stack(model="Qwen/Qwen3-30B-A3B", hardware={**STACK["hardware"], "gpu": "H100-80"})
    listed = json.loads(run("layouts", "--file", path, "--output", "json").stdout)
    assert (listed["model"], listed["gpu"]) == ("Qwen/Qwen3-30B-A3B", "H100-80")
    assert [row["preset"] for row in listed["presets"]][:2] == ["lab-8gpu", "lab-16gpu-singlenode"]
    assert {row["preset"]: row["fits"] for row in listed["presets"]}["lab-8gpu"]
    wide = [row["problems"][0]["key"] for row in listed["presets"] if row["preset"].startswith("wide")]
    assert wide == 3 * ["layout.prefill.moeA2aBackend"], "DeepEP does not take the model's bf16 experts"


def test_layouts_of_any_count_are_listed_best_first_with_reasons_for_the_others(run: Run) -> None:
    result = run("layouts", "--gpus", "48")
    assert (result.exit_code, result.stderr) == (0, "")
    check("layouts-48-h200.txt", result.stdout)


def test_layouts_of_all_engines_stand_side_by_side_with_what_each_lacks(run: Run) -> None:
    result = run("layouts", "--gpus", "32", "--backend", "all")
    assert (result.exit_code, result.stderr) == (0, "")
    check("layouts-32-h200-all.txt", result.stdout)


def test_layouts_of_all_engines_as_json_say_why_one_does_not_run(run: Run) -> None:
    model = "nvidia/DeepSeek-R1-FP4"
    found = json.loads(run("layouts", "--backend", "all", "--gpu", "B200", "--model", model, "-o", "json").stdout)
    runs = {row["engine"].split()[0] for row in found["layouts"] if row["runs"]}
    assert runs == {"TensorRT-LLM"}
    assert all("nvfp4 weights" in row["reason"] for row in found["layouts"] if row["engine"].startswith("SGLang"))
    assert "nvfp4 weights" in next(missing for engine, missing in found["lacks"].items() if engine.startswith("vLLM"))


def test_layouts_as_json_has_them_all(run: Run) -> None:
    found = json.loads(run("layouts", "--gpus", 16, "-o", "json").stdout)
    tokens = [option["decode"]["kv_tokens_of_all_workers"] for option in found["layouts"]]
    assert tokens == sorted(tokens, reverse=True)
    decodes = [option["decode"] for option in found["layouts"]]
    assert (8, 8, 8, "none") in {(d["tp"], d["dp"], d["ep"], d["all_to_all"]) for d in decodes}
    assert all(left["count"] > 0 and left["example"] for left in found["left_out"])


def test_the_layout_that_is_suggested_can_be_planned(run: Run, stack: Write) -> None:
    text = run("layouts", "--gpus", 48).stdout
    snippet = text.split("as stack config:\n")[1].split("\nLeft out")[0]
    layout = yaml.safe_load(textwrap.dedent(snippet))["dynamo-wideep:layout"]
    hardware = {**STACK["hardware"], "nodes": 6}
    result = run("plan", "--file", stack(layout=layout, hardware=hardware), "-o", "json")
    assert json.loads(result.stdout)["gpus"] == 48


def test_one_gpu_is_too_few_for_two_roles(run: Run) -> None:
    assert run("layouts", "--gpus", 1).stderr == (
        "--gpus 1: prefill and decode need at least one GPU each.\n  Try --gpus 2 or more.\n"
    )


@pytest.mark.parametrize(
    ("args", "near"),
    [(("--gpu", "H100"), "--gpu H100-80"), (("--model", "DeepSeek-R1"), "--model deepseek-ai/DeepSeek-R1")],
)
def test_a_name_that_the_catalog_does_not_have_gets_the_nearest(run: Run, args: tuple[str, str], near: str) -> None:
    result = run("layouts", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert near in result.stderr


def test_a_stack_is_named_once(run: Run, stack: Write) -> None:
    result = run("plan", "--file", stack(), "--stack", "dev")
    assert result.exit_code == 2
    assert result.stderr == "--stack and --file both name a stack.\n  Give one of them.\n"


def test_debug_lets_the_traceback_through(run: Run, tmp_path: Path) -> None:
    quiet, loud = (
        run("plan", "--file", tmp_path / "none.yaml"),
        run("plan", "--file", tmp_path / "none.yaml", "--debug"),
    )
    assert "Traceback" not in quiet.output
    assert type(loud.exception).__name__ == "CallError"


@pytest.mark.parametrize("verb", ["plan", "layouts"])
def test_the_help_of_each_verb_has_an_example(run: Run, verb: str) -> None:
    assert f"Example: wideep {verb}" in run(verb, "--help").stdout


def test_a_pipe_gets_no_colour(stack: Write) -> None:
    environ = {**os.environ, "TERM": "xterm-256color"}
    printed = process.run(sys.executable, "-m", "wideep_cli.main", "plan", "--file", stack(), env=environ)
    assert "\x1b" not in printed.out


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_reader_that_closes_the_pipe_early_is_no_error(stack: Write, output: str) -> None:
    command = [sys.executable, "-m", "wideep_cli.main", "plan", "--file", stack(), "--output", output]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as plan:
        assert plan.stdout
        assert plan.stderr
        plan.stdout.close()
        assert plan.stderr.read() == ""


@pytest.mark.parametrize(("no_color", "colours"), [("", True), ("1", False)])
def test_a_terminal_gets_colour_unless_no_color_is_set(stack: Write, root: Path, no_color: str, colours: bool) -> None:
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "NO_COLOR": no_color, "PYTHONPATH": str(root)}
    arguments = ["-m", "wideep_cli.main", "plan", "--file", str(stack())]
    printed = pexpect.run(shlex.join([sys.executable, *arguments]), env=environ, dimensions=(60, 100)).decode()
    assert "DeepSeek-R1" in printed
    assert ("\x1b[32m" in printed) is colours


def test_a_price_of_a_gpu_hour_becomes_money_in_plan_layouts_and_json(run: Run, stack: Write) -> None:
    path = stack(layout="best-32gpu", hardware={**STACK["hardware"], "nodes": 4, "pricePerGpuHour": 3.0})
    told = " ".join(run("plan", "--file", path).stdout.split())
    assert "96.00 an hour: 32 GPUs at 3" in told
    assert "1.73 per million output tokens, at 483 tokens/s per GPU predicted" in told, "96 / (482.6 × 32 × 3600) × 1e6"
    assert json.loads(run("plan", "--file", path, "-o", "json").stdout)["takes"]["price_per_hour"] == 96.0
    assert "483, 100%; 1.73" in run("layouts", "--file", path).stdout
    (row,) = (
        row
        for row in json.loads(run("layouts", "--file", path, "-o", "json").stdout)["presets"]
        if row["preset"] == "wide-32gpu"
    )
    assert row["served"][0]["price_per_million_tokens"] == pytest.approx(2.2572, abs=1e-3)


def test_a_price_is_of_the_stacks_own_gpu_and_of_no_other(run: Run, stack: Write) -> None:
    path = stack(hardware={**STACK["hardware"], "gpu": "H100-80", "pricePerGpuHour": 3.0}, layout="wide-32gpu")
    assert "cost per million" not in run("layouts", "--file", path, "--gpu", "H200").stdout


def test_a_picture_is_not_written_under_another_formats_name(run: Run, stack: Write, tmp_path: Path) -> None:
    result = run("plan", "--file", stack(), "--svg", tmp_path / "placement.pdf")
    assert (result.exit_code, (tmp_path / "placement.pdf").exists()) == (2, False)
    assert "written as SVG or PNG, not as .pdf." in result.stderr


def test_the_list_of_layouts_does_not_pass_kv_cache_for_speed(run: Run) -> None:
    assert "KV cache is not speed: `wideep advise` finds" in " ".join(run("layouts", "--gpus", 16).stdout.split())


def test_the_plan_names_the_cluster_that_up_would_act_on(stack: Write, tmp_path: Path) -> None:
    contexts = [{"name": name, "context": {"cluster": f"c-{name}", "user": "u"}} for name in ("mine", "other")]
    clusters = [
        {"name": f"c-{name}", "cluster": {"server": f"https://{name}.example.com:6443"}} for name in ("mine", "other")
    ]
    users = [{"name": "u", "user": {"token": TOKEN}}]
    content = {"current-context": "mine", "contexts": contexts, "clusters": clusters, "users": users}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(content))
    runner = CliRunner(env={"COLUMNS": "120", "TERM": "dumb", "KUBECONFIG": str(kubeconfig)})

    told = runner.invoke(app, ["plan", "--file", str(stack())]).stdout
    assert "https://mine.example.com:6443 (context mine)" in told
    assert TOKEN not in told
    other = stack("Pulumi.other.yaml")
    content = json.loads(other.read_text())
    content["config"]["kubernetes:context"] = "other"
    other.write_text(json.dumps(content))
    assert "https://other.example.com:6443 (context other)" in runner.invoke(app, ["plan", "--file", str(other)]).stdout
