"""GPUs that fall short of the data sheet, or of other GPUs of the same name.

The floors (``wideep.settings.burnin``) leave room for boards and cooling: under load, four healthy H100 of 700 W
reached 0.90 of the data sheet's memory bandwidth, 0.67 to 0.73 of its bf16 and 0.65 to 0.68 of its FP8, limited by
their power, and were within 2 % of their median (docs/burnin.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Final

from wideep.burnin.figures import GpuFigure, GpuState, Load, Measured
from wideep.burnin.units import NAMES, rate
from wideep.burnin.verdict import Verdict, under
from wideep.gpus.spec import GpuSpec, Peaks
from wideep.settings.burnin import Floor
from wideep.text import some_of

__all__ = ["STRAGGLER", "gpu_verdicts", "slow_gpus"]

STRAGGLER: Final = 0.05
"""Share by which a straggler is below the median of GPUs of the same name."""
THROTTLED: Final = {
    0x8: "hardware slowdown",
    0x20: "too hot (software)",
    0x40: "too hot (hardware)",
    0x80: "power brake",
}
"""Bits of NVML's clock event reasons that a healthy GPU does not show under load; it does show 0x4, its power limit."""

Place = tuple[str, int]


def gpu_verdicts(measured: Measured, spec: GpuSpec, floor: Floor) -> Iterator[Verdict]:
    """Yield one verdict for each GPU that falls short, with all reasons."""
    facts: dict[Place, list[str]] = defaultdict(list)
    for found in (_slow(measured), _low(measured, spec.peaks, floor), _odd_results(measured), _states(measured, spec)):
        for place, fact in found:
            facts[place].append(fact)
    for (node, gpu), told in sorted(facts.items()):
        step = f"Cordon {node}, see what else runs there (nvidia-smi) and what the driver logged (dmesg, Xid)."
        yield Verdict(node, f"{node} GPU {gpu}: {'; '.join(told)}. {step}", gpu)


def slow_gpus(measured: Measured) -> set[Place]:
    """Return the GPUs that are slower than others of the same name."""
    return {place for place, _, _ in _stragglers(measured)}


def _names(measured: Measured) -> dict[Place, str]:
    return {(state.node, state.gpu): state.name for state in measured.of(GpuState)}


def _slow(measured: Measured) -> Iterator[tuple[Place, str]]:
    for place, _, fact in _stragglers(measured):
        yield place, fact


def _stragglers(measured: Measured) -> Iterator[tuple[Place, str, str]]:
    """Yield place, kind and fact of each figure below the median of GPUs of the same name on all nodes."""
    names = _names(measured)
    alike: dict[tuple[str, str], list[GpuFigure]] = defaultdict(list)
    for figure in measured.of(GpuFigure):
        alike[figure.what, names.get((figure.node, figure.gpu), "")].append(figure)
    for (what, _), figures in alike.items():
        middle = median(figure.value for figure in figures)
        for figure in figures:
            if figure.value < middle * (1 - STRAGGLER):
                place = (figure.node, figure.gpu)
                fact = f"{NAMES[what]} {rate(what, figure.value)}, {under(figure.value, middle)} under the median"
                yield place, what, f"{fact} of {len(figures)} ({rate(what, middle)})"


def _low(measured: Measured, peaks: Peaks | None, floor: Floor) -> Iterator[tuple[Place, str]]:
    """Yield GPUs whose figures are below the data sheet's floor, except those already reported as stragglers."""
    if peaks is None:
        return
    slow = {(place, what) for place, what, _ in _stragglers(measured)}
    sheet = {"memory": peaks.hbm, "bf16": peaks.bf16, "fp8": peaks.fp8}
    shares = {"memory": floor.memory, "bf16": floor.bf16, "fp8": floor.fp8}
    for figure in measured.of(GpuFigure):
        peak = sheet.get(figure.what)
        told = ((figure.node, figure.gpu), figure.what) in slow
        if peak and not told and figure.value < shares[figure.what] * peak:
            fact = f"{NAMES[figure.what]} {rate(figure.what, figure.value)}, {figure.value / peak:.2f} of the sheet"
            yield (figure.node, figure.gpu), f"{fact} where {shares[figure.what]:g} is the least"


def _odd_results(measured: Measured) -> Iterator[tuple[Place, str]]:
    """Yield GPUs with wrong results: the same product of the same matrices has the same bits on identical GPUs, and
    every time."""
    names = _names(measured)
    digests: dict[str, Counter[int]] = defaultdict(Counter)
    figures = [figure for figure in measured.of(GpuFigure) if figure.digest is not None]
    for figure in figures:
        digests[names.get((figure.node, figure.gpu), "")][figure.digest or 0] += 1
    for figure in figures:
        place = (figure.node, figure.gpu)
        counted = digests[names.get(place, "")]
        usual, times = counted.most_common(1)[0]
        if not figure.stable:
            yield place, "computes the same product twice with different bits"
        elif figure.digest != usual and times > counted.total() / 2:
            yield place, f"computes a different product than {times} identical GPUs, from the same numbers"


def _states(measured: Measured, spec: GpuSpec) -> Iterator[tuple[Place, str]]:
    """Yield GPUs for which nvidia-smi reports something wrong, before or under load."""
    states = measured.of(GpuState)
    limits = Counter(state.watts_limit for state in states)
    usual = limits.most_common(1)[0][0] if limits else None
    for state in states:
        place = (state.node, state.gpu)
        if state.name and not spec.is_product(state.name.replace(" ", "-")):
            yield place, f"is a {state.name}, and the stack is planned for another GPU (hardware.gpu)"
        if state.nvlinks < state.nvlinks_in_all:
            yield place, f"{state.nvlinks} of {state.nvlinks_in_all} NVLinks are active (nvidia-smi nvlink -s)"
        if state.watts_limit and usual and state.watts_limit < usual:
            yield place, f"its power limit is {state.watts_limit:.0f} W where others have {usual:.0f} W (nvidia-smi -q)"
    for load in measured.of(Load):
        place = (load.node, load.gpu)
        reasons = [text for bit, text in THROTTLED.items() if load.reasons & bit]
        if reasons:
            evidence = f"{load.temperature:.0f} °C, {load.watts:.0f} W, {load.sm_mhz or 0:.0f} MHz"
            yield place, f"throttled under load: {some_of(reasons)} ({evidence})"
        if load.ecc_uncorrected:
            yield place, f"{load.ecc_uncorrected:.0f} uncorrected ECC errors since the driver started"
