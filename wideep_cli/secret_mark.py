"""How Pulumi marks a value as a secret, in states, plans and event logs (its SDK's resource.SigKey and SecretSig)."""

from __future__ import annotations

from typing import Final

__all__ = ["SECRET", "SIGNATURE"]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key of the mapping that stands for a secret, an asset or the like."""
SECRET: Final = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
