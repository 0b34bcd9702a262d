"""Error hooks: explain why a resource could not be created, or retry where that helps.

Providers report URNs and HTTP errors, and know nothing of the config. The engine prints their message next to this one.
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

from components.lifecycle.error_context import ErrorContext, Explanation, Failed
from components.lifecycle.error_messages import EXISTS, explain, is_passing
from components.lifecycle.live_objects import find_object
from components.lifecycle.orphan_hooks import Run, delete_orphan
from wideep.resource_names import JOB_TYPE

__all__ = ["ErrorHandler", "error_hooks"]

RETRY_DEADLINE_SECONDS: Final = 180.0
"""Time for an API server to restart: a managed one takes a minute or two."""
LONGEST_SECONDS: Final = 15.0
TOLD: Final[set[Explanation]] = set()
"""Explanations given in this run. One that concerns several resources, such as an unreachable cluster, appears only
once."""


def error_hooks(name: str, context: ErrorContext) -> list[pulumi.ErrorHook]:
    """Return the hook (``on_error``) for one component's resources; empty if the engine is too old to support it."""
    if not monitor_supports_feature(RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        pulumi.log.debug("this Pulumi engine has no error hooks")
        return []
    return [pulumi.ErrorHook(name, ErrorHandler(context, Run.current()))]


@dataclass
class ErrorHandler:
    """Tells the engine whether to retry a failed resource, and tells the user why it failed."""

    context: ErrorContext
    run: Run
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    since: dict[str, float] = field(default_factory=dict[str, float])
    """The time of the first failure, by URN."""
    told: set[Explanation] = field(default_factory=lambda: TOLD)

    async def __call__(self, args: pulumi.ErrorHookArgs) -> bool:
        failed = Failed(args.type, _name(args), args.errors[0] if args.errors else "", _namespace(args))
        tries, began = len(args.errors), self.since.setdefault(args.urn, time.monotonic())
        explanation = explain(failed, self.context)
        if explanation and is_passing(failed) and time.monotonic() - began < RETRY_DEADLINE_SECONDS:
            seconds = min(2.0**tries, LONGEST_SECONDS)
            pulumi.log.info(f"{failed.noun}: {explanation.summary} Retrying in {seconds:.0f} s.")
            await self.sleep(seconds)
            return True
        if tries > 1 and EXISTS in failed.error:
            there = find_object(args.type, args.new_inputs or {})
            if there is not None and there.type != JOB_TYPE and delete_orphan(there, self.run):
                return True
            explanation = Explanation(
                "an earlier attempt created it, but the response was lost.", "Run `pulumi up` again"
            )
        if explanation and explanation not in self.told:
            self.told.add(explanation)
            pulumi.log.error(f"{failed.noun}: {explanation}")
        return False


def _name(args: pulumi.ErrorHookArgs) -> str:
    """Return the object's name on the cluster, else the resource's name in the program."""
    inputs: Any = args.new_inputs or args.old_inputs or {}
    name: object = (inputs.get("metadata") or inputs).get("name")
    return name if isinstance(name, str) else args.name


def _namespace(args: pulumi.ErrorHookArgs) -> str:
    inputs: Any = args.new_inputs or args.old_inputs or {}
    namespace: object = (inputs.get("metadata") or inputs).get("namespace")
    return namespace if isinstance(namespace, str) else ""
