"""pydantic's errors as Problems: the key as it is written, its value, the rule, and what to write instead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from wideep.dynamo.releases import ROWS
from wideep.errors import Problem
from wideep.settings.formatting import close_matches, join_path, redact, suggest
from wideep.settings.grammar import LabelKey, LabelValue, PlainText, pattern_of
from wideep.settings.image import Hidden
from wideep.settings.root import Settings
from wideep.settings.schema import ConfigKey, config_key
from wideep.settings.serving import Variable

__all__ = ["EXAMPLES", "NO_SUCH_KEY", "misspelt", "problems_of"]

Object = Mapping[str, object]

EXAMPLES: Final = {
    "namespace": "namespace: dynamo-workshop",
    "model": "model: deepseek-ai/DeepSeek-R1",
    "hardware": "hardware: {gpu: H200, nodes: 2, gpusPerNode: 8, interconnect: infiniband}",
    "layout": "layout: lab-16gpu-singlenode",
    "image": f"image: {{source: build, repository: registry.example.com/dynamo-wideep, tag: {ROWS[0].version}}}",
    "modelCache": "modelCache: {size: 1Ti}",
}
"""An example for each required key. ``image`` is required only by the oldest release."""
NO_SUCH_KEY: Final = "there is no such key"
WHOLE: Final = "a whole number"
NUMBER: Final = "a number"
LIST: Final = "a list"
TYPES: Final = {
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "int_parsing_size": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "string_type": "a string",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": LIST,
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
FORMS: Final = ("string_pattern_mismatch", "string_too_long", "string_too_short")
DAY: Final = re.escape(" 00:00:00 +0000 UTC")
"""The suffix that Pulumi adds to a text that looks like a date."""
WORDS: Final = {
    pattern_of(Variable): "use letters, digits and _, and no digit in front",
    pattern_of(PlainText): "use text without control characters, such as a terminal's colours",
    pattern_of(LabelKey): "use letters, digits, -, _ and ., after a prefix like example.com/ or without one",
    pattern_of(LabelValue): "use at most 63 letters, digits, -, _ and .",
}
"""What a name or value in an object with free names may contain, by its grammar's pattern."""
BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def problems_of(error: ValidationError, config: Object) -> list[Problem]:
    """Return one Problem for each of pydantic's errors; a key that is missing because it is misspelt is reported
    once."""
    errors = error.errors(include_url=False)
    meant = {_meant(details) for details in errors if details["type"] == "extra_forbidden"}
    told = (details for details in errors if details["type"] != "missing" or details["loc"] not in meant)
    return [_problem(details, config) for details in told]


def misspelt(key: str, written: Iterable[str]) -> bool:
    """Tell whether one of these top-level keys was written where ``key`` was meant."""
    known = config_key([key]).siblings
    return any(close_matches(each, known)[:1] == [key] for each in written if each not in known)


def _meant(details: ErrorDetails) -> tuple[int | str, ...]:
    """Return the key that an unknown key is most likely a misspelling of."""
    *parents, written = details["loc"]
    return (*parents, *close_matches(str(written), config_key(details["loc"]).siblings)[:1])


def _problem(details: ErrorDetails, config: Object) -> Problem:
    place, kind = config_key(details["loc"]), details["type"]
    key = join_path(place.path)
    if kind == "extra_forbidden":
        return Problem(key, "", NO_SUCH_KEY, suggest(place.path[-1], place.siblings))
    if kind == "missing":
        return Problem(key, "", "this key is missing", _how_to_set(place))
    if kind.startswith("union_tag"):
        return _untagged(details, place)
    value = redact(_value_at(config, place.path))
    if kind in FORMS:
        return _of_another_form(details, place, value)
    rule, remedy = _rule(details)
    if isinstance(details["input"], bool) and "enabled" in config_key([*details["loc"], "enabled"]).siblings:
        remedy = f"set {key}: {{enabled: {json.dumps(details['input'])}}}"
    return Problem(key, value, rule, remedy)


def _of_another_form(details: ErrorDetails, place: ConfigKey, value: str) -> Problem:
    """Return a problem for a text that its grammar rejects: a key's value, or a name or a value of an object with free
    names."""
    pattern = str(details.get("ctx", {}).get("pattern", ""))
    if details["loc"][-1] == "[key]":
        words = WORDS.get(pattern, "use another name")
        return Problem(join_path(place.path[:-1]), "", "is not a name that can be used here", words)
    date = re.fullmatch(rf"(\d+-\d+-\d+){DAY}", str(details["input"]))
    if date:
        return Problem(join_path(place.path), date[1], "Pulumi reads it as a date", f'put it in quotes: "{date[1]}"')
    meaning = place.meaning if place.described else WORDS.get(pattern, place.meaning)
    return Problem(
        join_path(place.path), value, "does not have the form that this key needs", f"{_nearest(details)}{meaning}"
    )


