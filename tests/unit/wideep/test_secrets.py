"""Secrets of a stack config: what has no place of its own for one is refused, and no credential is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.configs import stack
from tests.support.examples import examples
from wideep.catalog import layout_of
from wideep.errors import ConfigError, Problem
from wideep.masking import masked, visible
from wideep.rules import accept
from wideep.settings.layout import Preset

Path = tuple[str, ...]

TOKEN = "hf_" + "SyntheticForThisTest"
KNOWN: tuple[Path, ...] = (("hfToken",), ("image", "registry", "password"))

FULL = stack(
    layout=layout_of(Preset.LAB_16GPU_SINGLENODE).model_dump(mode="json", by_alias=True),
    image={
        "source": "build",
        "repository": "r.example.com/d",
        "tag": "1",
        "gitRef": "v0.6.0",
        "platform": "linux/amd64",
        "cacheFrom": ["type=registry,ref=r.example.com/cache"],
        "registry": {"username": "robot", "server": "r.example.com", "password": {"secure": "v1:abc"}},
    },
    platform={
        "version": "0.6.0",
        "charts": "sim/charts",
        "values": {"extra": {"apiKey": "x"}, "list": ["a", {"b": 1}]},
    },
    workers={"env": {"WANDB_API_KEY": "x"}, "envFrom": ["wandb"], "priorityClass": "high"},
    frontend={"replicas": 1, "ingress": {"host": "chat.example.com", "className": "nginx", "tlsSecret": "t"}},
    access={"allowFrom": ["ingress"]},
    traffic={"isl": 4000, "osl": 500},
    name="graph",
)
"""A stack with keys of every section written out."""


def places(value: object, here: Path = ()) -> Iterator[Path]:
    """Every key of a config, objects and items of lists too."""
    if here:
        yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if key != "secure":
            yield from places(inner, (*here, str(key)))


def with_secret(value: object, path: Path) -> object:
    """The config with ``{secure: …}`` at one place."""
    if not path:
        return {"secure": "v1:abc"}
    if isinstance(value, list):
        return [with_secret(each, path[1:]) if str(i) == path[0] else each for i, each in enumerate(value)]
    assert isinstance(value, dict)
    return {**value, path[0]: with_secret(value[path[0]], path[1:])}


def refused(config: Mapping[str, object]) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as error:
        accept(config)
    return {problem.key: problem for problem in error.value.problems}


def mistakes(config: Mapping[str, object]) -> tuple[Problem, ...]:
    """All mistakes, or none. Any other exception is a failure of the test."""
    try:
        accept(config)
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("path", [path for path in places(FULL) if path not in KNOWN], ids=".".join)
def test_no_key_but_the_known_ones_may_be_a_secret(path: Path) -> None:
    marked = with_secret(FULL, path)
    assert isinstance(marked, dict)
    problem = refused(marked)[".".join(path)]
    assert "is marked as a secret" in problem.rule
    assert problem.fix


def test_the_known_secrets_are_taken() -> None:
    plain = {**FULL, "platform": {"version": "0.6.0", "values": {}}}
    assert accept(plain).hf_token is not None


def test_a_secret_of_the_environment_is_told_the_way_to_do_it_right() -> None:
    problem = refused(stack(workers={"env": {"WANDB_API_KEY": {"secure": "v1:abc"}}}))["workers.env.WANDB_API_KEY"]
    assert "workers.envFrom: [SECRET]" in problem.fix
    assert "pulumi config rm --path workers.env.WANDB_API_KEY" in problem.fix


FREE: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("workers", lambda text: {"env": {"ANYTHING": text}}),
    ("layout", lambda text: {"preset": "lab-16gpu-singlenode", "decode": {"extraArgs": ["--api-key", text]}}),
    ("layout", lambda text: {"preset": "lab-16gpu-singlenode", "decode": {"eplb": {"initialExpertLocation": text}}}),
    ("layout", lambda text: text),
    ("layout", lambda text: {text: 1}),
    ("platform", lambda text: {"values": {"a": [{"b": text}]}}),
    ("platform", lambda text: {"version": text}),
    ("frontend", lambda text: {"service": {"type": "NodePort", "annotations": {"a": text}}}),
    ("image", lambda text: {"source": "build", "repository": "r/d", "tag": "1", "gitRef": text}),
    ("image", lambda text: {"source": text}),
    ("model", lambda text: {"config": text}),
    ("model", lambda text: text),
    ("modelCache", lambda text: {"size": "1Ti", "storageClass": text, "hostPath": "/mnt/models"}),
    ("name", lambda text: text),
    ("namespace", lambda text: text),
    (TOKEN, lambda _: "x"),
)


@pytest.mark.parametrize("number", range(len(FREE)))
@pytest.mark.parametrize("token", [TOKEN, f"hf_oauth_{'ab-c' * 5}", f"hf_jwt_{'eyJ0' * 6}", f"x={TOKEN}"])
def test_a_token_in_any_key_but_its_own_is_refused_and_not_shown(number: int, token: str) -> None:
    key, value = FREE[number]
    with pytest.raises(ConfigError) as error:
        accept(stack(**{key: value(token)}))
    assert token not in str(error.value)
    assert TOKEN not in str(error.value)
    assert "revoke" in str(error.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token hf_" + "A1b2C3d4", "token [secret]"),
        ("hf_" + "jwt_eyJhbGciOiJIUzI1NiJ9", "[secret]"),
        ("hf_" + "oauth_eyJ", "[secret]"),
        ("hf_" + "ab_cdef-GH", "[secret]"),
        ("Authorization: Bearer abcdefgh12", "Authorization: Bearer [secret]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [secret]"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", "authorization: basic [secret]"),
        ("cloning https://user:pa55@git.example.com/x", "cloning https://[secret]@git.example.com/x"),
        ("https://tokenonly@git.example.com", "https://[secret]@git.example.com"),
        ("Basic authentication is off", "Basic authentication is off"),
        ("does not have a file named hf_quant_config.json", "does not have a file named hf_quant_config.json"),
        ("mail a@example.com at https://example.com/@team", "mail a@example.com at https://example.com/@team"),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u200e\u200f\u061c\u2028\ud800\ufeff"]
BIDI = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]


@pytest.mark.parametrize("character", [each for each in (*CONTROLS, *BIDI) if each not in "\n\t"])
def test_a_control_character_is_spelled_out(character: str) -> None:
    shown = visible(f"a{character}b")
    assert character not in shown
    assert shown.startswith("a\\")
    assert shown.encode()


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\u202e", "\x07", "\r"])
@pytest.mark.parametrize("number", range(len(FREE) - 1))
def test_no_control_character_of_a_config_reaches_the_message(character: str, number: int) -> None:
    key, value = FREE[number]
    said = mistakes(stack(**{key: value(f"a{character}]52;c;b")}))
    assert character not in "".join(map(str, said))
    assert character not in "".join(text for problem in said for text in vars(problem).values())


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([TOKEN, "x" * 70])
KEYS = (
    st.sampled_from(["", TOKEN, "a" * 70, "\x00", "a b", "0", "workers", "env", "values", "platform", "registry"])
    | st.text(max_size=6)
    | st.integers()
)
TREES = st.recursive(
    ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)


@examples(80)
@given(st.dictionaries(st.sampled_from([*FULL, TOKEN, "", "\x1b", "a" * 70]) | st.text(max_size=5), TREES, max_size=5))
def test_no_key_and_no_value_ends_in_a_traceback(wild: dict[str, object]) -> None:
    said = "".join(map(str, mistakes({**FULL, **wild})))
    assert TOKEN not in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("changed", "key", "fix"),
    [
        ({"platform": {"prometheusEndpoint": "http://u:S3cret@prom:9090"}}, "platform.prometheusEndpoint", "a login"),
        ({"workers": {"env": {"PROXY": "http://u:S3cret@p:3128"}}}, "workers.env.PROXY", "workers.envFrom"),
        ({"workers": {"env": {"X": "ghp_S3cretS3cretS3cretS3"}}}, "workers.env.X", "workers.envFrom"),
        ({"platform": {"values": {"a": ["glpat-S3cretS3cretS3cret"]}}}, "platform.values.a.0", "make a Secret"),
        ({"image": "https://u:S3cret@r.example.com/d:1"}, "image", "image.registry"),
    ],
)
def test_a_credential_in_clear_text_is_refused_and_not_shown(changed: dict[str, object], key: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        accept(stack(**changed))
    said = {problem.key: problem for problem in caught.value.problems}
    assert fix in said[key].fix
    assert "S3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "word", ["http://prom:9090/a@b", "docker-image://alpine@sha256:1", "sk-standard-replicated-premium"]
)
def test_what_only_looks_like_one_is_accepted(word: str) -> None:
    accept(stack(workers={"env": {"X": word}}))
