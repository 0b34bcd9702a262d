"""Launch commands that people have: read as data, and turned into keys whose plan says the same."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import pytest

from tests.golden.cases import ON_SGLANG
from tests.support.configs import hardware, stack
from wideep.engines import engine_of
from wideep.launch.role import Fate, Place
from wideep.launch.stack import ImportedStack, Site, import_stack
from wideep.launch.words import MOST_CHARACTERS, UnreadCommandError, launch_commands
from wideep.plan import make_plan
from wideep.rules import accept
from wideep.settings import parse
from wideep.settings.layout import Preset, Role

SITE = Site("H200", 8, "infiniband", "dynamo", None)
MODEL = "--model-path deepseek-ai/DeepSeek-R1"
SGLANG = f"python3 -m sglang.launch_server {MODEL} --tp-size 8 --mem-fraction-static 0.8"
OVER_LINES, CONTINUED = (SGLANG.replace(" --", f" {end}\n --") for end in ("", "\\"))
CHUNK = "--chunked-prefill-size"
VLLM = "vllm serve deepseek-ai/DeepSeek-R1 -dp 16 --enable-expert-parallel --all2all-backend deepep_low_latency"


def read(text: str) -> ImportedStack:
    """The stack of one command that serves both roles."""
    (command,) = launch_commands(text)
    return import_stack(dict.fromkeys(Role, command), SITE, None)


def role_of(text: str, role: str = "decode") -> Mapping[str, Any]:
    """The keys of one of its roles."""
    return cast("dict[str, Any]", read(text).config["layout"])[role]


def fate(text: str, flag: str) -> Fate:
    """What becomes of a flag."""
    return next(each for each in read(text).fates[Role.DECODE] if each.flag == flag)


@pytest.mark.parametrize("preset", [each for each in ON_SGLANG if each != "lab-8gpu"])  # R1 does not fit it
def test_the_plans_own_arguments_come_back_as_the_same_arguments(preset: Preset) -> None:
    """Import is the inverse of the engines' ``args``: of each preset, on each engine that runs it."""
    backend = str(preset.backend or "sglang")
    settings = accept(stack(backend=backend, layout=str(preset), platform={"version": "1.6.1"}))
    engine, plan = engine_of(settings), make_plan(settings)
    module = {"sglang": "dynamo.sglang", "vllm": "dynamo.vllm"}[backend]
    texts = {role: shlex.join(["python3", "-m", module, *plan.roles[role].args]) for role in Role}
    env = {role: engine.env(role, settings.layout.roles[role], settings.hardware) for role in Role}
    commands = {
        role: launch_commands(" ".join([*(f"{k}={v}" for k, v in env[role].items()), text]))[0]
        for role, text in texts.items()
    }

    again = import_stack(commands, SITE, None).config

    layout = cast("dict[str, dict[str, object]]", again["layout"])
    replicas = {role: {**layout[role], "replicas": settings.layout.roles[role].replicas} for role in Role}
    keys = {**again, "layout": replicas, "hardware": hardware(), "hfToken": {"secure": "x"}}
    replanned = make_plan(accept({**keys, "modelCache": {"size": "2Ti"}}))
    assert {role: replanned.roles[role].args for role in Role} == {role: plan.roles[role].args for role in Role}


def test_sizes_follow_as_the_engine_itself_has_them() -> None:
    deepep = role_of(f"{SGLANG.replace('8 ', '16 ')} --dp-size 16 --enable-dp-attention --enable-deepep-moe --nnodes 2")
    assert [deepep[key] for key in ("nodes", "gpusPerNode", "tp", "dp", "ep")] == [2, 8, 16, 16, 16], "DeepEP: ep = tp"
    copies = role_of(f"{SGLANG} --dp-size 2")
    assert (copies["replicas"], copies["dp"]) == (2, 1), "without DP attention they are whole copies"
    wide = role_of(f"{VLLM} -tp 2 --data-parallel-size-local 4 --max-num-seqs 64 --max-model-len 16k")
    assert [wide[key] for key in ("nodes", "gpusPerNode", "tp", "dp", "ep")] == [4, 8, 32, 16, 32]
    assert (wide["maxRunningRequests"], wide["contextLength"]) == (1024, 16_000), "a flag of one group, a key of all"


