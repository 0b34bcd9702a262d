"""Whatever a message of memory says to write is a stack that the plan accepts.

The words of the message are applied as a person would: ``KEY: VALUE`` pairs under the role that it names, and
``hardware.nodes``. ``HYPOTHESIS_PROFILE=thorough`` runs 10,000 examples (tests/support/examples.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

from tests.support.configs import EXAMPLE, broken, settings
from tests.support.examples import examples
from wideep.errors import Problem
from wideep.rules import check, warnings
from wideep.rules.fit import OTHERWISE, fits
from wideep.rules.registry import sites
from wideep.rules.remedies import LEAST_GAIN_GB, for_cache, for_outside
from wideep.settings.layout import Role
from wideep.settings.planner import PLANNER
from wideep_cli.doctor.oom import Short, memory_fixes

R1, KIMI = "deepseek-ai/DeepSeek-R1", "moonshotai/Kimi-K2-Instruct"
OFTEN = examples(25, tuple(HealthCheck))
"""Fewer examples than elsewhere, since each is many stacks. Those that have nothing to tell of memory are left out."""
MEMORY = ("weights are", "DeepEP's buffers", "stay outside the pool")
"""How the rules of a problem of memory begin, or go on after a number."""
BETWEEN: tuple[dict[str, object], ...] = (
    {"modelCache": {"size": "2Ti", "accessMode": "ReadWriteOnce"}},
    {"name": "n" * 30},
    {"platform": {"values": {"grove": {"enabled": False}}}},
)
"""Keys that refuse workers of several pods or on several nodes."""
PAIR = re.compile(r"(\w+): (\[[^\]]*\]|[\w.]+)")


@st.composite
def stacks(draw: st.DrawFn) -> dict[str, object]:
    """Two roles whose sizes divide, often too large for their GPUs in one way or another."""
    roles: dict[str, object] = {}
    for name in Role:
        gpus = draw(st.sampled_from([2, 4, 8, 16, 24, 32]))
        deepep = draw(st.booleans()) and gpus > 2
        wide = deepep or draw(st.booleans())
        ep = gpus if wide else 1
        role = {
            "replicas": 1,
            "nodes": max(1, gpus // 8),
            "gpusPerNode": min(gpus, 8),
            "tp": gpus,
            "dp": gpus if wide else 1,
            "ep": ep,
            "redundantExperts": -256 % ep + ep * draw(st.integers(0, 5)) if deepep else -256 % ep,
            "memFractionStatic": draw(st.sampled_from([0.5, 0.7, 0.8, 0.82, 0.87, 0.9, 0.94])),
        }
        if deepep:
            role |= {"moeA2aBackend": "deepep", "moeDenseTp": 1, "dpLmHead": draw(st.booleans())}
            role |= {"deepepMode": "normal" if name is Role.PREFILL else "low_latency"}
            role |= {"maxDispatchTokensPerRank": draw(st.sampled_from([32, 128, 512, 1024]))}
        if name is Role.PREFILL and draw(st.booleans()):
            role["chunkedPrefillSize"] = gpus * draw(st.sampled_from([1024, 8192, 32768, 65536]))
        roles[name] = role
    gpu = draw(st.sampled_from(["H100-80", "H200", "B200"]))
    return {
        "layout": roles,
        "model": draw(st.sampled_from([R1, R1, KIMI])),
        "hardware": {"gpu": gpu, "nodes": draw(st.integers(2, 9)), "gpusPerNode": 8, "interconnect": "infiniband"},
        "modelCache": {"size": "2Ti", "accessMode": "ReadWriteMany"},
        **draw(st.sampled_from([{}, {}, *BETWEEN])),
    }


def of_memory(problem: Problem) -> bool:
    """It tells of memory, and what to change about it."""
    return any(words in problem.rule for words in MEMORY)


def ways(problem: Problem) -> Iterator[str]:
    """Each change that a message offers."""
    for line in problem.fix.splitlines():
        yield re.split(r", which leaves|: [\d.]+ GB of weights| leaves ", line.removeprefix("or "))[0]


def applied(stack: dict[str, object], role: str, way: str) -> dict[str, object]:
    """The stack with the change made."""
    changed = json.loads(json.dumps(stack))
    of_role, *besides = re.split(r"\)? and ", way)
    for key, value in PAIR.findall(of_role):
        changed["layout"].setdefault(role, {})[key] = yaml.safe_load(value)
    for change in besides:
        outside(changed, change)
    return changed


def outside(stack: dict[str, Any], change: str) -> None:
    """Make one change outside the role."""
    if change.startswith("hardware.nodes: "):
        stack["hardware"]["nodes"] = int(change.split()[1])
    elif change.startswith("modelCache.accessMode: "):
        stack["modelCache"]["accessMode"] = change.split()[1]
    elif change.startswith("a name of "):
        stack["name"] = stack["name"][: int(change.split()[3])]
    else:
        assert change == "platform.values.grove.enabled removed"
        del stack["platform"]["values"]["grove"]["enabled"]


def still_wrong(stack: dict[str, object], role: str, before: dict[str, object]) -> dict[str, str]:
    """What is refused of a role, or of the stack that was not before; and what is warned of in the role's memory."""
    parsed = settings(**stack)
    old = {problem.key for problem in check(settings(**before)) if not problem.key.startswith(f"layout.{role}.")}
    found = {problem.key: str(problem) for problem in check(parsed) if problem.key not in old}
    tight = {p.key: str(p) for p in warnings(parsed) if p.key.startswith(f"layout.{role}.") and of_memory(p)}
    return found | tight


