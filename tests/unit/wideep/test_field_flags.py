"""What people write in ``extraArgs`` and ``env`` to go round a key, on each engine; and no message sends them to a key
that the plan then refuses."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.configs import settings, told
from wideep.engines import engine_of
from wideep.engines.flags import PASSES, UNCHECKED
from wideep.rules import warnings
from wideep.settings.layout import Role

RELEASE: Final = {"version": "1.6.1"}
PRESET: Final = {"sglang": "wide-32gpu", "vllm": "wide-32gpu", "trtllm": "lab-32gpu"}


def stack(engine: str, **roles: object) -> dict[str, object]:
    return {"backend": engine, "platform": RELEASE, "layout": {"preset": PRESET[engine], **roles}}


def refused(engine: str, words: list[str], role: str = "decode") -> str:
    return told(f"layout.{role}.extraArgs", **stack(engine, **{role: {"extraArgs": [*words]}}))


def warned(engine: str, words: list[str]) -> str:
    found = warnings(settings(**stack(engine, decode={"extraArgs": words})))
    return "\n".join(str(each) for each in found if each.key == "layout.decode.extraArgs")


@pytest.mark.parametrize(
    ("engine", "words", "said"),
    [
        # a flag and its value in one item, as a YAML list invites to
        ("sglang", ["--tp-size 8"], "set tp"),
        ("vllm", ["--gpu-memory-utilization 0.95"], "set memFractionStatic"),
        ("sglang", ["--stream-interval 4"], "write --stream-interval and 4 as two items"),
        ("sglang", ["--frobnicate 1"], "write --frobnicate and 1 as two items"),
        ("vllm", ['--compilation-config {"mode": 3}'], "as two items"),
        # a file of flags
        ("sglang", ["--config", "/model-cache/flags.yaml"], "bypass the keys"),
        ("vllm", ["--config", "/model-cache/flags.yaml"], "bypass the keys"),
        ("vllm", ["--config=/model-cache/flags.yaml"], "bypass the keys"),
        ("trtllm", ["--extra-engine-args", "/model-cache/flags.yaml"], "from its keys"),
        # an object that holds what a flag of its own sets
        ("vllm", ["--compilation-config", '{"cudagraph_capture_sizes":[512]}'], "set cudaGraphBatchSizes"),
        ("vllm", ["-cc.cudagraph_capture_sizes", "[512]"], "set cudaGraphBatchSizes"),
        ("vllm", ["--compilation_config.max_cudagraph_capture_size=512"], "set cudaGraphBatchSizes"),
        ("trtllm", ["--trtllm.quant_config.quant_algo", "FP8"], "it changes the model"),
        ("trtllm", ["--trtllm.load_format=dummy"], "it changes the model"),
        ("trtllm", ["--trtllm.print_iter_log=true"], "write --trtllm.print_iter_log and true as two items"),
        # a misspelt key of an object whose keys are known
        ("trtllm", ["--trtllm.kv_cache_config.frobnicate", "1"], "YAML has no such key"),
        ("trtllm", ["--trtllm.moe_config.load_balancer.frobnicate", "1"], "YAML has no such key"),
        # keys that the engine's roles cannot have
        ("sglang", ["--pp-size", "2"], "; only prefill may have pp"),
        ("vllm", ["--pipeline-parallel-size", "2"], "set backend: sglang and prefill's pp"),
        ("trtllm", ["--trtllm.pp_partition", "2"], "set backend: sglang and prefill's pp"),
        ("vllm", ["--speculative-config", '{"method":"mtp"}'], "set backend: sglang and speculative"),
        ("trtllm", ["--trtllm.speculative_config.decoding_type", "MTP"], "set backend: sglang and speculative"),
    ],
)
def test_what_goes_round_a_key_is_refused_with_what_to_write(engine: str, words: list[str], said: str) -> None:
    assert said in refused(engine, words)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("vllm", ["--compilation-config", '{"cudagraph_mode":"FULL_DECODE_ONLY"}']),
        ("vllm", ["--compilation-config", "3"]),
        ("vllm", ["--compilation-config", "["]),
        ("trtllm", ["--trtllm.scheduler_config.capacity_scheduler_policy", "MAX_UTILIZATION"]),
        ("trtllm", ["--trtllm.torch_compile_config.enable_fullgraph", "true"]),
    ],
)
def test_what_no_key_sets_is_passed_on_and_said(engine: str, words: list[str]) -> None:
    assert refused(engine, words) == ""
    assert "not checked" in warned(engine, words)


def test_prefill_is_sent_to_its_stages() -> None:
    assert "set pp" in refused("sglang", ["--pp-size", "2"], "prefill")


def test_an_abbreviation_of_many_flags_names_a_few_of_them() -> None:
    message = refused("trtllm", ["--trtllm", "x"])
    assert "ambiguous option" in message
    assert message.count("--trtllm.") == 4
    assert "more" in message


def also(key: str) -> tuple[Role, ...]:
    """Both roles draft, or none."""
    return tuple(Role) if key == "speculative" else ()


VALUES: Final[dict[str, object]] = {
    "pp": 2,
    "speculative": {"algorithm": "EAGLE", "numSteps": 1, "eagleTopk": 1, "numDraftTokens": 2},
}
NEVER: Final = ("is not supported", "on SGLang only", "only prefill may", "no pipeline")


@pytest.mark.parametrize("engine", PRESET)
@pytest.mark.parametrize("role", Role)
def test_no_flag_sends_to_a_key_that_its_role_cannot_have_on_that_engine(engine: str, role: Role) -> None:
    own = engine_of(settings(**stack(engine)))
    for key, value in VALUES.items():
        both = {str(each): {key: value} for each in (role, *also(key))}
        said = told(f"layout.{role}.{key}", **stack(engine, **both))
        flag = next(each for each in own.flags.flags if each.owner == key)
        message = refused(engine, [flag.names[0], "2"], str(role))
        assert (f"set {key}" in message) is not any(words in said for words in NEVER), (key, said, message)


@pytest.mark.parametrize("engine", PRESET)
def test_each_key_that_owns_a_flag_is_known_to_the_settings(engine: str) -> None:
    own = engine_of(settings(**stack(engine)))
    assert own.flags.keys.isdisjoint({PASSES, UNCHECKED, *own.flags.reasons})
    assert own.flags.keys
