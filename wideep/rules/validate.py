"""Validation of a stack config: its mistakes of form and its broken rules in one list."""

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
"""Settings that break no rule: the input of a Plan."""

PLACEHOLDERS: Final[Mapping[str, object]] = {
    "namespace": "unknown",
    "model": MODELS["deepseek-ai/DeepSeek-R1"].model_dump(mode="json", by_alias=True),
    "image": {"source": "existing", "reference": "unknown"},
    "modelCache": {"size": "1E"},
}
"""Stand-ins for required keys that cannot be read, which break no rule of the other keys."""


def accept(raw: Mapping[str, object], read_text: ReadText | None = None) -> Accepted:
    """Return the Settings of a stack config that satisfies every rule.

    Raises ConfigError with every mistake at once. If some keys are malformed, the rules are still checked as far as the
    other keys can be read.
    """
    reading = read(raw, read_text)
    problems = [*reading.problems, *_broken_rules(reading)]
    if problems or reading.settings is None:
        raise ConfigError(problems)
    return Accepted(reading.settings)


def accept_settings(settings: Settings) -> Accepted:
    """Return Settings that were built in code and not read, if they satisfy every rule.

    Raises ConfigError with every rule that they break.
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
    """Return Settings in which the keys that cannot be read are left out or replaced by stand-ins."""
    known = {field.alias for field in Settings.model_fields.values()} - wrong
    kept = {key: value for key, value in config.items() if key in known and value is not None}
    return Settings.model_validate_json(json.dumps({**PLACEHOLDERS, **kept}), by_alias=True, by_name=False)
