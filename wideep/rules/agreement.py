"""Keys that must have the same value in both roles, because decode takes over prefill's KV cache as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wideep.errors import Problem
from wideep.settings.layout import KvCacheDtype, RoleLayout
from wideep.settings.root import Settings
from wideep.settings.speculative import SpeculativeAlgorithm

__all__ = ["agreement_problems"]


def agreement_problems(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each such key whose value in decode differs from prefill's."""
    prefill, decode = settings.layout.prefill, settings.layout.decode
    for key, (value, why) in _ALIKE.items():
        ours, theirs = value(decode), value(prefill)
        if ours != theirs:
            rule = f"layout.prefill.{key} is {theirs}, and {why}"
            yield Problem(f"layout.decode.{key}", ours, rule, f"use the same {key} in both roles")


def _drafts(role: RoleLayout) -> str:
    drafting = role.speculative
    if drafting is None or not drafting.drafts:
        return "no draft model"
    one = {SpeculativeAlgorithm.NEXTN: SpeculativeAlgorithm.EAGLE}
    own = "the model's own layer"
    return f"{one.get(drafting.algorithm, drafting.algorithm)} with {drafting.draft_model or own}"


_ALIKE: Final[Mapping[str, tuple[Callable[[RoleLayout], str], str]]] = {
    "kvCacheDtype": (
        lambda role: str(role.kv_cache_dtype or KvCacheDtype.AUTO),
        "decode reads the cache that prefill wrote, byte for byte",
    ),
    "pageSize": (
        lambda role: str(role.page_size or 1),
        "the cache is sent page by page",
    ),
    "speculative": (
        _drafts,
        "prefill sends the draft model's cache along with the model's, layer by layer",
    ),
}
