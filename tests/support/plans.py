"""Plans for tests: those of the stack files, and variations of the sim stack."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from wideep.plan import Plan, make_plan
from wideep.rules import Accepted, accept_settings
from wideep.settings import parse

__all__ = ["ROOT", "TOKEN", "config_of", "on_release", "plan_of", "settings_of"]

ROOT: Final = Path(__file__).resolve().parents[2]
PREFIX: Final = "dynamo-wideep:"
TOKEN: Final = "hf_" + "ThisIsNoToken" * 2
EXISTING: Final = {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64}


def config_of(stack: str, **changes: Any) -> dict[str, Any]:
    """Return a stack file's config without the project's prefix, with a token for tests. A change to None removes a
    key; a changed ``platform`` keeps the stack's release unless it names its own."""
    config = deepcopy(_keys_of(stack))
    if isinstance(changes.get("platform"), dict):
        changes["platform"] = {"version": config["platform"]["version"], **changes["platform"]}
    config = {**config, "hfToken": TOKEN, **changes}
    return {key: value for key, value in config.items() if value is not None}


@cache
def _keys_of(stack: str) -> dict[str, Any]:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    own = {key: value for key, value in yaml.safe_load(text)["config"].items() if key.startswith(PREFIX)}
    return {key.removeprefix(PREFIX): value for key, value in own.items()}


def plan_of(stack: str = "sim", **changes: Any) -> Plan:
    """Return the Plan of a stack file, with some keys changed."""
    return make_plan(settings_of(stack, **changes))


def settings_of(stack: str = "sim", **changes: Any) -> Accepted:
    """Return the accepted Settings of a stack file, with some keys changed."""
    return accept_settings(parse(config_of(stack, **changes)))


def on_release(version: str, **platform: Any) -> dict[str, Any]:
    """Return a stack's keys for another release of Dynamo, with an existing image: not every release has one to
    build."""
    return {"platform": {"charts": "sim/charts", "version": version, **platform}, "image": EXISTING}
