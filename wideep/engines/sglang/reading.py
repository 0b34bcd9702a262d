"""Conversion of SGLang's launch command to keys of a role: the inverse of ``command``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from wideep.engines.reading import MOST_SHOWN, RoleReading, SaidFlag, read_keys, worker_shape
from wideep.engines.sglang.command import DISPATCH_VARIABLE
from wideep.settings.layout import Role

__all__ = ["role_reading"]

CAPTURED: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Batch sizes assumed for ``--cuda-graph-max-bs``, up to its value; SGLang's own list has more."""
_MOST_CAPTURED: Final = ("--cuda-graph-max-bs", "--cuda-graph-max-bs-decode")
_DRAFTED: Final = "speculative.numDraftTokens"
DISPATCHED: Final = 128
"""Default of ``maxDispatchTokensPerRank``, which is also DeepEP's own."""
_NO_KEY: Final = {
    "--enable-deepep-waterfill": "no key of the stack sets it",
    "--enable-tp-lm-head-all-to-all": "no key of the stack sets it",
    "--disaggregation-prefill-pp": "prefill's pp sets it",
    "--disable-cuda-graph-padding": "no key of the stack sets it",
    "--cuda-graph-config": "write cudaGraphBatchSizes",
    "--enable-beta-spec": "no key of the stack sets it",
}
_SPECULATIVE: Final = {
    "--speculative-algorithm": "algorithm",
    "--speculative-num-steps": "numSteps",
    "--speculative-eagle-topk": "eagleTopk",
    "--speculative-num-draft-tokens": "numDraftTokens",
}


def role_reading(
    role: Role, said: Sequence[SaidFlag], env: Mapping[str, str], gpus_per_node: int, keys: frozenset[str]
) -> RoleReading:
    """Return the keys that a command's flags express. ``keys`` are the keys that own flags.

    Raises ValueError, with the flag's name, for a value that does not match its type.
    """
    reading = read_keys(said, keys, lambda reading, each: _read(reading, role, each))
    if DISPATCH_VARIABLE in env:
        reading.put(DISPATCH_VARIABLE, "maxDispatchTokensPerRank", _whole(DISPATCH_VARIABLE, env[DISPATCH_VARIABLE]))
    _sizes(reading, said, gpus_per_node)
    _graphs_of_dispatch(reading, said)
    return reading


def _read(reading: RoleReading, role: Role, said: SaidFlag) -> None:
    name, owner = said.name, said.flag.owner
    why = next((why for flag, why in _NO_KEY.items() if said.is_any(flag)), None)
    draft = next((key for flag, key in _SPECULATIVE.items() if said.is_any(flag)), None)
    if why:
        reading.left[name] = why
    elif owner == "speculative":
        if draft:
            reading.put(name, f"speculative.{draft}", said.value)
        else:
            reading.left[name] = "use speculative.draftModel, a folder of the cache, and draftGb"
    elif owner == "cudaGraphBatchSizes":
        _graphs(reading, role, said)
    elif said.is_any("--chunked-prefill-size") and said.values and said.values[-1] == "-1":
        reading.left[name] = "-1 (whole prompts) has no key: set chunkedPrefillSize to the longest prompt"
    elif said.is_any("--enable-dp-attention"):
        reading.said_by[name] = "dp"
    elif said.is_any("--enable-deepep-moe"):
        reading.put(name, "moeA2aBackend", "deepep")
    elif said.is_any("--enable-ep-moe"):
        reading.put(name, "ep", 0)
    else:
        reading.put(name, owner, said.value)


def _graphs(reading: RoleReading, role: Role, said: SaidFlag) -> None:
    """Read the captured batch sizes; only decode has the key, in which each of the flags becomes one list."""
    if role is Role.PREFILL:
        reading.left[said.name] = "prefill captures no graphs here"
    elif said.is_any("--disable-cuda-graph", "--disable-decode-cuda-graph"):
        reading.put(said.name, "cudaGraphBatchSizes", [])
    elif said.is_any("--cuda-graph-backend-decode"):
        if said.value == "disabled":
            reading.put(said.name, "cudaGraphBatchSizes", [])
        else:
            reading.left[said.name] = "no key of the stack sets it"
    elif said.is_any(*_MOST_CAPTURED):
        most = said.value
        if isinstance(most, int) and "cudaGraphBatchSizes" not in reading.keys:
            reading.put(said.name, "cudaGraphBatchSizes", sorted({*(size for size in CAPTURED if size < most), most}))
        else:
            reading.said_by[said.name] = "cudaGraphBatchSizes"
    else:
        reading.put(said.name, "cudaGraphBatchSizes", said.value)


def _sizes(reading: RoleReading, said: Sequence[SaidFlag], gpus_per_node: int) -> None:
    """Set the parallel sizes that follow from each other, by SGLang's own defaults."""
    keys, split = reading.keys, any(each.is_any("--enable-dp-attention") for each in said)
    tp, groups = reading.number("tp", 1), reading.number("dp", 1)
    replicas = 1
    if groups > 1 and not split:  # whole copies of the engine behind one server: replicas here
        replicas, groups = groups, 1
    deepep = keys.get("moeA2aBackend") == "deepep"
    ep = tp if deepep or keys.get("ep") == 0 else reading.number("ep", 1)
    named = next((each for each in said if each.is_any("--nnodes") and each.values), None)
    if named:
        reading.said_by[named.name] = "nodes"
    nodes = _whole(named.name, named.values[0]) if named else None
    shape = worker_shape(tp * reading.number("pp", 1), nodes, gpus_per_node)
    sizes: dict[str, object] = {"replicas": replicas, **shape, "tp": tp, "dp": groups, "ep": ep}
    reading.keys = {**sizes, **keys, **sizes}


def _graphs_of_dispatch(reading: RoleReading, said: Sequence[SaidFlag]) -> None:
    """Drop a graph size equal to DeepEP's low-latency limit, since the program sets that size by itself."""
    most = next((each for each in said if each.is_any(*_MOST_CAPTURED)), None)
    tokens, drafted = reading.number("maxDispatchTokensPerRank", DISPATCHED), reading.number(_DRAFTED, 1)
    low_latency = reading.keys.get("moeA2aBackend") == "deepep" and reading.keys.get("deepepMode") == "low_latency"
    listed = any(each.is_any("--cuda-graph-bs", "--cuda-graph-bs-decode") for each in said)
    if most and low_latency and not listed and most.value == tokens // drafted:
        reading.keys.pop("cudaGraphBatchSizes", None)
        reading.said_by[most.name] = "maxDispatchTokensPerRank"


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"{name}: {text[:MOST_SHOWN]} is not a whole number; write the value in place of a variable"
        ) from None
