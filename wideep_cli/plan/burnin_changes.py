"""Changes to the burn-in of `pulumi up`."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.plan import Plan
from wideep_cli.plan.changes import changes
from wideep_cli.plan.effect import Effect, ObjectChange

__all__ = ["burnin_changes"]

SUBJECT = "burn-in"
FREE = "Free GPU nodes are measured before the graph changes; what runs keeps running."


def burnin_changes(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    """Yield the change if the burn-in is added or removed, runs again, or will measure differently the next time."""
    old, new = before.burnin, after.burnin
    if new is None:
        if old is not None:
            yield ObjectChange(
                SUBJECT, Effect.DELETED, "Its figures are deleted (wideep plan --measured has none).", ()
            )
        return
    if old is None:
        yield ObjectChange(SUBJECT, Effect.CREATED, FREE, ())
    elif old.subject() != new.subject():
        yield ObjectChange(SUBJECT, Effect.UPDATED, FREE, tuple(changes(old.subject(), new.subject(), SUBJECT)))
    else:
        how = ("floor", "quick", "seconds")
        found = tuple(changes(old.model_dump(include={*how}), new.model_dump(include={*how}), SUBJECT))
        if found:
            yield ObjectChange(SUBJECT, Effect.UPDATED, "It counts the next time that nodes are measured.", found)
