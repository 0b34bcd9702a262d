"""How a role's workers are replaced when their arguments, image or environment change.

Grove deletes a worker's pods before it makes new ones, even if GPUs are free (its ``RollingRecreate``). A Deployment
starts the new pod first, which waits forever if no node has free GPUs for it; in that case the operator's annotation
for the deployment strategy makes it stop the old pods first.
"""

from __future__ import annotations

from enum import StrEnum

from wideep.rules.hardware import nodes_needed
from wideep.settings.layout import Role
from wideep.settings.root import Settings

__all__ = ["Update", "gpus_for_updates", "nodes_for_updates", "update_of"]


class Update(StrEnum):
    """What a change of a role's arguments, image or environment does to its users."""

    OUTAGE = "outage"
    """No node has the GPUs for another pod: all pods of the role end first, and nothing is served while the model
    loads."""
    IN_TURN = "in-turn"
    """One worker after the other restarts; the others serve."""
    RESTART = "restart"
    """Grove deletes the pods of the role's only worker before it makes new ones."""
    BESIDE = "beside"
    """The new worker starts on free GPUs before the old one ends."""


def update_of(settings: Settings, role: Role) -> Update:
    """Return how the workers of a role are replaced."""
    grove, single = settings.layout.has_multinode_workers, settings.layout.roles[role].replicas == 1
    if not grove and _nodes_with_one_more(settings, role) > settings.hardware.nodes:
        return Update.OUTAGE
    if not single:
        return Update.IN_TURN
    return Update.RESTART if grove else Update.BESIDE


def nodes_for_updates(settings: Settings) -> int:
    """Return how many nodes the pods need, with room for one more worker of either role during an update; Grove needs
    no such room."""
    if settings.layout.has_multinode_workers:
        return nodes_needed(settings.layout.roles.values(), settings.hardware.gpus_per_node)
    return max(_nodes_with_one_more(settings, role) for role in settings.layout.roles)


def gpus_for_updates(settings: Settings) -> int:
    """Return the GPUs of the larger worker that starts beside the old ones during an update; 0 under Grove."""
    layout = settings.layout
    return 0 if layout.has_multinode_workers else max(role.gpus_per_worker for role in layout.roles.values())


def _nodes_with_one_more(settings: Settings, role: Role) -> int:
    roles = settings.layout.roles
    more = roles[role].model_copy(update={"replicas": roles[role].replicas + 1})
    return nodes_needed({**roles, role: more}.values(), settings.hardware.gpus_per_node)
