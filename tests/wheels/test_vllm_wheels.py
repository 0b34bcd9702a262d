"""What the program knows of vLLM's flags is what its own wheel defines, and its parser takes what is written."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence

import pytest

from tests.wheels.definitions import Definition
from tests.wheels.download import NoWheelError, wheel_of
from tests.wheels.dynamo import VLLM_RELEASES, read_dynamo_wheel
from tests.wheels.vllm import read_vllm_wheel
from wideep.catalog import MODELS, PRESETS
from wideep.engines.parser import ParserFlag, read_flags
from wideep.engines.vllm.command import engine_args
from wideep.engines.vllm.parser import DYNAMO_FILE, FILE, VERSIONS
from wideep.settings.experts import Eplb
from wideep.settings.layout import KvCacheDtype, Preset, Role

pytestmark = [pytest.mark.wheels, pytest.mark.parametrize("version", VERSIONS)]
R1 = MODELS["deepseek-ai/DeepSeek-R1"]
WIDE = PRESETS[Preset.VLLM_32GPU][Role.DECODE]
EVERY_KEY = WIDE.model_copy(
    update={
        "eplb": Eplb(enabled=True, rebalance_iterations=500),
        "two_batch_overlap": True,
        "cuda_graph_batch_sizes": (1, 2, 128),
        "kv_cache_dtype": KvCacheDtype.FP8_E4M3,
        "page_size": 64,
    }
)
LAYOUTS = [*(PRESETS[preset][role] for preset in Preset for role in Role), EVERY_KEY]
LAYOUTS += [WIDE.model_copy(update={"cuda_graph_batch_sizes": ()})]
KINDS: dict[str, type[int] | type[float] | type[str]] = {"int": int, "float": float, "str": str}


@functools.cache
def definitions(version: str) -> tuple[tuple[Definition, ...], tuple[Definition, ...]]:
    """vLLM's own, and those of Dynamo's worker."""
    try:
        own = read_vllm_wheel(wheel_of("vllm", version))
        return own, read_dynamo_wheel(wheel_of("ai-dynamo", VLLM_RELEASES[version]), "vllm")
    except NoWheelError as missing:
        pytest.skip(str(missing))


def told(flags: Sequence[ParserFlag | Definition]) -> set[tuple[tuple[str, ...], str]]:
    return {(flag.names, flag.sort) for flag in flags}


def test_the_flags_are_those_of_the_wheels(version: str) -> None:
    own, beside = definitions(version)

    assert told(read_flags(FILE, version)) == told(own)
    assert told(read_flags(DYNAMO_FILE, version)) == told(beside)


@pytest.mark.parametrize("role", Role)
def test_the_parser_of_each_version_takes_the_arguments_of_every_preset(version: str, role: Role) -> None:
    parser = argparse.ArgumentParser(
        add_help=False, exit_on_error=False, allow_abbrev=False, conflict_handler="resolve"
    )
    for each in (flag for flags in definitions(version) for flag in flags):
        kind = each.sort.rstrip("?*+")
        dest = each.names[0].lstrip("-")
        if kind == "-":
            parser.add_argument(*each.names, dest=dest, action="store_true")
        else:
            parser.add_argument(*each.names, dest=dest, type=KINDS[kind], nargs=each.sort.removeprefix(kind) or None)

    for layout in LAYOUTS:
        taken, unknown = parser.parse_known_args(engine_args(role, layout, R1, "/model-cache/r1"))

        assert unknown == []
        assert vars(taken)["disaggregation-mode"] == str(role)
        assert vars(taken)["tensor-parallel-size"] == layout.tp // layout.dp
