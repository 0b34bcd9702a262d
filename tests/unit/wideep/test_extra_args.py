"""What may stand in ``extraArgs``: no spelling of a flag goes round the key that owns it."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from tests.support.configs import broken, settings
from wideep.catalog.layouts import PRESETS
from wideep.catalog.models import MODELS
from wideep.engines import engine_of
from wideep.engines.flags import PASSES, UNCHECKED, EngineFlag
from wideep.engines.sglang.command import engine_args
from wideep.plan import RolePlan, make_plan
from wideep.rules import accept_settings, check, warnings
from wideep.settings.experts import Eplb
from wideep.settings.layout import Preset, Role, RoleLayout

ENGINE = engine_of(settings())
FLAGS = ENGINE.flags
WIDE = "wide-32gpu"
KEY = "layout.decode.extraArgs"
R1 = MODELS["deepseek-ai/DeepSeek-R1"]
FREE = (PASSES, UNCHECKED)
KEYS = sorted({flag.owner for flag in FLAGS.flags} - set(FLAGS.reasons) - set(FREE))
NAMES = [name for flag in FLAGS.flags for name in flag.names]


def refused(*words: str) -> str:
    """What the plan has against them; empty where it takes them."""
    return broken({"preset": WIDE, "decode": {"extraArgs": list(words)}}).get(KEY, "")


def warned(*words: str) -> str:
    found = warnings(settings(layout={"preset": WIDE, "decode": {"extraArgs": list(words)}}))
    return "\n".join(str(each) for each in found if each.key == KEY)


@cache
def unchanged() -> RolePlan:
    """The decode role of the layout without extra arguments."""
    return make_plan(accept_settings(settings(layout=WIDE))).roles[Role.DECODE]


def value_of(flag: EngineFlag) -> list[str]:
    words = {int: "3", float: "0.5", str: "word"}
    return [] if flag.value is None else [words[flag.value]]


def spellings(flag: EngineFlag) -> Iterator[list[str]]:
    """As the engine's parser takes it: each name, its shortest clear beginning, and the value behind = or apart."""
    value = value_of(flag)
    for name in flag.names:
        lengths = range(3, len(name) + 1)
        unique = (name[:n] for n in lengths if [each for each in NAMES if each.startswith(name[:n])] == [name])
        for word in {name, next(unique, name)}:
            yield [word, *value]
            if value:
                yield [f"{word}={value[0]}"]


def disguised(flag: EngineFlag) -> Iterator[list[str]]:
    """As no parser takes it, and as people write it."""
    name = flag.names[0].lstrip("-")
    for word in (f"--{name.replace('-', '_')}", f"-{name}", f"--{name.title()}"):
        yield [word, *value_of(flag)]


@cache
def all_refused() -> Mapping[str, str]:
    """What the plan says to a stack that has every spelling of every flag that it refuses: by what is written."""
    words = [each for flag in FLAGS.flags if flag.owner not in FREE for each in spellings(flag)]
    words += [each for flag in FLAGS.flags if flag.owner in KEYS for each in disguised(flag)]
    stack = settings(layout={"preset": WIDE, "decode": {"extraArgs": [word for each in words for word in each]}})
    told = [problem for problem in check(stack) if problem.key == KEY]
    assert len(told) == len(words)
    return {" ".join(written): str(problem) for written, problem in zip(words, told, strict=True)}


@pytest.mark.parametrize(
    "flag", [flag for flag in FLAGS.flags if flag.owner not in FREE], ids=lambda each: each.names[0]
)
def test_each_flag_that_a_key_owns_is_refused_in_each_spelling_with_that_key(flag: EngineFlag) -> None:
    for words in spellings(flag):
        message = all_refused()[" ".join(words)]
        reason = FLAGS.reasons.get(flag.owner) or ENGINE.never(Role.DECODE, flag.owner)
        if reason:
            assert reason.rule in message
        else:
            assert f"layout.decode.{flag.owner} sets this flag" in message
            assert f"set {flag.owner}" in message


def test_each_other_flag_is_passed_on_in_each_spelling_and_changes_nothing_else() -> None:
    words = [word for flag in FLAGS.flags if flag.owner in FREE for each in spellings(flag) for word in each]
    stack = settings(layout={"preset": WIDE, "decode": {"extraArgs": words}})
    before, after = unchanged(), make_plan(accept_settings(stack)).roles[Role.DECODE]
    assert after.args == (*before.args, *words)
    assert after.memory == before.memory


def test_the_key_that_a_refusal_names_is_a_key_of_the_settings() -> None:
    keys = {field.alias for field in RoleLayout.model_fields.values()}
    assert set(KEYS) <= keys | {f"eplb.{field.alias}" for field in Eplb.model_fields.values()}


