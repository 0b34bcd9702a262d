"""What the program knows of each engine's flags is what its own wheel defines: ``make test-wheels``."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence

import pytest

from tests.wheels.definitions import Definition, read_wheel
from tests.wheels.download import NoWheelError, wheel_of
from tests.wheels.dynamo import RELEASES, read_dynamo_wheel
from wideep.catalog import MODELS, PRESETS
from wideep.engines.parser import ParserFlag, read_flags
from wideep.engines.sglang.command import engine_args
from wideep.engines.sglang.flags import flag_table
from wideep.engines.sglang.parser import DYNAMO_FILE, FILE, VERSIONS
from wideep.settings.experts import DispatchAlgorithm, Eplb, EplbAlgorithm, RecorderMode
from wideep.settings.layout import Preset, Role, RoleLayout

pytestmark = [pytest.mark.wheels, pytest.mark.parametrize("version", VERSIONS)]
R1 = MODELS["deepseek-ai/DeepSeek-R1"]
KINDS: dict[str, type[int] | type[float] | type[str]] = {"int": int, "float": float, "str": str}
WIDE = PRESETS[Preset.WIDE_32GPU][Role.DECODE]
EVERY_KEY = WIDE.model_copy(
    update={
        "eplb": Eplb(
            enabled=True,
            algorithm=EplbAlgorithm.DEEPSEEK_VEC,
            rebalance_iterations=500,
            dispatch_algorithm=DispatchAlgorithm.DYNAMIC,
            recorder_mode=RecorderMode.STAT,
            initial_expert_location="/model-cache/experts.pt",
        ),
        "two_batch_overlap": True,
        "cuda_graph_batch_sizes": (1, 2, 128),
        "chunked_prefill_size": 32768,
        "context_length": 8192,
        "page_size": 64,
    }
)
LAYOUTS = [PRESETS[preset][role] for preset in Preset for role in Role]
LAYOUTS += [EVERY_KEY, WIDE.model_copy(update={"cuda_graph_batch_sizes": ()})]


read_once = functools.cache(read_wheel)


def sglang_definitions(version: str) -> tuple[Definition, ...]:
    try:
        return read_once(wheel_of("sglang", version))
    except NoWheelError as missing:
        pytest.skip(str(missing))


def known(flags: Sequence[ParserFlag]) -> set[tuple[tuple[str, ...], str, bool]]:
    return {(flag.names, flag.sort, flag.deprecated) for flag in flags}


def defined(flags: Sequence[Definition]) -> set[tuple[tuple[str, ...], str, bool]]:
    return {(flag.names, flag.sort, flag.deprecated) for flag in flags}


def test_the_flags_of_sglang_are_those_of_its_wheel(version: str) -> None:
    assert known(read_flags(FILE, version)) == defined(sglang_definitions(version))


def test_the_flags_of_dynamos_worker_are_those_of_its_wheel(version: str) -> None:
    try:
        wheel = wheel_of("ai-dynamo", RELEASES[version])
    except NoWheelError as missing:
        pytest.skip(str(missing))

    assert known(read_flags(DYNAMO_FILE, version)) == defined(read_dynamo_wheel(wheel))


@pytest.mark.parametrize("role", Role)
def test_the_parser_of_each_version_takes_the_arguments_of_every_preset(version: str, role: Role) -> None:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    definitions = sglang_definitions(version)
    for each in definitions:
        _add(parser, each)
    old = {name for each in definitions if each.deprecated for name in each.names}

    for layout in LAYOUTS:
        args = engine_args(role, layout, R1, "/model-cache/r1", version=version)
        taken, unknown = parser.parse_known_args(args)

        assert unknown == []
        assert not old & set(args)
        assert (taken.tp, taken.mode, taken.transfer) == (layout.tp, str(role), "nixl")
        assert _graph_sizes(taken, role) == _wanted_sizes(layout, role)


def test_what_replaces_a_flag_is_a_flag_of_the_version(version: str) -> None:
    names = {name for each in sglang_definitions(version) for name in each.names}

    for gone in flag_table(version).others.values():
        assert gone.instead is None or gone.instead.split()[0] in names


DESTINATIONS = {
    "--tp-size": "tp",
    "--disaggregation-mode": "mode",
    "--disaggregation-transfer-backend": "transfer",
    "--cuda-graph-bs": "old_sizes",
    "--cuda-graph-bs-decode": "sizes",
}


def _add(parser: argparse.ArgumentParser, flag: Definition) -> None:
    dest = next((DESTINATIONS[name] for name in flag.names if name in DESTINATIONS), flag.names[0].lstrip("-"))
    if flag.sort == "-":
        parser.add_argument(*flag.names, dest=dest, action="store_true")
        return
    kind = flag.sort.rstrip("?*+")
    many = flag.sort.removeprefix(kind) or None
    parser.add_argument(*flag.names, dest=dest, type=KINDS[kind], nargs=many, choices=flag.choices)


def _graph_sizes(taken: argparse.Namespace, role: Role) -> list[int] | None:
    return None if role is Role.PREFILL else getattr(taken, "sizes", None) or getattr(taken, "old_sizes", None)


def _wanted_sizes(layout: RoleLayout, role: Role) -> list[int] | None:
    return None if role is Role.PREFILL else list(layout.cuda_graph_batch_sizes or ()) or None