def test_a_command_that_says_nothing_of_memory_gets_what_its_engine_takes() -> None:
    """gpt-oss on one H100, as its model card starts it, with vLLM's share of a GPU by default."""
    assert role_of(VLLM)["memFractionStatic"] == 0.92
    assert role_of(f"{VLLM} --gpu-memory-utilization 0.85")["memFractionStatic"] == 0.85
    (command,) = launch_commands("vllm serve openai/gpt-oss-120b")
    alone = import_stack(dict.fromkeys(Role, command), Site("H100-80", 8, "infiniband", "dynamo", None), None).config
    accept({**alone, "hfToken": {"secure": "x"}})


def test_one_command_for_both_roles_gets_each_its_kernels() -> None:
    assert [role_of(VLLM, role)["deepepMode"] for role in Role] == ["normal", "low_latency"]
    assert read(VLLM).one_for_both


def test_vllms_objects_are_read_as_the_keys_and_flags_that_they_hold() -> None:
    role = role_of(f"{VLLM} --enable-eplb --eplb-config " + """'{"num_redundant_experts": 32, "window_size": 100}'""")
    assert (role["redundantExperts"], role["extraArgs"]) == (32, ["--eplb-config.window_size", "100"])


@pytest.mark.parametrize(
    ("flags", "flag", "place", "why"),
    [
        ("--watchdog-timeout 600", "--watchdog-timeout", Place.EXTRA, "passed on"),
        ("--bucket-time-to-first-token 1 2", "--bucket-time-to-first-token", Place.EXTRA, "passed on"),
        ("--deepep-config /c.json", "--deepep-config", Place.EXTRA, "passed on, not checked"),
        ("--host 0.0.0.0", "--host", Place.SET, "this program sets it"),
        ("--node-rank 1", "--node-rank", Place.SET, "the operator appends it"),
        ("--max-total-tokens 131072", "--max-total-tokens", Place.LEFT, "it changes what is in GPU memory"),
        ("--quantization fp8", "--quantization", Place.LEFT, "it changes the model"),
        ("--no-such-flag 1", "--no-such-flag", Place.LEFT, "have no such flag"),
        ("--trust-remote-code", "--trust-remote-code", Place.STACK, "workers.trustRemoteCode"),
        ("--nsa-decode trtllm", "--nsa-decode", Place.EXTRA, "--dsa-decode-backend in SGLang"),
        ("--json-model-override-args '{}'", "--json-model-override-args", Place.LEFT, "it changes the model"),
        ("--log-level '$(x)'", "--log-level", Place.LEFT, "one shell line"),
        ("--log-level ${LEVEL}", "--log-level", Place.LEFT, "a variable of the shell"),
        ("--tool-call-parser kimi_k2", "--tool-call-parser", Place.EXTRA, "Dynamo reads it as --dyn-tool-call-parser"),
        ("--dyn-tool-call-parser kimi_k2", "--dyn-tool-call-parser", Place.EXTRA, "passed on"),
        ("--context-length 16384", "--context-length", Place.KEY, "layout.decode.contextLength"),
        ("--context-length 16k", "--context-length", Place.LEFT, "must be a whole number"),
        ("--kv-cache-dtype bf16", "--kv-cache-dtype", Place.LEFT, "one of auto, fp8_e4m3, fp8_e5m2"),
    ],
)
def test_each_flag_has_a_place_and_a_reason(flags: str, flag: str, place: Place, why: str) -> None:
    found = fate(f"{SGLANG} {flags}", flag)
    assert found.place is place
    assert why in found.why


def test_a_value_that_no_stack_takes_costs_its_own_flag_only() -> None:
    role = role_of(f"{SGLANG} --kv-cache-dtype bf16 --context-length 16384 --speculative-algorithm NGRAM")
    assert "kvCacheDtype" not in role
    assert (role["contextLength"], role["tp"]) == (16_384, 8), "newer SGLang takes the length as a text"
    assert "--dyn-tool-call-parser is Dynamo's" in fate(f"{VLLM} --tool-call-parser x", "--tool-call-parser").why
    assert role_of(f"{VLLM} --kv-cache-dtype fp8")["kvCacheDtype"] == "fp8_e4m3", "vLLM's two words for it"


