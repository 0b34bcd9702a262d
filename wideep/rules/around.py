"""Changes to the rest of a stack that let a worker have more GPUs without breaking a rule outside its role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from wideep.dynamo import release_of
from wideep.names import GRAPH_LIMIT
from wideep.rules.cache import cache_problems
from wideep.rules.hardware import node_problems, nodes_needed
from wideep.rules.planner import planner_problems
from wideep.rules.platform import platform_problems
from wideep.rules.remedy import Remedy
from wideep.rules.stack import stack_problems
from wideep.settings.formatting import join_path
from wideep.settings.root import Settings
from wideep.settings.services import AccessMode

__all__ = ["in_stack"]

Mended = tuple[Settings, str]
"""A changed stack, and the change in words."""


def in_stack(remedy: Remedy) -> Remedy | None:
    """Return the remedy together with the changes that more GPUs require elsewhere in the stack: nodes, the volume's
    access mode, a shorter name, Grove.

    Return None if the remedy still breaks a rule outside the role that was not broken before.
    """
    stack = remedy.site.stack
    if stack is None or remedy.gpus is None:
        return remedy
    layout = stack.layout.model_copy(update={str(remedy.site.name): remedy.site.role})
    whole, before, besides = _changed(stack, layout=layout), _broken(stack), list[str]()
    new = _broken(whole) - before
    for mend in _MENDS:
        mended = mend(whole, new)
        if mended:
            whole = mended[0]
            besides.append(mended[1])
            new = _broken(whole) - before
    return None if new else replace(remedy, besides=tuple(besides))


def _broken(stack: Settings) -> set[str]:
    rules = (node_problems, stack_problems, platform_problems, cache_problems)
    return {problem.key for rule in rules for problem in rule(stack)}


def _changed(stack: Settings, **keys: object) -> Settings:
    return stack.model_copy(update=keys)


def _more_nodes(stack: Settings, _new: set[str]) -> Mended | None:
    """Return a stack with enough nodes for all pods and for one more worker of each role that the planner scales, or
    None if no such number is found or the stack already has it."""
    hardware, roles = stack.hardware, stack.layout.roles.values()
    enough = max(hardware.nodes, nodes_needed(roles, hardware.gpus_per_node))
    counts = range(enough, enough + 1 + sum(role.nodes for role in roles))
    stacks = (_changed(stack, hardware=hardware.model_copy(update={"nodes": count})) for count in counts)
    larger = next((each for each in stacks if not any(_no_room(each))), None)
    if larger is None or larger.hardware.nodes == hardware.nodes:
        return None
    return larger, f"hardware.nodes: {larger.hardware.nodes}"


def _no_room(stack: Settings) -> set[str]:
    return {problem.key for problem in planner_problems(stack) if problem.key.endswith(".replicas")}


def _many_mounts(stack: Settings, new: set[str]) -> Mended | None:
    if "modelCache.accessMode" not in new:
        return None
    many = AccessMode.READ_WRITE_MANY
    cache = stack.model_cache.model_copy(update={"access_mode": many})
    return _changed(stack, model_cache=cache), f"modelCache.accessMode: {many} (if the storage class supports it)"


def _shorter_name(stack: Settings, new: set[str]) -> Mended | None:
    if "name" not in new or stack.name is None:
        return None
    return _changed(stack, name=stack.name[:GRAPH_LIMIT].rstrip("-")), f"a name of {GRAPH_LIMIT} characters or fewer"


def _with_grove(stack: Settings, new: set[str]) -> Mended | None:
    path = release_of(stack).grove_switch
    key = join_path(("platform", "values", *path))
    if key not in new:
        return None
    platform = stack.platform.model_copy(update={"values": _without(stack.platform.values, path)})
    return _changed(stack, platform=platform), f"{key} removed"


def _without(values: Mapping[str, object], path: tuple[str, ...]) -> dict[str, object]:
    """Return the values without the one at ``path``, which must exist."""
    first, *rest = path
    kept = {key: value for key, value in values.items() if key != first}
    return {**kept, first: _without(cast("dict[str, object]", values[first]), tuple(rest))} if rest else kept


_MENDS: Final[tuple[Callable[[Settings, set[str]], Mended | None], ...]] = (
    _more_nodes,
    _many_mounts,
    _shorter_name,
    _with_grove,
)
