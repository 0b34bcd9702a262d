"""pydantic's errors as Problems: the key as it is written, its value, the rule, and what to write instead."""

from __future__ import annotations

import difflib
import json
import re
import typing
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wideep.errors import Problem
from wideep.settings.root import Settings

__all__ = ["misspelt", "nearest", "problems_of", "shown"]

Models = tuple[type[BaseModel], ...]

SECRETS: Final = re.compile(r"hf_[A-Za-z0-9_-]{6,}")
LONGEST: Final = 60
MOST: Final = 1000
"""Characters of a value that are looked at."""
EXAMPLES: Final = {
    "namespace": "namespace: dynamo-workshop",
    "model": "model: deepseek-ai/DeepSeek-R1",
    "hardware": "hardware: {gpu: H200, nodes: 2, gpusPerNode: 8, interconnect: infiniband}",
    "layout": "layout: lab-16gpu-singlenode",
    "image": "image: {source: build, repository: registry.example.com/dynamo-wideep, tag: 0.6.0}",
    "modelCache": "modelCache: {size: 1Ti}",
}
TYPES: Final = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "tuple": "a list",
    "dict": "an object",
    "model": "an object",
}
FORMS: Final = ("string_pattern_mismatch", "string_too_long", "string_too_short")
BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def shown(value: object) -> str:
    """A value of the config for a message: short, and without what looks like a token."""
    if isinstance(value, dict) and "secure" in value:
        return "[secret]"
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in SECRETS.sub("[secret]", plain[:MOST]))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """What was probably meant, or all there is."""
    names = sorted(known)
    close = _close(word, names)
    return f"did you mean {' or '.join(close)}?" if close else f"one of {', '.join(names)}"


def _close(word: str, known: Iterable[str]) -> list[str]:
    """The known names that look like the word, whatever its case and underscores, the nearest first."""
    lower = {name.lower().replace("_", ""): name for name in known}
    return [lower[match] for match in difflib.get_close_matches(word.lower().replace("_", ""), lower, n=3, cutoff=0.6)]


def problems_of(error: ValidationError, config: dict[str, object]) -> list[Problem]:
    """One Problem for each of pydantic's errors; a key that is missing because it is misspelt is told once."""
    errors = error.errors(include_url=False)
    meant = {key for details in errors if details["type"] == "extra_forbidden" for key in _meant(details)}
    return [_problem(details, config) for details in errors if not _is_missing(details) or details["loc"] not in meant]


def misspelt(key: str, config: Iterable[str]) -> bool:
    """One of the config's top-level keys stands where ``key`` was meant."""
    known = _aliases(Settings)
    return any(key in _close(written, known)[:1] for written in config if written not in known)


def _is_missing(details: ErrorDetails) -> bool:
    return details["type"] == "missing"


def _meant(details: ErrorDetails) -> list[tuple[int | str, ...]]:
    """The keys that an unknown key may be a misspelling of."""
    *parents, written = details["loc"]
    known = [name for model in _walk(details["loc"])[1] for name in _aliases(model)]
    return [(*parents, name) for name in _close(str(written), known)[:1]]


def _problem(details: ErrorDetails, config: dict[str, object]) -> Problem:
    path, around = _walk(details["loc"])
    key = _key(path)
    kind = details["type"]
    if kind == "extra_forbidden":
        known = [name for model in around for name in _aliases(model)]
        return Problem(key, "", "there is no such key", nearest(path[-1], known))
    if kind.startswith("union_tag"):
        return _untagged(details, path)
    if kind == "missing":
        return Problem(key, "", "this key is missing", _how_to_set(path, around))
    value = "[secret]" if path[:1] == ["hfToken"] else shown(_value_at(config, path))
    if kind in FORMS:
        return Problem(key, value, "is not of the form that this key needs", _meaning(path, around) or details["msg"])
    rule, fix = _rule(details)
    return Problem(key, value, rule, fix)


