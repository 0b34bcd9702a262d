"""The burn-in as a resource: it is created once the free nodes have been measured and no GPU or link falls short.

The measuring and the limits are in ``wideep_cluster.burnin``, which is imported only when needed: a process that only
destroys does not use it.
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

if TYPE_CHECKING:  # the engine unpickles providers in a separate process, which does not need the domain model
    from wideep.plan.burnin import BurnInPlan
    from wideep_cluster.burnin.outcome import Outcome
    from wideep_cluster.burnin.places import Places

__all__ = ["BurnInError", "BurnInProvider", "NodeBurnIn", "failure"]

BY: Final = "up"
HOW: Final = ("plan", "image")
"""Properties that say how to measure rather than what. A new image is no reason to measure again."""
FAILS_LATER: Final = "`pulumi up` will fail and say what to do, once what runs beside the burn-in has finished."
"""Added to the immediate warning: the engine prints an error in full only when the download, which may take hours, is
over."""


class BurnInError(Exception):
    """A GPU, a link or a node falls short."""


class BurnInProvider(ClusterProvider):
    """A provider whose ``create`` returns once the free nodes have been measured without a finding, or if no node is
    free. ``update`` measures again only if the ``subject`` has changed. Properties: the common ones, the ``graph``'s
    name, the ``plan`` (a BurnInPlan as JSON), the ``image``, and ``subject``, a text that says what is measured."""

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
        """Delete the stored figures. A failure is only a warning, because nothing else depends on it."""
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
    """Warn if too few nodes are left for the layout because nodes are cordoned. Nodes that other workloads, or this
    stack's own graph, occupy are no reason to warn."""
    cordoned = [node for node, reason in places.reasons.items() if reason == "cordoned"]
    if cordoned and len(places.places) < plan.nodes:
        pulumi.log.warn(
            f"burn-in: the layout needs {plan.nodes} nodes, and {len(places.places)} are left ({some_of(cordoned)}: "
            "cordoned). Pods may wait for one: `wideep doctor` shows which."
        )


def failure(plan: BurnInPlan, places: Places, outcome: Outcome) -> str:
    """Return what falls short, which nodes to cordon, and whether the remaining nodes suffice for the layout."""
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
    """The resource behind a BurnIn."""