def _nearest(details: ErrorDetails) -> str:
    """Return a question that proposes a spelling of the value in the form that the key needs: ``500GB`` as ``500G``,
    ``v1.6.1`` as ``1.6.1``, ``My_NS`` as ``my-ns``.

    Return an empty text if there is none, or if the value may be a secret.
    """
    word, pattern = str(details["input"]), str(details.get("ctx", {}).get("pattern", "$^"))
    spellings = (
        re.sub(r"\s*([KMGTP]i?)B$", r"\1", word),
        re.sub(r"^v(?=\d)", "", word),
        re.sub(r"^http:", "https:", word),
        word if re.search("[:/]", word) else re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-"),
    )
    same = next((each for each in spellings if each != word and re.search(pattern, each)), None)
    return f"did you mean {same}?\n" if same and redact(word) == word else ""


def _how_to_set(place: ConfigKey) -> str:
    if place.path[0] in EXAMPLES and place.around == (Settings,):
        return f"for example {EXAMPLES[place.path[0]]}"
    choices = [each for each in place.choices if each not in set(Hidden)]
    one_of = f" One of {', '.join(choices)}." if choices else ""
    return f"set it: {place.meaning}{one_of}"


def _untagged(details: ErrorDetails, place: ConfigKey) -> Problem:
    """Return a problem for a union whose kind is missing or unknown; the kind is a key of its own."""
    context: dict[str, object] = details.get("ctx", {})
    key = join_path([*place.path, str(context["discriminator"]).strip("'")])
    if "tag" not in context:
        return Problem(key, "", "this key is missing", f"set {' or '.join(place.sorts)}")
    word = str(context["tag"])
    return Problem(key, redact(word), "is not one of the values that this key takes", suggest(word, place.sorts))


def _rule(details: ErrorDetails) -> tuple[str, str]:
    """Return the rule that the value breaks, and what to write instead."""
    kind, given = details["type"], str(details["input"])
    context: dict[str, object] = details.get("ctx", {})
    if kind in ("enum", "literal_error"):
        allowed = re.findall(r"'([^']+)'", str(context["expected"]))
        return "is not one of the values that this key takes", suggest(given, allowed)
    for name, words in BOUNDS.items():
        if name in context:
            return f"must be {words} {context[name]}", _within(words, float(str(context[name])), details["input"])
    if kind == "string_type" and isinstance(details["input"], int | float):
        return "must be a string", f'put it in quotes: "{json.dumps(details["input"])}"'
    if kind in TYPES:
        return f"must be {TYPES[kind]}", _of_type(TYPES[kind], details["input"])
    return details["msg"].lower(), "use a value of that form"


def _within(words: str, limit: float, given: object) -> str:
    """Return advice for a number outside its bound: a share that was given in per cent (85) is proposed as 0.85."""
    if (words, limit) == ("less than", 1) and isinstance(given, int | float) and 10 <= given < 100:
        return f"did you mean {given / 100:g}?"
    return f"use a number that is {words} {limit:g}"


def _of_type(expected: str, given: object) -> str:
    """Return advice with the value in the expected type if it can be derived: ``90%`` as 0.9."""
    text = str(given)
    if expected == WHOLE and isinstance(given, float) and given.is_integer():
        return f"set {given:.0f}"
    if expected == WHOLE and text.isdigit():
        return "remove the quotes"
    if expected == NUMBER and (found := re.fullmatch(r"(\d+(?:[.,]\d+)?) ?(%?).{0,20}", text)):
        return f"set {float(found[1].replace(',', '.')) / (100 if found[2] else 1):g}"
    if expected == LIST and isinstance(given, str) and redact(given) == given:
        return f"set a list: {json.dumps(given.split())}"
    return f"set {expected}"


def _value_at(config: object, path: Iterable[str]) -> object:
    for part in path:
        match config:
            case dict():
                config = cast("dict[str, object]", config).get(part)
            case list():
                items = cast("list[object]", config)
                config = items[int(part)] if part.isdecimal() and int(part) < len(items) else items
            case _:
                break
    return config
