"""The keys that wideep doctor names when a GPU runs out of memory: each value holds, and its numbers are the plan's."""

from __future__ import annotations

import re

import pytest

from tests.support.configs import settings, site
from wideep.memory import worker_memory
from wideep.rules import RoleContext, check
from wideep_cli.doctor.oom import Short, memory_fixes

WIDE = [
    ("wide-32gpu", "decode"),
    ("wide-32gpu", "prefill"),
    ("wide-104gpu", "decode"),
    ("lab-16gpu-singlenode", "decode"),
]


@pytest.mark.parametrize(("preset", "role"), WIDE)
@pytest.mark.parametrize("short", list(Short))
def test_each_proposed_value_is_a_legal_stack(preset: str, role: str, short: Short) -> None:
    fixes = memory_fixes(site(role, preset), short)

    assert fixes
    for fix in fixes:
        changed = settings(layout={"preset": preset, role: keys_of(fix)})
        assert check(changed) == []


@pytest.mark.parametrize(("preset", "role"), WIDE)
def test_what_is_short_outside_the_pool_gets_more_room_there(preset: str, role: str) -> None:
    before = site(role, preset)

    first = memory_fixes(before, Short.OUTSIDE)[0]

    after = changed(before, preset, role, first)
    assert memory_gb(after)[1] >= memory_gb(before)[1] + 5
    assert f"{memory_gb(after)[1]:.1f} GB outside the pool" in first


def test_the_numbers_are_those_of_the_memory_arithmetic() -> None:
    before = site("decode", "wide-32gpu")

    fewer = next(fix for fix in memory_fixes(before, Short.POOL) if "decode.redundantExperts" in fix)

    after = changed(before, "wide-32gpu", "decode", fewer)
    assert fewer.startswith("layout.decode.redundantExperts: 0 leaves ")
    assert f"leaves {memory_gb(after)[0]:.1f} GB (" in fewer


def keys_of(fix: str) -> dict[str, object]:
    """The role's keys in a proposal: ``layout.decode.KEY: VALUE`` or ``layout.decode: KEY: VALUE and KEY: VALUE``."""
    stated = re.split(r" (?:leaves|saves) ", fix)[0]
    body = re.sub(r"^layout\.\w+[.:] ?", "", stated).strip("{}")
    if "[" in body:
        key, values = body.split(": ")
        return {key: [int(value) for value in values.strip("[]").split(", ")]}
    pairs = (part.split(": ") for part in re.split(r", | and ", body))
    return {key: float(value) if "." in value else int(value) for key, value in pairs}


def changed(before: RoleContext, preset: str, role: str, fix: str) -> RoleContext:
    return site(role, preset, **keys_of(fix))


def memory_gb(of: RoleContext) -> tuple[float, float]:
    """GB for the KV cache, and outside the pool."""
    memory = worker_memory(of.model, of.gpu, of.role)
    return memory.kv_cache_gb, memory.headroom_gb
