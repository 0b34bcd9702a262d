"""``layout.ROLE.speculative``: a small model drafts tokens, and the large one checks several of them in one step."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from wideep.settings.base import SettingsModel

__all__ = ["Speculative", "SpeculativeAlgorithm"]


class SpeculativeAlgorithm(StrEnum):
    """SGLang's ``--speculative-algorithm``: NEXTN is EAGLE with a model's own multi-token-prediction layer."""

    EAGLE = "EAGLE"
    EAGLE3 = "EAGLE3"
    NEXTN = "NEXTN"
    STANDALONE = "STANDALONE"
    NGRAM = "NGRAM"


class Speculative(SettingsModel):
    """Speculative decoding. DeepSeek and GLM-4.5 include their draft layer; other models need ``draftModel``.

    The draft's weights and KV cache are outside the pool: the engine loads them after it has sized the pool.
    """

    algorithm: SpeculativeAlgorithm
    """What drafts: EAGLE or NEXTN, EAGLE3, STANDALONE (a whole model), or NGRAM (the prompt itself; no draft model)."""
    num_steps: Annotated[int, Field(ge=1, le=64)] = 1
    """Steps of the draft model before each check."""
    eagle_topk: Annotated[int, Field(ge=1, le=64)] = 1
    """Tokens drafted at each step."""
    num_draft_tokens: Annotated[int, Field(ge=1, le=256)] = 2
    """Tokens that are checked in one step. With ``eagleTopk: 1``, numSteps + 1."""
    draft_model: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """A folder of the model cache with the draft model. None: the layer that the model includes."""
    draft_gb: Annotated[float, Field(gt=0, le=1000)] | None = None
    """GB of ``draftModel`` on each GPU, with its KV cache. Required with ``draftModel``, whose size is not known
    here."""

    @property
    def drafts(self) -> bool:
        """Whether a draft model runs."""
        return self.algorithm is not SpeculativeAlgorithm.NGRAM