def test_whole_prompts_and_a_level_of_optimization_are_known_as_the_engine_writes_them() -> None:
    assert "set chunkedPrefillSize to the longest prompt" in fate(f"{SGLANG} {CHUNK} -1", CHUNK).why
    for level in ("-O3", "-O=3", "-O 3"):
        assert fate(f"{VLLM} {level}", "-O3" if level == "-O3" else "-O").place is Place.EXTRA
        assert role_of(f"{VLLM} {level}")["extraArgs"] == level.split()


def test_variables_that_the_operator_sets_are_left_out_as_the_rules_want_it() -> None:
    command = f"DYN_SYSTEM_ENABLED=true DYN_SYSTEM_PORT=8081 DYN_NAMESPACE=x NCCL_DEBUG=INFO {SGLANG}"
    assert role_of(command)["env"] == {"NCCL_DEBUG": "INFO"}
    assert "the operator sets up" in fate(command, "DYN_SYSTEM_PORT").why


def test_what_is_passed_on_is_in_the_stack_as_it_was_written() -> None:
    role = role_of(f"NCCL_DEBUG=INFO {SGLANG} --watchdog-timeout 600 --log-level=debug")
    assert role["extraArgs"] == ["--watchdog-timeout", "600", "--log-level=debug"]
    assert role["env"] == {"NCCL_DEBUG": "INFO"}


@pytest.mark.parametrize(
    "text",
    [
        f"HF_TOKEN=hf_S3cretS3cretS3cret {SGLANG}",
        f"MY_API_KEY=S3cretS3cret {SGLANG}",
        f"docker run -e WANDB_TOKEN=S3cretS3cret image {SGLANG}",
        f"{SGLANG} --api-key S3cretS3cret",
        f"{SGLANG} --log-level hf_S3cretS3cretS3cret",
        f"{VLLM} --api-key=S3cretS3cret",
        f"DB_PASS=S3cretS3cret PGPASSWORD=S3cretS3cret AUTH=S3cretS3cret {SGLANG}",
        f"""{SGLANG} --model-loader-extra-config '{{"api_key": "S3cretS3cret"}}'""",
        f"{VLLM} --kv-transfer-config.api_key S3cretS3cret --compilation-config.my_secret=S3cretS3cret",
        f"""{VLLM} --enable-eplb --eplb-config '{{"api_key": "S3cretS3cret"}}'""",
    ],
)
def test_a_secret_of_the_command_is_in_nothing_that_comes_of_it(text: str) -> None:
    assert "S3cret" not in repr(read(text))


def test_the_text_is_cut_into_words_and_no_shell_reads_it(tmp_path: Any) -> None:
    victim = tmp_path / "touched"
    text = f"{SGLANG} --watchdog-timeout $(touch {victim}) && touch {victim}; `touch {victim}` > {victim}"
    launch_commands(text)
    assert not victim.exists()


def test_a_script_gives_the_commands_of_both_roles_with_what_it_exports() -> None:
    script = f"""
# prefill
export NCCL_DEBUG=INFO
python3 -m dynamo.frontend --http-port 8000 &
{SGLANG} \\
  --disaggregation-mode prefill 2>&1 | tee prefill.log
# decode
GLOO=eth0 {SGLANG} --disaggregation-mode=decode
"""
    first, second = launch_commands(script)
    assert (first.role, first.env) == (Role.PREFILL, {"NCCL_DEBUG": "INFO"})
    assert first.words[-2:] == ("--disaggregation-mode", "prefill")
    assert (second.role, second.env) == (Role.DECODE, {"NCCL_DEBUG": "INFO", "GLOO": "eth0"})


PLAIN = "python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 --tp-size 8 --watchdog-timeout 600"
VLLMS = "--model deepseek-ai/DeepSeek-R1 --tensor-parallel-size 8"


