"""Error hooks: explain why a resource could not be made, or try again if that helps.

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

from components.lifecycle.error_context import ErrorContext, Explanation, Failed
from components.lifecycle.error_messages import EXISTS, explain, is_passing
from components.lifecycle.live_objects import find_object
from components.lifecycle.orphan_hooks import Run, delete_orphan
from wideep.resource_names import JOB_TYPE

__all__ = ["ErrorHandler", "error_hooks"]

RETRY_DEADLINE_SECONDS: Final = 180.0
"""For an API server that restarts: a managed one takes a minute or two."""
LONGEST_SECONDS: Final = 15.0
TOLD: Final[set[Explanation]] = set()
"""What several resources have in common, such as a cluster that is away, is said once in a run."""


def error_hooks(name: str, context: ErrorContext) -> list[pulumi.ErrorHook]:
    """Make the hook (``on_error``) of one component's resources; none if the engine is too old for it."""
    if not monitor_supports_feature(RESOURCE_MONITOR_FEATURE_ERROR_HOOKS):
        pulumi.log.debug("this Pulumi engine has no error hooks")
        return []
    return [pulumi.ErrorHook(name, ErrorHandler(context, Run.current()))]


@dataclass
class ErrorHandler:
    """Answers the engine whether a failed resource is to be tried again, and tells the user why it failed."""

    context: ErrorContext
    run: Run
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    since: dict[str, float] = field(default_factory=dict[str, float])
    """By urn: when it failed first."""
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
    """The object's, on the cluster; else the resource's in the program."""
    inputs: Any = args.new_inputs or args.old_inputs or {}
    name: object = (inputs.get("metadata") or inputs).get("name")
    return name if isinstance(name, str) else args.name


def _namespace(args: pulumi.ErrorHookArgs) -> str:
    inputs: Any = args.new_inputs or args.old_inputs or {}
    namespace: object = (inputs.get("metadata") or inputs).get("namespace")
    return namespace if isinstance(namespace, str) else ""
