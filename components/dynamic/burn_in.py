"""That the GPUs and links are as they should be, as a resource: it is made when the free nodes were measured.

The measuring itself, and what falls short, are ``wideep_cluster.burnin``'s, imported when it is called for: a process
that only destroys has no use for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from components.dynamic.cluster_resource import REPLACING, ClusterProvider, Properties
from wideep.text import some_of
from wideep_cluster.cancellation import interruption
from wideep_cluster.errors import ClusterError

if TYPE_CHECKING:  # the engine unpickles providers in a process of its own, which has no use for the domain
    from wideep.plan.burnin import BurnInPlan
    from wideep_cluster.burnin.outcome import Outcome
    from wideep_cluster.burnin.places import Places

__all__ = ["BurnInError", "BurnInProvider", "NodeBurnIn", "failure"]

BY: Final = "up"
HOW: Final = ("plan", "image")
"""Properties that say how it is measured, and not what: another image is no cause to measure again."""
FAILS_LATER: Final = "`pulumi up` will fail and say what to do, once what runs beside the burn-in has finished."
"""Said at once: the engine prints an error in full when the download, which may take hours, is over."""


class BurnInError(Exception):
    """A GPU, a link or a node falls short."""


class BurnInProvider(ClusterProvider):
    """``create`` returns when the free nodes were measured without a finding, or none is free. ``update`` measures only
    where the ``subject`` is another one. Properties: those of all, the ``graph``'s name, the ``plan`` (a BurnInPlan as
    JSON), the ``image``, and ``subject``, a text that says what is measured."""

    def create(self, props: Properties) -> CreateResult:
        return CreateResult(f"{props['namespace']}/{props['graph']}", {**props, **self._measure(props)})

    def diff(self, _id: str, _olds: Properties, _news: Properties) -> DiffResult:
        differing = [key for key in _news if key not in HOW and _olds.get(key) != _news[key]]
        return DiffResult(changes=bool(differing), replaces=[key for key in REPLACING if key in differing])

    def update(self, _id: str, _olds: Properties, _news: Properties) -> UpdateResult:
        if _olds.get("subject") == _news["subject"]:
            return UpdateResult({**_news, "measured": _olds.get("measured", "")})
        return UpdateResult({**_news, **self._measure(_news)})

    def delete(self, _id: str, _props: Properties) -> None:
        """Take the kept figures away. Where that fails, nothing else waits for it."""
        from wideep_cluster.burnin.keep import forget

        try:
            forget(self.namespace(_props).cluster, _props["namespace"], _props["graph"])
        except ClusterError as error:
            pulumi.log.warn(f"the figures of the burn-in are left in namespace {_props['namespace']}: {error}")

    def _measure(self, properties: Properties) -> Mapping[str, Any]:
        from wideep.plan.burnin import BurnInPlan
        from wideep_cluster.burnin.outcome import burn_in
        from wideep_cluster.burnin.places import find_places
        from wideep_cluster.burnin.run import BurnIn, InterruptedBurnInError, clear_away

        read = BurnInPlan.model_validate_json(properties["plan"])
        plan = read.model_copy(update={"image": properties["image"], "namespace": properties["namespace"]})
        cluster = self.namespace(properties).cluster
        clear_away(cluster, plan, BY)
        places = find_places(cluster, plan)
        for sentence in places.skipped:
            pulumi.log.info(f"burn-in: {sentence}")
        if not places.places:
            pulumi.log.info("burn-in: no GPU node is free, so nothing is measured; `pulumi up` continues without it.")
            return {"measured": ""}
        run = BurnIn(cluster, plan, BY, pulumi.log.info, interruption())
        try:
            outcome = burn_in(run, places)
        except InterruptedBurnInError as error:
            raise BurnInError(f"burn-in: {error}. Run `pulumi up` again; it measures from the beginning.") from None
        if outcome.verdicts:
            pulumi.log.warn(f"burn-in: {some_of(verdict.text for verdict in outcome.verdicts)}. {FAILS_LATER}")
            raise BurnInError(failure(plan, places, outcome))
        names = ", ".join(place.node.name for place in places.places)
        pulumi.log.info(f"burn-in: measured and within the limits: {names}.")
        _warn_of_few(plan, places)
        return {"measured": names}


def _warn_of_few(plan: BurnInPlan, places: Places) -> None:
    """Say where the layout has no room, unless others, or this stack's own graph, have GPUs of the rest."""
    cordoned = [node for node, reason in places.reasons.items() if reason == "cordoned"]
    if cordoned and len(places.places) < plan.nodes:
        pulumi.log.warn(
            f"burn-in: the layout needs {plan.nodes} nodes, and {len(places.places)} are left ({some_of(cordoned)}: "
            "cordoned). Pods may wait for one: `wideep doctor` shows which."
        )


def failure(plan: BurnInPlan, places: Places, outcome: Outcome) -> str:
    """Return what falls short, which nodes to cordon, and whether the layout has room on the others."""
    lines = ["The burn-in found what would slow every token down, so the graph is not made:"]
    lines += [f"  {verdict.text}" for verdict in outcome.verdicts]
    bad = sorted({verdict.node for verdict in outcome.verdicts if not verdict.of_network})
    left = len([place for place in places.places if place.node.name not in bad])
    again = "run `pulumi up` again, which measures the others and continues (the download continues meanwhile)"
    if bad and left >= plan.nodes:
        lines.append(
            f"  kubectl cordon {' '.join(bad)}, then {again}. The layout needs {plan.nodes} nodes; {left} are left."
        )
    elif bad:
        lines.append(
            f"  Repair or replace {', '.join(bad)}, then {again}. The layout needs {plan.nodes} nodes, and {left} are "
            f"left: with kubectl cordon {' '.join(bad)} it needs a smaller layout too (`wideep layouts`)."
        )
    else:
        lines.append(f"  Fix the network, then {again}.")
    lines.append("  To continue anyway: lower burnin.floor, or burnin: {enabled: false}.")
    return "\n".join(lines)


class NodeBurnIn(Resource, module="dynamo-wideep", name="NodeBurnIn"):
    """The resource."""