@OFTEN
@given(stacks())
def test_every_remedy_of_a_refusal_or_a_warning_is_a_stack_that_the_plan_accepts(stack: dict[str, object]) -> None:
    parsed = settings(**stack)
    refused = check(parsed)
    assume(not any(problem.key == "hardware.nodes" for problem in refused))
    told = [problem for problem in (*refused, *([] if refused else warnings(parsed))) if of_memory(problem)]
    assume(told)
    for problem in told:
        role = problem.key.split(".")[1]
        for way in ways(problem):
            if PAIR.search(way):
                assert still_wrong(applied(stack, role, way), role, stack) == {}, f"{problem}\n{way}"


@OFTEN
@given(stacks())
def test_what_plan_and_doctor_offer_for_more_memory_is_accepted_and_gives_it(stack: dict[str, object]) -> None:
    parsed = settings(**stack)
    assume(all(fits(site) for site in sites(parsed)) and not check(parsed))
    for site in sites(parsed):
        for offered in (for_cache(site, LEAST_GAIN_GB), for_outside(site, LEAST_GAIN_GB)):
            for remedy in offered:
                assert still_wrong(applied(stack, site.name, remedy.stated), site.name, stack) == {}, remedy.stated
        for short in Short:
            for fix in memory_fixes(site, short):
                if OTHERWISE not in fix:
                    keys = fix.split(" leaves ")[0].replace(f"layout.{site.name}", "")
                    assert still_wrong(applied(stack, site.name, keys.lstrip(".: ")), site.name, stack) == {}, fix


def test_a_refusal_that_nothing_mends_says_so() -> None:
    one = {"replicas": 1, "nodes": 1, "gpusPerNode": 1, "tp": 1, "dp": 1, "ep": 1}
    huge = EXAMPLE | {"name": "example/huge", "expertWidth": 65536, "hiddenSize": 65536, "layers": 100}
    message = broken({"prefill": one, "decode": one}, model=huge, modelCache={"size": "1Pi"})
    assert message["layout.decode.gpusPerNode"].endswith(OTHERWISE)


@pytest.mark.parametrize("redundant", [0, 32, 64])
def test_the_remedy_of_more_gpus_brings_the_nodes_that_the_stack_lacks(redundant: int) -> None:
    role = {"nodes": 1, "tp": 8, "dp": 8, "ep": 8, "redundantExperts": redundant}
    few = {"gpu": "H100-80", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}
    layout = {"preset": "wide-32gpu", "prefill": {"redundantExperts": 0, "eplb": {"enabled": False}}, "decode": role}
    message = broken(layout, hardware=few)
    assert all("and hardware.nodes:" in text or "nodes: 2" in text for text in message.values())


