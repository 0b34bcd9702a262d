"""Detection of a plain name that was lost because one key below it was set.

``pulumi config set --path layout.decode.replicas 2`` on ``layout: wide-32gpu`` leaves ``layout: {decode: {replicas:
2}}``, and the name is gone. Source: seen with Pulumi 3.259.0, which replaces a string by an object without a warning.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, cast

from wideep.errors import Problem
from wideep.settings.formatting import redact
from wideep.settings.layout import Layout, RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["lost_model", "lost_preset"]

Object = Mapping[str, object]
FEW: Final = 0.5
"""Below this share of the required keys, the object was probably not meant to be complete."""
REPLACED: Final = "`pulumi config set --path {key}.…` replaces a plain name by an object that has only the key it sets"


def lost_preset(written: Object, presets: Collection[str]) -> Problem | None:
    """Return a problem for a layout that has no preset and is far from complete.

    Return None if the layout is complete, nearly complete, or wrong in another way; missing keys are then reported one
    by one.
    """
    roles = {name: written.get(name) for name in ("prefill", "decode")}
    if not set(written) <= set(_keys(Layout)) or not all(value is None or _known(value) for value in roles.values()):
        return None
    given = [len(cast(Object, value).keys() & _required(RoleLayout)) for value in roles.values() if value is not None]
    if given and min(given) >= FEW * len(_required(RoleLayout)):
        return None
    missing = [f"layout.{name}" + (f" ({_missing(value)})" if value else "") for name, value in roles.items()]
    rule = f"this key is missing, and so are {' and '.join(missing)}, which a preset fills in. {_replaced('layout')}"
    fix = f"pulumi config set --path layout.preset NAME, with the preset that it was: {', '.join(presets)}"
    return Problem("layout.preset", "", rule, f"{fix}\nor write both roles with all their keys")


def lost_model(written: Object, models: Collection[str]) -> Problem | None:
    """Return a problem for a model shape that is far from complete, because the catalog's name was lost; else None."""
    required = _required(ModelShape)
    if not set(written) <= set(_keys(ModelShape)) or len(written.keys() & required) >= FEW * len(required):
        return None
    missing = ", ".join(key for key in _keys(ModelShape) if key in required - written.keys())
    rule = f"is not a complete model shape: {missing} are missing. {_replaced('model')}"
    fix = (
        f"pulumi config set model NAME, with the model that it was: {', '.join(models)}\n"
        "(a revision is modelCache.revision, a shorter context layout.ROLE.contextLength)"
    )
    return Problem("model", redact(dict(written)), rule, fix)


def _replaced(key: str) -> str:
    return REPLACED.format(key=key)


def _known(role: object) -> bool:
    return isinstance(role, dict) and set(cast(Object, role)) <= set(_keys(RoleLayout))


def _missing(role: object) -> str:
    return ", ".join(key for key in _keys(RoleLayout) if key in _required(RoleLayout) - cast(Object, role).keys())


def _keys(model: type[Layout | RoleLayout | ModelShape]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _required(model: type[Layout | RoleLayout | ModelShape]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
