"""The headline of a status: whether the frontend of a graph whose pods are ready serves the model."""

from __future__ import annotations

from dataclasses import replace

from wideep.plan import Plan
from wideep_cli.status.frontend import FrontendView
from wideep_cli.status.snapshot import Snapshot, State

__all__ = ["Unasked", "judged"]


class Unasked(str):
    """Why this user may not query the frontend, which says nothing about the frontend itself."""

    __slots__ = ()


def judged(plan: Plan, snapshot: Snapshot, frontend: FrontendView | str) -> Snapshot:
    """Return the snapshot with the state and the sentence that follow from the frontend's answer.

    ``frontend`` is what it reports, or why it does not. A graph that is not ready keeps the cluster's own reason.
    """
    if snapshot.state is not State.READY:
        return snapshot
    if isinstance(frontend, Unasked):
        return replace(snapshot, says=f"{snapshot.says} Cannot tell whether the model is served: {frontend}.")
    state, says = _served(plan, frontend)
    return replace(snapshot, state=state, says=says)


def _served(plan: Plan, frontend: FrontendView | str) -> tuple[State, str]:
    if isinstance(frontend, str):
        return State.WAITING, f"All pods are ready, but the frontend does not respond: {frontend}."
    if plan.model not in frontend.models:
        lists = ", ".join(frontend.models) or "no model"
        says = f"All pods are ready, but the frontend lists {lists}: no worker has registered {plan.model}."
        return State.WAITING, f"{says} run `wideep doctor` for the cause."
    missing = [f"no {role}" for role in plan.roles if not frontend.workers.get(role, 0)]
    if missing:
        says = f"The frontend lists {plan.model}, and {' and '.join(missing)} worker is registered."
        return State.WAITING, f"{says} run `wideep doctor` for the cause."
    return State.READY, "All services serve."
