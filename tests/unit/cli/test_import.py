"""`wideep import`, and what of a plan can be compared with a launch command or pasted elsewhere."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.conftest import ROOT
from tests.support import process
from wideep.engines.base import CONFIG_PATH
from wideep_cli.main import app

SECRET = "S3cretS3cretS3cret"
LAUNCH = "python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 --tp-size 8 --mem-fraction-static 0.8"
STACK: dict[str, Any] = {
    "namespace": "dynamo-workshop",
    "model": "deepseek-ai/DeepSeek-R1",
    "hardware": {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"},
    "layout": {"preset": "lab-16gpu-singlenode"},
    "hfToken": {"secure": "v1:abcdef"},
    "modelCache": {"size": "1Ti"},
}
FLAG = ("--max-total-tokens 9000", "b")
DECODE_BY_DEFAULT = "python3 -m dynamo.vllm --model deepseek-ai/DeepSeek-R1 --is-prefill-worker -tp 16"
PUBLISHED = ROOT / "examples" / "published-command" / "launch.sh"

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    runner = CliRunner(env={"COLUMNS": "120", "TERM": "dumb"})
    return lambda *args: runner.invoke(app, [str(arg) for arg in args])


@pytest.fixture
def stack(tmp_path: Path) -> Callable[..., Path]:
    def write(**keys: object) -> Path:
        path = tmp_path / "Pulumi.mine.yaml"
        path.write_text(json.dumps({"config": {f"dynamo-wideep:{k}": v for k, v in {**STACK, **keys}.items()}}))
        return path

    return write


def test_the_imported_file_is_a_stack_that_plans_and_compares_equal_to_its_command(run: Run, tmp_path: Path) -> None:
    written = tmp_path / "Pulumi.mine.yaml"
    assert run("import", LAUNCH, "--write", written).exit_code == 0

    rows = json.loads(run("plan", "--file", written, "--against", LAUNCH, "-o", "json").stdout)

    differing = {row["flag"] for row in rows["decode"] if row["relation"] == "differs"}
    assert differing == set(), "the repository's name and the folder on the stack's volume are the same weights"
    assert not [row["flag"] for row in rows["decode"] if row["relation"] == "only yours"]


def test_the_file_says_above_the_config_what_became_of_each_flag(run: Run) -> None:
    result = run("import", f"{LAUNCH} --max-total-tokens 9000 --watchdog-timeout 600 --host ::")
    comments = [" ".join(line.split()) for line in result.stdout.splitlines() if line.startswith("#")]
    assert "# --tp-size 8 layout.ROLE.tp" in comments, "the same of both roles is said once"
    assert "# --watchdog-timeout 600 passed on" in comments
    assert "# --host this program sets it" in comments
    assert any(line.startswith("# --max-total-tokens it changes what is in GPU memory") for line in comments)
    assert yaml.safe_load(result.stdout)["config"]["dynamo-wideep:hardware"]["nodes"] == 2


def test_what_the_plan_would_refuse_is_told_with_the_file(run: Run) -> None:
    result = run("import", LAUNCH.replace("--tp-size 8", "--tp-size 4"))
    assert "# wideep plan would refuse it: layout.prefill" in result.stdout
    assert "wideep plan would refuse it" in result.stderr
    assert "\n#     weights are " in result.stdout, "the rule is on a line of its own"


def test_what_the_plan_would_refuse_is_told_when_the_file_is_written(run: Run, tmp_path: Path) -> None:
    result = run("import", LAUNCH.replace("--tp-size 8", "--tp-size 4"), "--write", tmp_path / "Pulumi.mine.yaml")
    assert "wideep plan would refuse it: layout.prefill" in result.stderr


def test_a_written_file_is_told_with_what_it_lacks(run: Run, tmp_path: Path) -> None:
    said = [run("import", f"{LAUNCH} {more}", "--write", tmp_path / name).stderr for more, name in (("", "a"), FLAG)]
    assert "without" not in said[0]
    assert "without --max-total-tokens: its comments say why. Next: wideep plan" in said[1]


def test_kernels_are_told_only_of_a_command_that_has_some(run: Run) -> None:
    said = [run("import", f"{LAUNCH} {more}").stdout for more in ("", "--moe-a2a-backend deepep")]
    assert ["DeepEP's mode" in each for each in said] == [False, True]


MANIFEST = """
kind: DynamoGraphDeployment
spec:
  services:
    Frontend: {command: [python3, -m, dynamo.frontend]}
    decode:
      envs: [{name: NCCL_DEBUG, value: INFO}, {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
      extraPodSpec:
        mainContainer:
          command: [/bin/bash, -c]
          args:
          - |
            # it's decode
            exec python3 -m dynamo.vllm --model deepseek-ai/DeepSeek-R1 \\
              --data-parallel-size 16 --enable-expert-parallel --max-num-seqs 64
    prefill:
      extraPodSpec:
        mainContainer:
          command: ["python3", "-m", "dynamo.vllm"]
          args: ["--model", "deepseek-ai/DeepSeek-R1", "--is-prefill-worker", "-tp", "8", "--enable-expert-parallel"]
"""


def test_a_manifest_is_read_by_its_containers_each_with_its_role_and_environment(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "deploy.yaml"
    file.write_text(MANIFEST)
    layout = json.loads(run("import", "--file", file, "-o", "json").stdout)["config"]["layout"]
    assert (layout["prefill"]["tp"], layout["prefill"]["dp"]) == (8, 1)
    assert (layout["decode"]["tp"], layout["decode"]["dp"]) == (16, 16)
    assert (layout["decode"]["env"], "env" in layout["prefill"]) == ({"NCCL_DEBUG": "INFO"}, False)


def test_a_name_in_a_manifest_says_a_role_only_beside_the_other(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    args = "--model-path deepseek-ai/DeepSeek-R1 --tp 8"
    file.write_text(f"services: {{decode: {{entrypoint: python3 -m sglang.launch_server, command: {args}}}}}")
    assert run("import", "--file", file).exit_code == 0, "one command for both roles, whatever its name"


def test_a_role_that_a_command_says_is_not_given_to_another(run: Run, tmp_path: Path) -> None:
    """Dynamo's own recipe has decode first, without a flag for it."""
    file = tmp_path / "launch.sh"
    file.write_text("vllm serve deepseek-ai/DeepSeek-R1 -tp 8\n" + DECODE_BY_DEFAULT)
    layout = json.loads(run("import", "--file", file, "-o", "json").stdout)["config"]["layout"]
    assert (layout["prefill"]["tp"], layout["decode"]["tp"]) == (16, 8)


def test_a_file_that_is_there_stays(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.mine.yaml"
    path.write_text("mine")
    result = run("import", LAUNCH, "--write", path)
    assert (result.exit_code, result.stderr.split("\n")[0]) == (2, f"{path} exists.")
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ((), "Name the commands in one way"),
        ((LAUNCH, "--prefill", LAUNCH), "Name the commands in one way"),
        (("--prefill", f"{LAUNCH} --disaggregation-mode decode", "--decode", LAUNCH), "says by a flag"),
        ((LAUNCH, "--gpu", " "), "--gpu has an empty value"),
        (("--prefill", LAUNCH), "--prefill 'COMMAND' --decode 'COMMAND'"),
        ((f"{LAUNCH} --log-level 'open",), "Close the quote."),
        (("echo",), "No launch command"),
        (("--file", "no-such-file.sh"), "no-such-file.sh cannot be read"),
        (("vllm serve deepseek-ai/DeepSeek-V3.2-Exp",), "The command's model is not supported: "),
        (("vllm serve /models/Qwen3-Next-80B-A3B-Instruct/",), "The command's model is not supported: "),
        (("vllm serve acme/unknown",), "The command names no model of the catalog (acme/unknown)"),
        (("vllm serve /models/Qwen3-30B-A3B/",), "with --model (--model Qwen/Qwen3-30B-A3B?)"),
        (("trtllm-serve deepseek-ai/DeepSeek-R1 --tp_size 8",), "start from layout: trtllm-36gpu"),
        ((f"{LAUNCH} --dp-size $DP",), "--dp-size: no number: '$DP'; write the value in place of the variable."),
    ],
)
def test_a_call_that_names_no_command_says_what_to_type(run: Run, args: tuple[str, ...], why: str) -> None:
    result = run("import", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr


def test_the_published_commands_of_sglang_become_a_stack_that_plans(run: Run, tmp_path: Path) -> None:
    written = tmp_path / "Pulumi.published.yaml"
    assert run("import", "--file", PUBLISHED, "--gpu", "H100-80", "--write", written).exit_code == 0
    plan = json.loads(run("plan", "--file", written, "-o", "json").stdout)
    assert (plan["gpus"], plan["roles"]["prefill"]["ep"], plan["roles"]["decode"]["ep"]) == (64, 32, 32)

    rows = json.loads(run("plan", "--file", written, "--against", PUBLISHED, "-o", "json").stdout)

    yours = {row["flag"] for row in rows["prefill"] if row["relation"] in ("only yours", "differs")}
    by_operator = {"--dist-init-addr", "--nnodes", "--node-rank"}
    assert yours == {"--model-path", "--load-balance-method", *by_operator}, "the weights are on the stack's volume"
    plans = {row["flag"] for row in rows["prefill"] if row["relation"] == "only the plan's"}
    assert plans == {"--host", "--ep-size"}, "with DeepEP, SGLang itself takes tp for ep"


def test_the_differences_of_the_wide_preset_from_the_published_commands_are_named(run: Run, stack: Any) -> None:
    hardware = {"gpu": "H100-80", "nodes": 8, "gpusPerNode": 8, "interconnect": "infiniband"}
    path = stack(layout={"preset": "wide-64gpu"}, hardware=hardware)
    rows = json.loads(run("plan", "--file", path, "--against", PUBLISHED, "-o", "json").stdout)
    by_flag = {row["flag"]: row for row in rows["prefill"]}
    assert by_flag["--mem-fraction-static"]["relation"] == "differs"
    assert by_flag["--mem-fraction-static"]["decided"] == "layout.prefill.memFractionStatic"
    assert by_flag["--enable-two-batch-overlap"]["relation"] == "only yours"
    assert by_flag["--enable-eplb"]["relation"] == "only the plan's"
    assert by_flag["--tp-size"]["relation"] == "same"


def test_numbers_are_compared_as_numbers_and_spellings_as_one_flag(run: Run, stack: Any) -> None:
    yours = "python3 -m sglang.launch_server --tensor-parallel-size=8 --mem-fraction-static .80"
    rows = json.loads(run("plan", "--file", stack(), "--against", yours, "-o", "json").stdout)["decode"]
    same = {row["flag"] for row in rows if row["relation"] == "same"}
    assert {"--tp-size", "--mem-fraction-static"} <= same or {"--tensor-parallel-size", "--mem-fraction-static"} <= same


def test_a_renamed_flag_is_the_same_and_another_flag_of_the_same_key_differs(run: Run, stack: Any) -> None:
    path = stack(layout={"preset": "wide-32gpu"}, hardware={**STACK["hardware"], "nodes": 4})
    renamed = f"{LAUNCH} --disaggregation-mode decode --enable-deepep-moe --deepep-mode low_latency"
    found = {}
    for graphs in ("--cuda-graph-max-bs 128", "--cuda-graph-bs 64"):
        report = run("plan", "--file", path, "--against", f"{renamed} {graphs}", "-o", "json").stdout
        found |= {row["flag"]: row for row in json.loads(report)["decode"]}
    assert (found["--enable-deepep-moe"]["relation"], found["--enable-deepep-moe"]["plans"]) == (
        "same",
        "--moe-a2a-backend deepep",
    )
    assert (found["--cuda-graph-bs"]["relation"], found["--cuda-graph-bs"]["plans"]) == (
        "differs",
        "--cuda-graph-max-bs-decode 128",
    )
    assert found["--cuda-graph-max-bs"]["relation"] == "same"


def test_a_comparison_names_keys_without_their_path(run: Run, stack: Any) -> None:
    lines = run("plan", "--file", stack(), "--against", LAUNCH).stdout.splitlines()
    assert "Keys are those of layout.decode." in lines
    assert any(line.split() == ["--mem-fraction-static", "0.8", "memFractionStatic"] for line in lines)


def test_nothing_of_a_secret_is_in_a_comparison(run: Run, stack: Any) -> None:
    yours = f"MY_TOKEN={SECRET} {LAUNCH} --api-key {SECRET} --no-such-flag {SECRET}"
    for output in ("text", "json", "markdown"):
        assert SECRET not in run("plan", "--file", stack(), "--against", yours, "-o", output).output


def test_a_command_of_the_other_engine_is_not_compared(run: Run, stack: Any) -> None:
    result = run("plan", "--file", stack(), "--against", "vllm serve deepseek-ai/DeepSeek-R1")
    assert result.exit_code == 2
    assert result.stderr.startswith("The command starts vllm, and the stack runs sglang.")


def test_a_script_that_is_not_there_is_named(run: Run, stack: Any) -> None:
    result = run("plan", "--file", stack(), "--against", "launch.sh")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, "launch.sh does not exist.")


def test_a_roles_command_is_printed_one_flag_a_line_and_a_shell_reads_the_plans_words(run: Run, stack: Any) -> None:
    path = stack(layout={"preset": "lab-16gpu-singlenode", "decode": {"env": {"NCCL_DEBUG": "a b"}}})
    text = run("plan", "--file", path, "--args", "decode").stdout
    plan = json.loads(run("plan", "--file", path, "-o", "json").stdout)

    words = shlex.split(text.replace("\\\n", " "))

    assert words[0] == "NCCL_DEBUG=a b"
    assert words[1:4] == ["python3", "-m", "dynamo.sglang"]
    assert words[4:] == plan["roles"]["decode"]["args"]
    assert all(line.strip().startswith("--") for line in text.splitlines()[2:])
    assert process.run("sh", "-c", "printf '%s\\n' " + text).out.splitlines() == words


def test_the_files_that_a_command_reads_are_printed_before_it_and_a_shell_writes_them(
    run: Run, stack: Any, tmp_path: Path
) -> None:
    hardware = {"gpu": "GB200", "nodes": 9, "gpusPerNode": 4, "interconnect": "infiniband"}
    on_trtllm = {"backend": "trtllm", "layout": "trtllm-36gpu", "hardware": hardware}
    path = stack(model="nvidia/DeepSeek-R1-FP4", **on_trtllm)
    plan = json.loads(run("plan", "--file", path, "-o", "json").stdout)
    (config,) = (each for each in plan["engine_configs"] if each["role"] == "decode")
    body = json.loads(run("plan", "--file", path, "--args", "decode", "-o", "json").stdout)
    assert body["files"] == {f"{CONFIG_PATH}/{name}": text for name, text in config["files"].items()}

    text = run("plan", "--file", path, "--args", "decode").stdout.replace(CONFIG_PATH, str(tmp_path / "files"))
    process.run("sh", "-c", text.replace("python3 -m dynamo.trtllm", "true"))

    assert {f.name: f.read_text() for f in (tmp_path / "files").iterdir()} == config["files"]


def test_the_manifest_is_the_graph_of_the_plan_and_holds_no_secret(run: Run, stack: Any) -> None:
    path = stack(hfToken="hf_" + SECRET)
    printed = run("plan", "--file", path, "--manifest").stdout
    plan = json.loads(run("plan", "--file", path, "-o", "json").stdout)
    assert yaml.safe_load(printed) == plan["manifests"][0]
    assert json.loads(run("plan", "--file", path, "--manifest", "-o", "json").stdout) == plan["manifests"][0]
    assert SECRET not in printed


def test_one_call_prints_one_thing(run: Run, stack: Any) -> None:
    result = run("plan", "--file", stack(), "--args", "decode", "--manifest")
    assert result.exit_code == 2
    assert "each print something of their own" in result.stderr


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)
MERGES = "a0: &a0 {x0: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        f"{LAUGHS}command: [vllm, serve, deepseek-ai/DeepSeek-R1, *n]",
        f"{MERGES}command: [vllm, serve, deepseek-ai/DeepSeek-R1]",
        "a: &a {command: *a, args: [*a]}",
        "a: !!timestamp y\nb: !!map 1\ncommand: [vllm, serve]",
        "command: " + "[" * 90_000,
    ],
)
def test_yaml_that_stands_for_too_much_is_no_manifest(run: Run, text: str) -> None:
    started = time.process_time()
    result = run("import", text)
    assert (result.exit_code, "Internal error" in result.stderr) == (2, False)
    assert time.process_time() - started < 10


def test_the_list_of_a_command_is_the_command(run: Run) -> None:
    listed = run("import", json.dumps(LAUNCH.split()))
    assert (listed.exit_code, listed.stdout) == (0, run("import", LAUNCH).stdout)
