"""The whole stack config, parsed and refused early.

``parse`` is the only door: it takes the config as it was written (keys without the project's prefix) and gives frozen
Settings, or a ConfigError with every mistake at once.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from wideep.settings.base import SettingsModel
from wideep.settings.hardware import Hardware
from wideep.settings.image import Image
from wideep.settings.layout import Layout
from wideep.settings.services import Frontend, ModelCache, Monitoring, Platform

__all__ = ["Settings"]

DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class Settings(SettingsModel):
    """A stack config as a person wrote it. What follows from it is the Plan (``wideep.plan``)."""

    namespace: DnsLabel
    model: str
    hardware: Hardware
    layout: Layout
    image: Image
    hf_token: SecretStr | None = None
    """The Hugging Face token. Held only to be checked; what reaches the cluster is the Pulumi secret."""
    hf_token_secret: DnsLabel | None = None
    """A Secret of the namespace that exists, with the key HF_TOKEN."""
    model_cache: ModelCache
    platform: Platform = Platform()
    frontend: Frontend = Frontend()
    monitoring: Monitoring = Monitoring()
    name: Annotated[str, Field(max_length=30)] | None = None
    """The graph's name. None: from the model and the layout."""

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.hf_token is not None and self.hf_token_secret is not None:
            raise ValueError("set hfToken or hfTokenSecret, not both")
        return self
