"""A stack config's mistakes of form and its broken rules in one list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NewType

from wideep.catalog.models import MODELS
from wideep.errors import ConfigError, Problem
from wideep.rules.hardware import node_problems
from wideep.rules.registry import check
from wideep.settings.reading import ParseResult, ReadText, read
from wideep.settings.root import Settings

__all__ = ["Accepted", "accept", "accept_settings"]

Accepted = NewType("Accepted", Settings)
"""Settings that break no rule: what a Plan is made of."""

PLACEHOLDERS: Final[Mapping[str, object]] = {
    "namespace": "unknown",
    "model": MODELS["deepseek-ai/DeepSeek-R1"].model_dump(mode="json", by_alias=True),
    "image": {"source": "existing", "reference": "unknown"},
    "modelCache": {"size": "1E"},
}
"""For required keys that cannot be read, what breaks no rule of the others."""


def accept(raw: Mapping[str, object], read_text: ReadText | None = None) -> Accepted:
    """Settings of a stack config that keeps every rule.

    Raises ConfigError with every mistake at once. Rules are asked also when the form of other keys is wrong, as far as
    their own keys can be read.
    """
    reading = read(raw, read_text)
    problems = [*reading.problems, *_broken_rules(reading)]
    if problems or reading.settings is None:
        raise ConfigError(problems)
    return Accepted(reading.settings)


def accept_settings(settings: Settings) -> Accepted:
    """The same of settings that were made here and not read.

    Raises ConfigError with all rules that they break.
    """
    problems = check(settings)
    if problems:
        raise ConfigError(problems)
    return Accepted(settings)


def _broken_rules(reading: ParseResult) -> list[Problem]:
    if reading.settings:
        return check(reading.settings)
    wrong = {problem.key.split(".")[0] for problem in reading.problems}
    wrong |= {"layout", "hardware", "model"} - set(reading.config)
    if wrong & {"layout", "hardware"}:
        return []
    settings = _without(reading.config, wrong)
    found = node_problems(settings) if "model" in wrong else check(settings)
    return [problem for problem in found if problem.key.split(".")[0] not in wrong]


def _without(config: Mapping[str, object], wrong: set[str]) -> Settings:
    """Settings with stand-ins, or nothing, for the keys that cannot be read."""
    known = {field.alias for field in Settings.model_fields.values()} - wrong
    kept = {key: value for key, value in config.items() if key in known and value is not None}
    return Settings.model_validate_json(json.dumps({**PLACEHOLDERS, **kept}), by_alias=True, by_name=False)
