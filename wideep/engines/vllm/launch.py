"""How vLLM is started by hand, and by Dynamo."""

from __future__ import annotations

from typing import Final

from wideep.engines.launches import Launch
from wideep.settings.backend import Backend
from wideep.settings.layout import Role

__all__ = ["LAUNCH"]

LAUNCH: Final = Launch(
    backend=Backend.VLLM,
    modules=("vllm.entrypoints.openai.api_server", "dynamo.vllm"),
    program="vllm",
    images=("vllm-openai",),
    mode_flags=("--disaggregation-mode",),
    role_words={"--is-prefill-worker": Role.PREFILL, "--is-decode-worker": Role.DECODE},
)
