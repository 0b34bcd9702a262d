"""Changes to network access to the pods: the public Service, the Ingress, the NetworkPolicies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wideep.plan import IngressPlan, NetworkPolicyPlan, Plan, PublicServicePlan
from wideep_cli.plan.changes import changes
from wideep_cli.plan.effect import Effect, ObjectChange

__all__ = ["reach_changes"]

Reach = PublicServicePlan | IngressPlan | NetworkPolicyPlan


@dataclass(frozen=True)
class _Words:
    """What it means for clients that an object of one kind is created, deleted or changed."""

    made: str
    gone: str
    changed: str


SERVICE: Final = "service"
INGRESS: Final = "ingress"
POLICY: Final = "network policy"
WORDS: Final[Mapping[str, _Words]] = {
    SERVICE: _Words(
        "The frontend becomes reachable from outside the cluster.",
        "Its address is released, and its clients are cut off.",
        "Its address stays, unless the type changes.",
    ),
    INGRESS: _Words(
        "The frontend becomes reachable under its host.",
        "Clients of its host are cut off.",
        "Its controller updates it without interruption.",
    ),
    POLICY: _Words(
        "Only the listed sources can connect.",
        "Traffic is unrestricted unless another NetworkPolicy applies.",
        "Open connections stay; new ones are checked.",
    ),
}


def reach_changes(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    """Yield each of these objects that is created, changed or deleted; a new namespace recreates all of them."""
    moved = before.namespace != after.namespace
    old, new = _objects(before), _objects(after)
    for key in dict.fromkeys([*old, *new]):
        if moved or old.get(key) != new.get(key):
            yield _change(*key, old.get(key), new.get(key))


def _objects(plan: Plan) -> dict[tuple[str, str], Reach]:
    """Return the objects by kind and name."""
    found: list[tuple[str, Reach | None]] = [(SERVICE, plan.frontend.public), (INGRESS, plan.frontend.ingress)]
    found += [(POLICY, policy) for policy in plan.network_policies]
    return {(kind, made.name): made for kind, made in found if made is not None}


def _change(kind: str, name: str, old: Reach | None, new: Reach | None) -> ObjectChange:
    label, words = f"{kind} {name}", WORDS[kind]
    if old is None:
        return ObjectChange(label, Effect.CREATED, words.made, ())
    if new is None:
        return ObjectChange(label, Effect.DELETED, words.gone, ())
    found = tuple(changes(old.model_dump(), new.model_dump(), ""))
    if not found:
        return ObjectChange(label, Effect.REPLACED, words.made, ())
    return ObjectChange(label, Effect.UPDATED, words.changed, found)
