"""Conversion of vLLM's launch command to keys of a role: the inverse of ``command``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from wideep.engines.reading import MOST_SHOWN, RoleReading, SaidFlag, json_object, read_keys, worker_shape
from wideep.engines.vllm.command import ALL_TO_ALL
from wideep.settings.layout import Role

__all__ = ["role_reading"]

DISPATCH_VARIABLE: Final = "VLLM_MOE_DP_CHUNK_SIZE"
ALL_TO_ALL_VARIABLE: Final = "VLLM_ALL2ALL_BACKEND"
"""Variable of older vLLM; newer versions have the flag ``--all2all-backend``."""
UTILIZATION: Final = 0.92
"""``--gpu-memory-utilization`` of a command that does not set it (``CacheConfig`` of vLLM 0.31)."""
_BALANCER: Final = {"num_redundant_experts": "redundantExperts", "step_interval": "eplb.rebalanceIterations"}
_COUNT: Final = re.compile(r"(\d{1,12}(?:\.\d{1,12}(?=.))?)([kmgKMG]?)", re.ASCII)
_COUNTS: Final = ("contextLength", "chunkedPrefillSize", "maxRunningRequests")
"""Whole-number keys whose flags vLLM's parser takes as text, in one version or another."""
_FITTED: Final = ("auto", "-1")
"""Values of ``--max-model-len`` that mean as long as the cache has room for."""
_PER_GROUP: Final = ("chunkedPrefillSize", "maxRunningRequests")
"""Keys that count for all attention groups together, whereas vLLM's flag counts for one group."""


def role_reading(
    role: Role, said: Sequence[SaidFlag], env: Mapping[str, str], gpus_per_node: int, keys: frozenset[str]
) -> RoleReading:
    """Return the keys that a command's flags express. ``keys`` are the keys that own flags.

    Raises ValueError, with the flag's name, for a value that does not match its type.
    """
    reading = read_keys(said, keys, lambda reading, each: _read(reading, role, each))
    if "moeA2aBackend" not in reading.keys and ALL_TO_ALL_VARIABLE in env:
        _all_to_all(reading, ALL_TO_ALL_VARIABLE, env[ALL_TO_ALL_VARIABLE])
    if re.fullmatch(r"[0-9]{1,12}", env.get(DISPATCH_VARIABLE, "")):
        reading.put(DISPATCH_VARIABLE, "maxDispatchTokensPerRank", int(env[DISPATCH_VARIABLE]))
    _sizes(reading, role, said, gpus_per_node)
    reading.keys.setdefault("memFractionStatic", UTILIZATION)
    return reading


def _read(reading: RoleReading, role: Role, said: SaidFlag) -> None:
    name, owner = said.name, said.flag.owner
    if said.is_any("--eplb-config"):
        _balancer(reading, said)
    elif said.is_any("--all2all-backend"):
        _all_to_all(reading, name, str(said.value))
    elif said.is_any("--enforce-eager"):
        reading.put(name, "cudaGraphBatchSizes", [])
    elif said.is_any("--max-cudagraph-capture-size") or (owner == "cudaGraphBatchSizes" and role is Role.PREFILL):
        reading.left[name] = "write cudaGraphBatchSizes, at decode"
    elif owner == "speculative" or said.is_any("--ubatch-size"):
        reading.left[name] = "no key of the stack sets it"
    elif owner == "contextLength" and said.values and said.values[-1] in _FITTED:
        reading.left[name] = "set contextLength: the plan counts with a number"
    else:
        value = said.value
        reading.put(name, owner, _count(value) if isinstance(value, str) and owner in _COUNTS else value)


def _all_to_all(reading: RoleReading, name: str, backend: str) -> None:
    modes = {backend: mode for mode, backend in ALL_TO_ALL.items()}
    if backend in modes:
        reading.put(name, "moeA2aBackend", "deepep")
        reading.keys["deepepMode"] = str(modes[backend])
    else:
        reading.left[name] = "of the all-to-all backends, only DeepEP has a key"


def _count(text: str) -> int:
    """Return a count as vLLM parses it: ``16384``, ``16k`` with a factor of 1000, ``16K`` of 1024
    (``human_readable_int``).

    Raises ValueError for any other text.
    """
    found = _COUNT.fullmatch(text)
    if not found:
        raise ValueError(f"no number: {text[:MOST_SHOWN]!r}")
    units = {"k": 1000, "m": 1000**2, "g": 1000**3, "K": 1024, "M": 1024**2, "G": 1024**3}
    return int(float(found[1]) * units[found[2]]) if found[2] else int(found[1])


def _balancer(reading: RoleReading, said: SaidFlag) -> None:
    """Read EPLB's JSON object, or one dotted field of it: two fields are keys, the others become dotted flags."""
    dotted, value = said.words[0].partition("=")[0].partition(".")[2], said.values[0] if said.values else ""
    for field, each in ({dotted: _member(value)} if dotted else json_object(value)).items():
        if field in _BALANCER:
            reading.put(said.name, _BALANCER[field], each)
        else:
            reading.extra += [f"{said.name}.{field}", each if isinstance(each, str) else json.dumps(each)]
            reading.passed.add(said.name)


def _member(text: str) -> object:
    """Return a text of digits as a number, any other as it is."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else text


def _sizes(reading: RoleReading, role: Role, said: Sequence[SaidFlag], gpus_per_node: int) -> None:
    """Set SGLang's sizes: a tensor-parallel group is an attention group, and experts are spread over all groups."""
    keys = reading.keys
    group, groups = reading.number("tp", 1), reading.number("dp", 1)
    named = next((each for each in said if each.is_any("--data-parallel-size-local")), None)
    local = named.value if named and named.values else None
    nodes = -(-groups // local) if isinstance(local, int) and local > 0 else None
    if named and nodes:
        reading.said_by[named.name] = "nodes"
    tp = group * groups
    for key in _PER_GROUP:
        if key in keys:
            keys[key] = reading.number(key, 0) * groups
    if role is Role.DECODE and keys.get("deepepMode") == "low_latency" and "chunkedPrefillSize" in keys:
        keys["maxDispatchTokensPerRank"] = reading.number("chunkedPrefillSize", 0) // groups
        del keys["chunkedPrefillSize"]
        reading.said_by = {
            flag: "maxDispatchTokensPerRank" if key == "chunkedPrefillSize" else key
            for flag, key in reading.said_by.items()
        }
    shape = worker_shape(tp, nodes, gpus_per_node)
    sizes: dict[str, object] = {"replicas": 1, **shape, "tp": tp, "dp": groups, "ep": tp if keys.get("ep") else 1}
    reading.keys = {**sizes, **keys, **sizes}
