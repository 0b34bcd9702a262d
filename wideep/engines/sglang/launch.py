"""How SGLang is started by hand, and by Dynamo up to 0.6 and from 0.7 on."""

from __future__ import annotations

from typing import Final

from wideep.engines.launches import Launch
from wideep.settings.backend import Backend
from wideep.settings.layout import Role

__all__ = ["LAUNCH"]

LAUNCH: Final = Launch(
    backend=Backend.SGLANG,
    modules=("sglang.launch_server", "dynamo.sglang", "dynamo.sglang.worker", "dynamo.sglang.decode_worker"),
    program="sglang",
    images=(),
    mode_flags=("--disaggregation-mode", "--disaggregation_mode"),
    role_words={"dynamo.sglang.decode_worker": Role.DECODE},
)
