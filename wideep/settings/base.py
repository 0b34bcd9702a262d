"""The base of all settings: frozen and strict models, camelCase keys in the stack config, unknown keys refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["SettingsModel"]


class SettingsModel(BaseModel):
    """Base class of every object of the stack config. Python names are snake_case, config keys camelCase."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,
        allow_inf_nan=False,
    )
