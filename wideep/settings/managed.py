"""``layout.ROLE.replicas: {managedBy: NAME, initial: N, scalingAdapter: true}``: workers whose number is managed
outside this program."""

from __future__ import annotations

from typing import Final, cast

from wideep.errors import Problem
from wideep.settings.formatting import redact, suggest

__all__ = ["split_managed"]

Object = dict[str, object]
REPLICAS, MANAGED_BY, INITIAL, ADAPTER = "replicas", "managedBy", "initial", "scalingAdapter"
SPLIT, SPLIT_ADAPTER = "replicasManagedBy", "replicasScalingAdapter"
"""The keys of ``RoleLayout`` that say who manages the number, and whether through a scaling adapter."""
KEYS: Final = (MANAGED_BY, INITIAL, ADAPTER)
LARGEST: Final = 4096
EXAMPLE: Final = "set {managedBy: planner, initial: 2}"


def split_managed(layout: Object) -> Object | Problem:
    """Return the layout with ``replicas`` as a number in both roles, and beside it who manages the number and how.

    Without ``initial`` the preset's number stays. Return a problem if the object is malformed. A ``replicas`` of any
    other form is left to the validation of that key.
    """
    split = dict(layout)
    for role in ("prefill", "decode"):
        written = layout.get(role)
        replicas = cast("Object", written).get(REPLICAS) if isinstance(written, dict) else None
        if isinstance(replicas, dict):
            found = _split(role, cast("Object", written), cast("Object", replicas))
            if isinstance(found, Problem):
                return found
            split[role] = found
    return split


def _split(role: str, written: Object, replicas: Object) -> Object | Problem:
    key = f"layout.{role}.{REPLICAS}"
    for name in replicas:
        if name not in KEYS:
            return Problem(f"{key}.{name}", "", "there is no such key", suggest(name, KEYS))
    who, initial, adapter = replicas.get(MANAGED_BY), replicas.get(INITIAL), replicas.get(ADAPTER, False)
    if not isinstance(who, str) or not who.strip():
        rule = "says who decides how many workers there are: a planner, an autoscaler, a person"
        return Problem(f"{key}.{MANAGED_BY}", redact(who) if who else "", rule, EXAMPLE)
    if initial is not None and not (type(initial) is int and 1 <= initial <= LARGEST):
        rule = f"must be a whole number from 1 to {LARGEST}: the workers that the graph begins with"
        return Problem(f"{key}.{INITIAL}", redact(initial), rule, EXAMPLE)
    if not isinstance(adapter, bool):
        return Problem(f"{key}.{ADAPTER}", redact(adapter), "must be true or false", "set true, or remove it")
    others = {name: value for name, value in written.items() if name != REPLICAS}
    through = {SPLIT_ADAPTER: True} if adapter else {}
    return {**others, **({REPLICAS: initial} if initial is not None else {}), SPLIT: who.strip(), **through}