@pytest.mark.parametrize(
    "text",
    [
        f"bash -c '{PLAIN}'",
        f'docker run image bash -lc "pip install x && exec {PLAIN}"',
        f"""ssh host "docker exec c bash -c '{PLAIN}'\"""",
        f"kubectl exec -it pod -- sh -c 'cd /x; {PLAIN}'",
        PLAIN.replace("-m sglang", "-msglang"),
        PLAIN.replace(" --", " \\\r\n  --"),
        PLAIN.replace(" ", "\u00a0"),
        f"{PLAIN} # a comment isn't closed",
        f"# start\n{PLAIN} < /dev/null >>log.txt 2>&1 &",
        f"```bash\n$ {PLAIN}\n```",
        PLAIN.replace(" --watch", " --host $(hostname -i) --port `cat port` --watch"),
        PLAIN.replace(" --watch", """ --dist-init-addr "$(hostname -I | awk '{print $1}'):5000" --watch"""),
        PLAIN.replace(" --watch", " --config <(cat x) --watch"),
    ],
)
def test_one_command_is_read_from_each_spelling_up_to_its_last_flag(text: str) -> None:
    role = role_of(text)
    assert (role["tp"], role["extraArgs"]) == (8, ["--watchdog-timeout", "600"])


@pytest.mark.parametrize(
    "text",
    [
        f"docker run --gpus all vllm/vllm-openai:latest {VLLMS}",
        f"podman run -e A=b host:5000/vllm/vllm-openai:v1@sha256:abc {VLLMS}",
        f"docker run --entrypoint bash vllm/vllm-openai:v1 -c 'vllm serve {VLLMS}'",
    ],
)
def test_an_image_whose_entry_point_is_the_engine_is_its_command(text: str) -> None:
    (command,) = launch_commands(text)
    assert shlex.join(command.words) == VLLMS


def test_what_is_in_quotes_stays_one_value() -> None:
    (command,) = launch_commands(f'{SGLANG} --chat-template \'{{% if a > b %}} # x\' --log-level "a\\"b"')
    assert command.words[-3:] == ("{% if a > b %} # x", "--log-level", 'a"b')


def test_variables_of_a_container_are_those_of_the_command_in_it() -> None:
    (command,) = launch_commands(f"docker run -eA=1 -e B=2 --env=C=3 image bash -c 'D=4 {SGLANG}'")
    assert command.env == {"A": "1", "B": "2", "C": "3", "D": "4"}


def test_a_mode_that_is_none_is_left_out_though_each_role_gets_its_own() -> None:
    assert fate(f"{SGLANG} --moe-a2a-backend deepep --deepep-mode fast", "--deepep-mode").place is Place.LEFT


def test_fields_of_vllms_balancer_are_read_by_their_dotted_names_too() -> None:
    dotted = "--enable-eplb --eplb-config.num_redundant_experts 32 --eplb-config.window_size=100"
    role = role_of(f"{VLLM} {dotted}")
    assert (role["redundantExperts"], role["extraArgs"]) == (32, ["--eplb-config.window_size=100"])
    alone = fate(f"""{VLLM} --enable-eplb --eplb-config '{{"window_size": 100}}'""", "--eplb-config")
    assert alone.place is Place.EXTRA


def test_a_text_of_the_largest_size_is_read_in_seconds() -> None:
    for filling in ("x '\\''" * 20_000, "$(x)" * 40_000, "${" * 90_000, "1>" * 60_000, "--x y " * 30_000):
        with suppress(UnreadCommandError):
            started = time.process_time()
            launch_commands(f"bash -c '{filling}'\n{SGLANG} {filling}"[:MOST_CHARACTERS])
            assert time.process_time() - started < 5, filling[:9]


def test_variables_make_no_text_longer_than_one_that_is_read() -> None:
    doubled = "".join(f"A{each}=$A{each - 1}$A{each - 1}\n" for each in range(1, 60))
    for script in (f"A0={'a' * 100}\n{doubled}{SGLANG} $A59", f"A={'x' * 1000}\n{SGLANG} {'$A' * 60_000}"):
        with pytest.raises(UnreadCommandError, match="With its variables"):
            launch_commands(script)