TWENTY_HEADS = EXAMPLE | {
    "layers": 60,
    "expertWidth": 7680,
    "attention": {"kind": "gqa", "heads": 20, "kvHeads": 4, "headDim": 128},
}
DEEPEP = {"moeA2aBackend": "deepep", "deepepMode": "low_latency"}
H100_16 = {"gpu": "H100-80", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}


@pytest.mark.parametrize("between", BETWEEN)
def test_a_key_outside_the_role_that_refuses_more_gpus_is_a_part_of_the_remedy(between: dict[str, object]) -> None:
    stack = {"layout": {"preset": "lab-8gpu"}, "hardware": H100_16, **between}
    (problem,) = (each for each in check(settings(**stack)) if each.key == "layout.prefill.gpusPerNode")
    (way,) = ways(problem)
    assert way.startswith("use 16 H100-80 a worker (")
    assert still_wrong(applied(stack, "prefill", way), "prefill", stack) == {}
    kept = applied(stack, "prefill", way) | between
    assert still_wrong(kept, "prefill", stack)


def test_planned_workers_get_the_nodes_for_one_more_of_them() -> None:
    prefill = {"replicas": {"managedBy": PLANNER, "initial": 1}}
    stack = {
        "layout": {"preset": "lab-8gpu", "prefill": prefill},
        "hardware": H100_16,
        "platform": {"version": "1.6.0"},
        "image": {"source": "published"},
        "planner": {"enabled": True, "prometheus": "http://prometheus:9090"},
    }
    (problem,) = (each for each in check(settings(**stack)) if each.key == "layout.prefill.gpusPerNode")
    assert "and hardware.nodes: 5:" in problem.fix
    (way,) = ways(problem)
    assert still_wrong(applied(stack, "prefill", way), "prefill", stack) == {}


@pytest.mark.parametrize(
    ("role", "changes", "stack", "further"),
    [
        ("prefill", {"memFractionStatic": 0.94}, {}, "memFractionStatic: 0.8"),
        ("decode", {"maxRunningRequests": 4}, {}, "maxRunningRequests: 16"),
        ("prefill", {}, {"model": KIMI}, "moeA2aBackend: deepep, deepepMode: normal, moeDenseTp: 1"),
        ("prefill", {"ep": 1}, {"model": "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8"}, "ep: 8"),
        ("prefill", {}, {"model": TWENTY_HEADS}, "dp: 8"),
        ("decode", DEEPEP | {"deepepMode": "auto"}, {"hardware": H100_16 | {"gpusPerNode": 4}}, "low_latency"),
        ("decode", DEEPEP | {"maxDispatchTokensPerRank": 1024}, {}, "maxDispatchTokensPerRank: "),
        ("decode", DEEPEP, {"hardware": H100_16 | {"interconnect": "ethernet"}}, "moeA2aBackend: none"),
    ],
)
def test_another_key_of_the_role_that_refuses_more_gpus_is_too(
    role: str, changes: dict[str, object], stack: dict[str, object], further: str
) -> None:
    cache = {"size": "2Ti", "accessMode": "ReadWriteMany"}
    whole = {"layout": {"preset": "lab-8gpu", role: changes}, "hardware": H100_16, "modelCache": cache, **stack}
    (problem,) = (each for each in check(settings(**whole)) if each.key == f"layout.{role}.gpusPerNode")
    (way,) = ways(problem)
    assert further in way
    assert still_wrong(applied(whole, role, way), role, whole) == {}


def test_fewer_dispatched_tokens_bring_the_requests_down_with_them() -> None:
    decode = {"maxDispatchTokensPerRank": 1024, "memFractionStatic": 0.9, "maxRunningRequests": 16 * 1024}
    stack: dict[str, object] = {"layout": {"preset": "wide-32gpu", "decode": decode}}
    (problem,) = (each for each in check(settings(**stack)) if of_memory(each))
    smaller = next(way for way in ways(problem) if "set maxDispatchTokensPerRank: " in way)
    assert "maxRunningRequests: " in smaller
    assert still_wrong(applied(stack, "decode", smaller), "decode", stack) == {}