def _key(path: Sequence[str]) -> str:
    return ".".join(shown(part) or '""' for part in path)


def _untagged(details: ErrorDetails, path: list[str]) -> Problem:
    """A union whose sort is not given or not known; the sort is a key of its own."""
    context: dict[str, object] = details.get("ctx", {})
    key = _key([*path, str(context["discriminator"]).strip("'")])
    models = _walk([*details["loc"], ""])[1]
    known = sorted(str(tag) for model in models for tag in _tags(model))
    if "tag" not in context:
        return Problem(key, "", "this key is missing", f"write {' or '.join(known)}")
    word = str(context["tag"])
    return Problem(key, shown(word), f"must be one of {', '.join(known)}", nearest(word, known))


def _how_to_set(path: Sequence[str], around: Models) -> str:
    if len(path) == 1 and path[0] in EXAMPLES:
        return f"for example {EXAMPLES[path[0]]}"
    choices = [name for model in around for name in _choices(model, path[-1])]
    one_of = f" One of {', '.join(choices)}." if choices else ""
    return f"set it: {_meaning(path, around) or path[-1]}{one_of}"


def _choices(model: type[BaseModel], alias: str) -> list[str]:
    annotations = [field.annotation for field in model.model_fields.values() if field.alias == alias]
    return [
        str(member) for each in annotations if isinstance(each, type) and issubclass(each, StrEnum) for member in each
    ]


def _rule(details: ErrorDetails) -> tuple[str, str]:
    """The rule that the value breaks, and what to write instead."""
    kind = details["type"]
    context: dict[str, object] = details.get("ctx", {})
    if kind in ("enum", "literal_error"):
        allowed = re.findall(r"'([^']+)'", str(context["expected"]))
        return f"must be one of {', '.join(allowed)}", nearest(str(details["input"]), allowed)
    for name, words in BOUNDS.items():
        if name in context:
            return f"must be {words} {context[name]}", f"write a number that is {words} {context[name]}"
    wanted = TYPES.get(kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_attributes"))
    if kind == "int_from_float":
        wanted = "a whole number"
    if wanted:
        quoted = isinstance(details["input"], str) and wanted in ("a number", "a whole number")
        return f"must be {wanted}", "take away the quotes" if quoted and details[
            "input"
        ].isdigit() else f"write {wanted}"
    return details["msg"].lower(), "write a value of that form"


def _meaning(path: Sequence[str], around: Models) -> str | None:
    """The first sentence of the key's description."""
    fields = [field for model in around for field in model.model_fields.values() if field.alias == path[-1]]
    text = next((field.description for field in fields if field.description), None)
    return " ".join(text.split("\n\n")[0].split()).replace("``", "") if text else None


def _walk(loc: Sequence[int | str]) -> tuple[list[str], Models]:
    """The path without pydantic's union tags, and the models that the last key belongs to."""
    path: list[str] = []
    models: Models = (Settings,)
    around = models
    for part in loc:
        if isinstance(part, int):
            path.append(str(part))
            continue
        below = [f.annotation for m in models for f in m.model_fields.values() if f.alias == part]
        tagged = tuple(model for model in models if part in _tags(model))
        if not below and tagged and part != loc[-1]:
            models = tagged
            continue
        path.append(part)
        around = models
        models = tuple(model for annotation in below for model in _models_in(annotation))
    return path, around


def _models_in(annotation: object) -> Models:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(model for part in typing.get_args(annotation) for model in _models_in(part))


def _tags(model: type[BaseModel]) -> set[object]:
    annotations = [field.annotation for field in model.model_fields.values()]
    return {value for a in annotations if typing.get_origin(a) is typing.Literal for value in typing.get_args(a)}


def _aliases(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _value_at(config: object, path: Sequence[str]) -> object:
    for part in path:
        if isinstance(config, dict):
            config = cast("dict[str, object]", config).get(part)
        elif isinstance(config, list):
            config = cast("list[object]", config)[int(part)]
        else:
            return config
    return config