def test_a_variable_that_holds_flags_is_as_many_words() -> None:
    (command,) = launch_commands(f"ARGS='--dp-size 2 --log-level \"a b\"'\n{SGLANG} $ARGS")
    assert command.words[-4:] == ("--dp-size", "2", "--log-level", "a b")


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("--tp-size 0", "a worker of 0 GPUs"),
        ("--tp-size -8", "a worker of -8 GPUs"),
        (f"--tp-size {'9' * 5000}", "--tp-size: no number: '999"),
        ("--nnodes 0", "8 GPUs on 0 nodes"),
        ("--nnodes 100000", "8 GPUs on 100000 nodes"),
        ("\\ \n --dp-size 8", "--dp-size begins a line, and no command: end the line before it with a backslash"),
        ("\\\n # width\n --dp-size 8", "--dp-size begins a line"),
        ("\u2014dp-size 8", "begins with EM DASH"),
        ("--log-level \u201cdebug\u201d", "begins with LEFT DOUBLE QUOTATION MARK"),
        ("--log-level `x", "No closing backtick"),
        ("--log-level $(x", "No closing bracket"),
        ("--x y " * 1001, "at most 1,000 are read"),
    ],
)
def test_what_is_no_command_of_an_engine_is_told_with_the_place(flags: str, why: str) -> None:
    with pytest.raises(UnreadCommandError) as error:
        read(f"{SGLANG} {flags}")
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("-dp 0", "a worker of 0 GPUs"),
        ("--max-model-len infk", "--max-model-len: no number: 'infk'"),
        ("--eplb-config '" + "[" * 100_000 + "'", "--eplb-config: its JSON is nested too deeply"),
    ],
)
def test_a_value_that_vllm_would_refuse_is_told(flags: str, why: str) -> None:
    with pytest.raises(UnreadCommandError) as error:
        read(f"vllm serve deepseek-ai/DeepSeek-R1 {flags}")
    assert why in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        f"docker run -e NCCL_DEBUG=INFO image bash -c '{SGLANG}'",
        f"TP=8\nexport NCCL_DEBUG=INFO\n{SGLANG.replace('--tp-size 8', '--tp-size $TP')}",
        f"NCCL_DEBUG=INFO {SGLANG.replace('--tp-size 8', '--tp-size ${TP:-8}')}",
        f"NCCL_DEBUG=INFO {SGLANG.replace('--tp-size 8', '--port $((8000 + RANK * 2)) --tp-size 8')}; echo $(id)",
        f"export NCCL_DEBUG=INFO\nCMD=(\n{OVER_LINES}\n)\nexec ${{CMD[@]}}",
        f"It's a guide.\nexport NCCL_DEBUG=INFO\n{CONTINUED}\n",
    ],
)
def test_what_a_shell_would_make_of_a_script_is_known_as_far_as_it_says_it(text: str) -> None:
    role = role_of(text)
    assert (role["tp"], role["memFractionStatic"], role["env"]) == (8, 0.8, {"NCCL_DEBUG": "INFO"})


def test_an_image_that_is_its_program_is_a_command() -> None:
    role = role_of("docker run --gpus all vllm/vllm-openai:v1 --model deepseek-ai/DeepSeek-R1 -tp 8 -dp 2")
    assert (role["tp"], role["dp"]) == (16, 2)


def test_the_variable_that_older_vllm_takes_for_its_kernels_is_the_key() -> None:
    serve = "vllm serve deepseek-ai/DeepSeek-R1 -dp 16 --enable-expert-parallel"
    assert role_of(f"VLLM_ALL2ALL_BACKEND=deepep_low_latency {serve}")["moeA2aBackend"] == "deepep"
    assert fate(f"VLLM_ALL2ALL_BACKEND=pplx {serve}", "VLLM_ALL2ALL_BACKEND").place is Place.LEFT
    flag = role_of(f"VLLM_ALL2ALL_BACKEND=pplx {serve} --all2all-backend deepep_low_latency")
    assert flag["moeA2aBackend"] == "deepep", "the flag is newer"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"if x; then\n  TP=8\nelse\n  TP=4\nfi\n{SGLANG.replace('size 8', 'size $TP')}", "no number: '$TP'"),
        ("echo hello", "No launch command"),
        (f"{SGLANG} --log-level 'open", "No closing quotation"),
        (f"python3 -m sglang.launch_server {MODEL} --tp-size $TP", "--tp-size: no number: '$TP'; write the value"),
        ("python3 -m sglang.launch_server --model-path /model --tp 8", "no model of the catalog (/model)"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, why: str) -> None:
    with pytest.raises(UnreadCommandError) as error:
        read(text)
    assert why in str(error.value)


def test_an_imported_stack_is_a_stack() -> None:
    settings = parse({**read(SGLANG).config, "hfToken": {"secure": "x"}})
    assert (settings.model.name, settings.hardware.nodes) == ("deepseek-ai/DeepSeek-R1", 2)
