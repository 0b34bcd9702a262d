"""A resource that the engine could not make: what that means for this stack, or another try where that helps.

Providers speak of urns and HTTP, and know no config. The engine prints what they say beside what is said here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi.runtime.proto.resource_pb2 import RESOURCE_MONITOR_FEATURE_ERROR_HOOKS
from pulumi.runtime.settings import monitor_supports_feature

from components.lifecycle.error_messages import ANY, EXISTS, IMAGE, Failed, Meaning, is_passing, meaning_of
from components.lifecycle.hooks import hook_where
from components.lifecycle.unrecorded import remake
from wideep.plan import Plan

__all__ = ["Explainer", "explain_failures"]

KINDS: Final = (ANY, IMAGE)
"""How the types begin whose errors are their providers'. The program's own resources speak for themselves."""
PATIENCE_SECONDS: Final = 180.0
"""For an API server that restarts: a managed one takes a minute or two."""
LONGEST_SECONDS: Final = 15.0


def explain_failures(plan: Plan) -> None:
    """From here on, a resource that fails is told in a sentence with its remedy; and what the API server did not take
    at the moment is tried again, for three minutes. An engine that is too old for it has its providers' words alone."""
    if not monitor_supports_feature(RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        pulumi.log.debug("this engine has no error hooks")
        return
    hook = pulumi.ErrorHook("failures", Explainer(plan))
    hook_where(lambda kind: kind.startswith(KINDS), pulumi.ResourceHookBinding(on_error=[hook]))


@dataclass
class Explainer:
    """Answers the engine whether a failed resource is to be tried again, and tells the user why it failed."""

    plan: Plan
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    since: dict[str, float] = field(default_factory=dict[str, float])
    """By urn: when it failed first."""
    told: set[Meaning] = field(default_factory=set[Meaning])

    async def __call__(self, args: pulumi.ErrorHookArgs) -> bool:
        failed = Failed(args.type, _name(args), args.errors[0] if args.errors else "")
        tries, began = len(args.errors), self.since.setdefault(args.urn, time.monotonic())
        meaning = meaning_of(failed, self.plan)
        if meaning and is_passing(failed) and time.monotonic() - began < PATIENCE_SECONDS:
            seconds = min(2.0**tries, LONGEST_SECONDS)
            pulumi.log.info(f"{failed.noun}: {meaning.says} Again in {seconds:.0f} s.")
            await self.sleep(seconds)
            return True
        if tries > 1 and EXISTS in failed.error:
            if remake(args.type, args.new_inputs or {}):
                return True
            meaning = Meaning("an earlier try has made it, and its answer was lost.", "`pulumi up` goes on")
        if meaning and meaning not in self.told:
            self.told.add(meaning)
            pulumi.log.error(f"{failed.noun}: {meaning}")
        return False


def _name(args: pulumi.ErrorHookArgs) -> str:
    """The object's, on the cluster; else the resource's in the program."""
    inputs: Any = args.new_inputs or args.old_inputs or {}
    name: object = (inputs.get("metadata") or inputs).get("name")
    return name if isinstance(name, str) else args.name
