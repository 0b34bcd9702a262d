"""What the program knows of the flags of Dynamo's worker for TensorRT-LLM is what its wheels define.

TensorRT-LLM itself is no wheel that pip gets: its YAML's keys are held to a list (``wideep.engines.trtllm.keys``).
"""

from __future__ import annotations

import functools

import pytest

from tests.wheels.definitions import Definition
from tests.wheels.download import NoWheelError, wheel_of
from tests.wheels.dynamo import TRTLLM_RELEASES, read_dynamo_wheel
from wideep.catalog import PRESETS
from wideep.engines.parser import read_flags
from wideep.engines.trtllm.command import metrics_args, worker_args
from wideep.engines.trtllm.parser import FILE, VERSIONS
from wideep.settings.layout import Preset, Role

pytestmark = [pytest.mark.wheels, pytest.mark.parametrize("version", VERSIONS)]


@functools.cache
def definitions(version: str) -> tuple[Definition, ...]:
    """The flags of the worker whose release pairs with a version."""
    try:
        return read_dynamo_wheel(wheel_of("ai-dynamo", TRTLLM_RELEASES[version]), "trtllm")
    except NoWheelError as missing:
        pytest.skip(str(missing))


def test_the_flags_are_those_of_the_wheels(version: str) -> None:
    told = {(flag.names, flag.sort) for flag in read_flags(FILE, version)}

    assert told == {(each.names, each.sort) for each in definitions(version)}


@pytest.mark.parametrize("role", Role)
def test_the_worker_of_each_version_takes_the_flags_of_every_preset(version: str, role: Role) -> None:
    known = {name for each in definitions(version) for name in each.names}
    for preset in Preset:
        layout = PRESETS[preset][role].model_copy(update={"page_size": 64})
        args = worker_args(role, layout, "m", "/model-cache/m", metrics_args(version))

        assert {word for word in args if word.startswith("--")} <= known