@pytest.mark.parametrize("flag", [flag for flag in FLAGS.flags if flag.owner in KEYS], ids=lambda flag: flag.names[0])
def test_underscores_one_dash_and_capitals_do_not_hide_a_flag(flag: EngineFlag) -> None:
    never = ENGINE.never(Role.DECODE, flag.owner)
    for words in disguised(flag):
        assert (never.rule if never else f"set {flag.owner}") in all_refused()[" ".join(words)]


def test_whatever_the_program_itself_writes_is_owned_by_somebody() -> None:
    for preset in Preset:
        for role in Role:
            written = engine_args(role, PRESETS[preset][role], R1, "/model-cache/r1", version=ENGINE.version)
            for given in FLAGS.read(written):
                assert given.wrong is None
                assert given.flag is not None
                assert given.flag.owner not in (PASSES, UNCHECKED)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--stream-interval", "often"), "invalid int value: 'often'"),
        (("--stream-interval",), "expected one argument"),
        (("--enable-metrics=yes",), "ignored explicit argument"),
        (("--enable-metrics", "yes"), "no flag before it takes"),
        (("4096",), "no flag before it takes"),
        (("--speculative-num", "2"), "could match --speculative-num-steps, --speculative-num-draft-tokens"),
        (("--stream_interval", "4"), "knows it as --stream-interval only"),
    ],
)
def test_what_the_engines_parser_refuses_is_refused_by_the_plan(words: tuple[str, ...], reason: str) -> None:
    assert reason in refused(*words)


def test_a_negative_number_is_a_value() -> None:
    assert refused("--priority-scheduling-preemption-threshold", "-5", "--stream-interval", "4") == ""


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = broken(
        {"preset": WIDE, "decode": {"extraArgs": ["--tp=8", "--mem", "0.9"]}, "prefill": {"extraArgs": ["7"]}}
    )
    assert set(found) == {KEY, "layout.prefill.extraArgs"}


@pytest.mark.parametrize("words", [("--frobnicate",), ("--frobnicate", "1", "2"), ("--frobnicate=1",)])
def test_a_flag_that_nobody_knows_is_passed_on_and_said(words: tuple[str, ...]) -> None:
    assert refused(*words) == ""
    assert re.search(rf"{' '.join(words)}\n.*not checked", warned(*words))


def test_a_flag_whose_cost_is_not_counted_is_passed_on_and_said() -> None:
    assert "knows neither what memory it takes" in warned("--enable-torch-compile")
    assert warned("--stream-interval", "4") == ""


CASES = {
    "a captured batch beyond the dispatch limit": (["--cuda-graph-max-bs", "256"], "cudaGraphBatchSizes"),
    "more requests than may be dispatched": (["--max-running-requests", "8192"], "maxRunningRequests"),
    "no graphs": (["--disable-cuda-graph"], "cudaGraphBatchSizes"),
    "another format": (["--quantization", "fp8"], "model"),
    "draft weights": (["--speculative-algorithm", "EAGLE", "--speculative-num-steps", "1"], "speculative"),
    "half the cache": (["--kv-cache-dtype", "fp8_e4m3"], "kvCacheDtype"),
    "pages": (["--page-size", "64"], "pageSize"),
}


@pytest.mark.parametrize(("words", "key"), CASES.values(), ids=CASES.keys())
def test_what_the_field_wrote_is_sent_to_its_key(words: list[str], key: str) -> None:
    assert f"set {key}" in refused(*words)


def test_the_same_by_their_keys_is_checked() -> None:
    assert broken({"preset": WIDE, "decode": {"maxRunningRequests": 2048}}) == {}
    message = broken({"preset": WIDE, "decode": {"maxRunningRequests": 8192}})["layout.decode.maxRunningRequests"]
    assert "8192 / dp 16 = 512 requests per rank are more than the 128 tokens that it may dispatch" in message
    assert "set 2048 at most, or maxDispatchTokensPerRank: 512" in message
    message = broken({"preset": WIDE, "decode": {"maxRunningRequests": 15}})["layout.decode.maxRunningRequests"]
    assert "set maxRunningRequests: 16 or more" in message


def test_the_recorder_that_a_metrics_flag_turns_on_is_checked_as_its_key_is() -> None:
    layout = {"deepepMode": "auto", "extraArgs": ["--enable-expert-distribution-metrics"], "eplb": {"enabled": False}}
    assert "auto mode" in broken({"preset": WIDE, "decode": layout})["layout.decode.deepepMode"]
