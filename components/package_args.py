"""The keys of the stack config as types that Pulumi's analyzer reads. They are derived from the settings, so that no
key is written twice.

All keys below the first level are optional here, because the settings report missing keys, all of them at once. A key
that may have several forms (a name or an object) has no type in a Pulumi schema except ``Any``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Final, Literal, NotRequired, Union, cast

import pulumi
from pydantic import BaseModel

from wideep.settings.descriptions import descriptions
from wideep.settings.root import Settings

__all__ = ["REGISTRY_PASSWORD", "SECRETS", "StackArgs", "describe", "stack_args"]

REGISTRY_PASSWORD: Final = "registryPassword"  # noqa: S105 - the argument's name
SECRETS: Final[Mapping[str, str]] = {
    "hfToken": "The Hugging Face token, a secret.",
    REGISTRY_PASSWORD: "The password or access token of `image.registry`, a secret.",
}
"""Arguments that may be outputs. All others are plain, because the Plan is computed from them."""
SEVERAL_FORMS: Final = ("model",)
"""Keys that may be a name in the catalog or an object."""
LEFT_OUT: Final = ("password",)
"""Keys of the settings that are separate arguments."""

StackArgs = Mapping[str, object]
"""The arguments as Pulumi passes them, by the keys of the stack config."""


def stack_args() -> type:
    """Return the TypedDict of the whole stack config."""
    keys: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        key = field.alias or name
        type_ = Any if key in SEVERAL_FORMS else _type_of(field.annotation)
        keys[key] = type_ if field.is_required() else NotRequired[type_]
    keys |= dict.fromkeys(SECRETS, NotRequired[pulumi.Input[str]])
    return _typed_dict("StackArgs", keys)


def describe(types_: Mapping[str, Mapping[str, dict[str, object]]], inputs: Mapping[str, dict[str, object]]) -> None:
    """Write the settings' docstrings into a schema: the properties of its types, and the component's inputs."""
    for name, field in Settings.model_fields.items():
        _add(inputs, field.alias or name, descriptions(Settings).get(name))
    for key, text in SECRETS.items():
        inputs[key]["description"] = text
    for model in _models(Settings):
        for name, field in model.model_fields.items():
            _add(types_.get(_name_of((model,)), {}), field.alias or name, descriptions(model).get(name))


def _add(properties: Mapping[str, dict[str, object]], key: str, description: str | None) -> None:
    if key in properties and description:
        properties[key]["description"] = description.replace("``", "`")


def _type_of(annotation: object) -> Any:
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _type_of(parts[0])
    if origin in (tuple, list):
        return list[_type_of(parts[0])]
    if origin is dict:
        return dict[str, _type_of(parts[1])]
    if origin in (Union, types.UnionType):
        return _type_of_union([part for part in parts if part is not types.NoneType])
    return str if origin is Literal else _type_of_class(annotation)


def _type_of_class(annotation: object) -> Any:
    if not isinstance(annotation, type):
        return Any
    if issubclass(annotation, BaseModel):
        return _object_of((annotation,))
    if issubclass(annotation, Enum):
        return str
    return annotation if annotation in (str, int, float, bool) else Any


def _type_of_union(parts: list[object]) -> Any:
    """Return a single type for a union; several objects become one with the keys of all."""
    if len(parts) == 1:
        return _type_of(parts[0])
    models = tuple(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))
    return _object_of(models) if len(models) == len(parts) else Any


def _object_of(models: tuple[type[BaseModel], ...]) -> Any:
    keys: dict[str, Any] = {}
    for model in models:
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key not in LEFT_OUT:
                keys[key] = NotRequired[_type_of(field.annotation)]
    return _typed_dict(_name_of(models), keys)


def _name_of(models: tuple[type[BaseModel], ...]) -> str:
    """Return the name of the type in the schema. A union of image settings is named ``Image``."""
    image = typing.get_args(Settings.model_fields["image"].annotation)
    return "Image" if set(models) <= set(image) else models[0].__name__


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    below = [inner for field in model.model_fields.values() for inner in _models_in(field.annotation)]
    return [model, *(each for inner in below for each in _models(inner))]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]


def _typed_dict(name: str, keys: Mapping[str, Any]) -> type:
    made = cast("Any", typing.TypedDict)(name, dict(keys))
    made.__module__ = __name__
    return made
