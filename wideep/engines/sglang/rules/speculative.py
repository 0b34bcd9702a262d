"""Rules for speculative decoding and KV cache pages, from SGLang's checks; the same from 0.5.3.post2 to 0.5.21."""

from __future__ import annotations

from typing import Final

from wideep.errors import Problem
from wideep.rules.role_context import RoleContext
from wideep.settings.layout import Role
from wideep.settings.speculative import SpeculativeAlgorithm

__all__ = [
    "chunk_is_whole_pages",
    "draft_has_a_model",
    "draft_has_a_size",
    "drafts_in_one_stage",
    "drafts_on_plain_attention",
    "drafts_within_dispatch",
    "one_drafted_token_a_step",
    "tree_of_drafts_without_pages",
]

OWN_LAYER: Final = frozenset({SpeculativeAlgorithm.EAGLE, SpeculativeAlgorithm.NEXTN})
"""Algorithms that run the model's own multi-token-prediction layer."""
PLAIN_ATTENTION: Final = frozenset({SpeculativeAlgorithm.STANDALONE, SpeculativeAlgorithm.NGRAM})
"""Algorithms that ``ServerArgs._handle_speculative_decoding`` refuses with DP attention."""


def draft_has_a_model(site: RoleContext) -> Problem | None:
    """Require a source of drafts: the model's own draft layer, or a separate draft model."""
    drafting = site.role.speculative
    if drafting is None or not drafting.drafts or drafting.draft_model or _own_layer(site):
        return None
    rule = f"{site.model.name} has no draft layer for {drafting.algorithm} (model.draftLayers)"
    fix = "use speculative.draftModel, a folder of the model cache, and speculative.draftGb"
    return site.problem("speculative.draftModel", "not set", rule, fix)


def draft_has_a_size(site: RoleContext) -> Problem | None:
    """Require the size of a draft model, whose weights and cache are on each GPU outside the pool."""
    drafting = site.role.speculative
    if drafting is None or not drafting.draft_model or drafting.draft_gb or _own_layer(site):
        return None
    rule = f"how much of each GPU {drafting.draft_model} takes is not known, and the plan has to leave room for it"
    fix = "set speculative.draftGb: the GB of its weights on a GPU, and of its KV cache"
    return site.problem("speculative.draftGb", "not set", rule, fix)


def one_drafted_token_a_step(site: RoleContext) -> Problem | None:
    """Require numSteps + 1 draft tokens with one branch: the engine verifies that many, whatever is set."""
    drafting = site.role.speculative
    if drafting is None or not drafting.drafts or drafting.eagle_topk > 1:
        return None
    if drafting.num_draft_tokens == drafting.num_steps + 1:
        return None
    rule = f"with eagleTopk 1, the engine checks numSteps + 1 = {drafting.num_steps + 1} tokens"
    fix = f"set numDraftTokens: {drafting.num_steps + 1}"
    return site.problem("speculative.numDraftTokens", drafting.num_draft_tokens, rule, fix)


def tree_of_drafts_without_pages(site: RoleContext) -> Problem | None:
    """Require pages of one token with several branches: in a shared page they overwrite each other's tokens."""
    drafting, page = site.role.speculative, site.role.page_size or 1
    if drafting is None or drafting.eagle_topk == 1 or page == 1:
        return None
    rule = f"with eagleTopk {drafting.eagle_topk} SGLang supports pages of one token only"
    return site.problem("pageSize", page, rule, "set pageSize: 1, or speculative.eagleTopk: 1")


def drafts_on_plain_attention(site: RoleContext) -> Problem | None:
    """Refuse STANDALONE and NGRAM with DP attention, for which SGLang supports neither."""
    drafting = site.role.speculative
    if drafting is None or drafting.algorithm not in PLAIN_ATTENTION or site.role.dp == 1:
        return None
    rule = f"{site.engine.release} supports {drafting.algorithm} only without DP attention, and dp is {site.role.dp}"
    return site.problem("speculative.algorithm", drafting.algorithm, rule, "set algorithm: EAGLE, or dp: 1")


def drafts_in_one_stage(site: RoleContext) -> Problem | None:
    """Refuse speculative decoding in pipeline stages, as ``ServerArgs.check_server_args`` asserts."""
    if site.role.speculative is None or site.role.pp == 1:
        return None
    rule = f"{site.engine.release} has no speculative decoding in stages, and pp is {site.role.pp}"
    return site.problem("speculative", "set", rule, "remove speculative, or set pp: 1")


def drafts_within_dispatch(site: RoleContext) -> Problem | None:
    """Require that a request's drafted tokens, dispatched together for verification, fit in DeepEP's limit."""
    role = site.role
    tokens, limit = role.tokens_per_request, role.max_dispatch_tokens_per_rank
    if site.name is not Role.DECODE or not role.low_latency or tokens <= limit:
        return None
    rule = f"each request dispatches {tokens} tokens a step, and a rank may dispatch {limit}"
    return site.problem("maxDispatchTokensPerRank", limit, rule, f"set maxDispatchTokensPerRank: {tokens} or more")


def chunk_is_whole_pages(site: RoleContext) -> Problem | None:
    """Require whole pages in a group's share of a prefill chunk, as ``ServerArgs.check_server_args`` asserts."""
    role, page = site.role, site.role.page_size or 1
    share = site.prefill_chunk // role.dp
    if site.name is not Role.PREFILL or share % page == 0:
        return None
    rule = f"each of {role.dp} attention groups computes {share} tokens of a prompt in a step, not a multiple of {page}"
    whole = max(1, round(share / page)) * page * role.dp
    return site.problem("pageSize", page, rule, f"set chunkedPrefillSize: {whole}, or a pageSize that divides {share}")


def _own_layer(site: RoleContext) -> bool:
    drafting = site.role.speculative
    return drafting is not None and drafting.algorithm in OWN_LAYER and site.model.draft_layers > 0
