"""Environment variables that go round a key, names that are none, and a context that is longer than the model's."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.configs import broken, told

RELEASE: Final = {"version": "1.6.1"}
WIDE: Final = "wide-32gpu"
ENGINES: Final = ("sglang", "vllm", "trtllm")


@pytest.mark.parametrize(
    ("engine", "name", "key"),
    [
        ("sglang", "SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK", "maxDispatchTokensPerRank"),
        ("sglang", "SGL_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK", "maxDispatchTokensPerRank"),
        ("vllm", "VLLM_MOE_DP_CHUNK_SIZE", "maxDispatchTokensPerRank"),
        ("vllm", "VLLM_ALL2ALL_BACKEND", "moeA2aBackend"),
        ("trtllm", "TRTLLM_CAN_USE_DEEP_EP", "moeA2aBackend"),
    ],
)
def test_a_variable_that_a_key_sets_is_refused_with_the_key(engine: str, name: str, key: str) -> None:
    layout = {"preset": WIDE, "decode": {"env": {name: "1024"}}}
    found = broken(layout, backend=engine, platform=RELEASE, workers={"env": {name: "1024"}, "sharedMemory": "700Gi"})
    assert f"write layout.decode.{key}" in found[f"layout.decode.env.{name}"]
    assert f"write layout.ROLE.{key}" in found[f"workers.env.{name}"]


@pytest.mark.parametrize(
    ("config", "key", "said"),
    [
        ({"workers": {"env": {"1X": "a"}}}, "workers.env.1X", "letters, digits and _"),
        ({"workers": {"env": {"G-H": "a"}}}, "workers.env.G-H", "letters, digits and _"),
        ({"workers": {"env": {"X": "\x1b[31mred"}}}, "workers.env.X", "without control characters"),
        ({"layout": {"preset": WIDE, "decode": {"env": {"a.b": "1"}}}}, "layout.decode.env.a.b", "no digit in front"),
    ],
)
def test_a_name_or_a_value_of_an_object_with_free_names_says_what_it_may_be(
    config: dict[str, object], key: str, said: str
) -> None:
    message = told(key, **config)
    assert said in message
    assert "[key]" not in message
    assert "\x1b" not in message


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("role", ["prefill", "decode"])
def test_a_context_beyond_the_models_is_refused_and_what_the_message_says_plans(engine: str, role: str) -> None:
    def stack(length: int) -> dict[str, object]:
        roles: dict[str, dict[str, object]] = {"prefill": {"dp": 16}, "decode": {}}
        roles[role]["contextLength"] = length
        return {"layout": {"preset": "lab-32gpu", **roles}, "backend": engine, "platform": RELEASE}

    message = told(f"layout.{role}.contextLength", **stack(1_000_000))

    assert "takes 163,840 tokens" in message
    assert "set contextLength: 163840 or less" in message
    assert told(f"layout.{role}.contextLength", **stack(65_536)) == ""
    for length, said in ((163_840, False), (163_841, True)):
        assert ("takes 163,840 tokens" in told(f"layout.{role}.contextLength", **stack(length))) is said


@pytest.mark.parametrize(
    ("engine", "name"),
    [("sglang", "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"), ("vllm", "VLLM_ALLOW_LONG_MAX_MODEL_LEN")],
)
def test_the_engines_own_word_allows_a_longer_context(engine: str, name: str) -> None:
    def said(env: dict[str, str], workers: dict[str, str]) -> str:
        layout = {"preset": WIDE, "decode": {"contextLength": 200_000, "env": env}}
        both = {"backend": engine, "platform": RELEASE, "workers": {"env": workers}}
        return told("layout.decode.contextLength", layout=layout, **both)

    assert f"{name}: '1'" in said({}, {})
    assert said({}, {name: "0"})
    assert said({name: "0"}, {name: "1"})
    assert said({}, {name: "1"}) == ""
    assert said({name: "true"}, {}) == ""


def test_an_address_is_not_taken_for_a_name_in_the_wrong_spelling() -> None:
    message = told("platform.charts", platform={"charts": "http://charts.example.com/dynamo"})
    assert "did you mean https://charts.example.com/dynamo?" in message
    assert "did you mean" not in told("platform.charts", platform={"charts": "ftp://charts.example.com/dynamo"})


def test_a_missing_password_is_not_one_of_a_list() -> None:
    image = {"source": "existing", "reference": "r.example.com/x:1", "registry": {"username": "u"}}
    message = told("image.registry.password", image=image)
    assert "pulumi config set --secret --path image.registry.password" in message
    assert "One of" not in message


@pytest.mark.parametrize(("written", "meant"), [("0,85", "0.85"), ("85%", "0.85"), ("0.85", "0.85")])
def test_a_share_in_another_spelling_is_offered_as_the_number_it_is(written: str, meant: str) -> None:
    layout = {"preset": WIDE, "decode": {"memFractionStatic": written}}
    assert f"set {meant}" in told("layout.decode.memFractionStatic", layout=layout)
