"""The `pulumi.com/…` annotations, with which a program steers how its objects are made, awaited and deleted."""

from __future__ import annotations

from typing import Final

from sim.plugins import values
from sim.plugins.kubernetes.api import Object

PREFIX: Final = "pulumi.com/"
DEFAULT_TIMEOUT: Final = 600.0  # seconds
# Kinds whose deletion, by an old habit of the provider, skipAwait does not wait for either.
SKIP_ON_DELETE: Final = frozenset(
    values.words("Namespace Pod ReplicationController DaemonSet Deployment StatefulSet Job")
)


def annotation(obj: Object, name: str) -> str:
    """One annotation's value, "" without it."""
    found = ((obj.get("metadata") or {}).get("annotations") or {}).get(PREFIX + name)
    return found if isinstance(found, str) else ""


def is_true(obj: Object, name: str) -> bool:
    """Whether an annotation says "true"."""
    return annotation(obj, name) == "true"


def timeout(requested: float, obj: Object) -> float:
    """Seconds to wait: the resource option customTimeouts, else `timeoutSeconds`, else ten minutes."""
    if requested:
        return requested
    said = annotation(obj, "timeoutSeconds")
    return float(said) if said.isdigit() else DEFAULT_TIMEOUT


def propagation(obj: Object) -> str:
    """How the objects that this one owns are deleted; foreground unless told otherwise."""
    said = annotation(obj, "deletionPropagationPolicy").lower()
    return {"orphan": "Orphan", "background": "Background"}.get(said, "Foreground")
