"""Translation of pydantic's error locations to keys of the stack config, and what is known about each key."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wideep.settings.descriptions import descriptions
from wideep.settings.root import Settings

__all__ = ["ConfigKey", "config_key"]

Location = Sequence[int | str]
Models = tuple[type[BaseModel], ...]


@dataclass(frozen=True)
class ConfigKey:
    """A key of the config. ``around`` holds the models that it belongs to: several if a union is undecided."""

    path: tuple[str, ...]
    around: Models
    below: Models
    """The models of the key's value, if it is an object."""

    @property
    def siblings(self) -> list[str]:
        """All keys that the surrounding object may have, this one included."""
        return [field.alias or name for model in self.around for name, field in model.model_fields.items()]

    @property
    def meaning(self) -> str:
        """The first paragraph of the key's description on one line, or its name."""
        said = [descriptions(model).get(name) for model in self.around for name in _named(model, self.path[-1])]
        text = next(filter(None, said), self.path[-1])
        return " ".join(text.split("\n\n")[0].split()).replace("``", "")

    @property
    def described(self) -> bool:
        """Whether this is a key of a model rather than a name in an object with free names."""
        return bool(self._fields)

    @property
    def choices(self) -> list[str]:
        """The allowed values, if they are an Enum's."""
        return [str(member) for field in self._fields for each in _enums_in(field.annotation) for member in each]

    @property
    def sorts(self) -> list[str]:
        """The tags that are allowed here, if the value is a tagged union."""
        return sorted({str(tag) for model in self.below for tag in _tags(model)})

    @property
    def _fields(self) -> list[FieldInfo]:
        return [model.model_fields[name] for model in self.around for name in _named(model, self.path[-1])]


def config_key(location: Location) -> ConfigKey:
    """Return the key at a location. pydantic puts a union's tag into the location, which the key's path omits."""
    path: list[str] = []
    around: Models = (Settings,)
    models = around
    for part in location:
        inner = [f.annotation for model in models for f in model.model_fields.values() if f.alias == part]
        tagged = tuple(model for model in models if part in _tags(model) or part == model.__name__)
        if tagged and not inner and part != location[-1]:
            models = tagged
            continue
        path.append(str(part))
        if isinstance(part, str):
            around = models
            models = tuple(model for annotation in inner for model in _models_in(annotation))
    return ConfigKey(tuple(path), around, models)


def _named(model: type[BaseModel], key: str) -> list[str]:
    """Return the names of a model's fields that have this key."""
    return [name for name, field in model.model_fields.items() if field.alias == key]


def _models_in(annotation: object) -> Models:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(model for part in typing.get_args(annotation) for model in _models_in(part))


def _enums_in(annotation: object) -> list[type[StrEnum]]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [annotation]
    return [enum for part in typing.get_args(annotation) for enum in _enums_in(part)]


def _tags(model: type[BaseModel]) -> set[object]:
    annotations = [field.annotation for field in model.model_fields.values()]
    return {value for a in annotations if typing.get_origin(a) is typing.Literal for value in typing.get_args(a)}
