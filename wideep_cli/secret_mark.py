"""How Pulumi marks a secret in states, plans and event logs (``resource.SigKey`` and ``SecretSig`` of its SDK)."""

from __future__ import annotations

from typing import Final

__all__ = ["SECRET", "SIGNATURE"]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks a mapping as a secret, an asset or the like."""
SECRET: Final = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
