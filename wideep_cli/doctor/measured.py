"""Compare the nodes of a running graph with what they were when ``wideep burnin`` measured them."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.burnin.kept import KeptNode
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cluster.burnin.keep import map_name, nodes_of
from wideep_cluster.gpu_nodes import PRODUCT_LABEL
from wideep_cluster.objects import Node

__all__ = ["measured_findings"]

CHECK = "burn-in"


def measured_findings(case: CheckContext) -> Iterator[Finding]:
    """Check that each node of the graph was measured, passed, and is still the same machine.

    Yield nothing if no burn-in was enabled or recorded, or if no worker runs.
    """
    names = sorted({pod.spec.node_name for pod in case.graph_pods if pod.gpus and pod.spec.node_name})
    figures = next((each for each in case.view.figures.items if each.name == map_name(case.plan.name)), None)
    if not names or not (figures or case.settings.burnin.enabled):
        return
    if case.view.figures.error:
        advice = "`wideep rbac` prints the Role."
        yield unknown(Section.GPUS, CHECK, f"Cannot tell what the nodes were: {case.view.figures.error}", advice)
        return
    measured = {node.node: node for node in nodes_of(figures)} if figures else {}
    nodes = {node.name: node for node in case.view.nodes.items}
    unlike = {name: fact for name in names if name in measured and (fact := _unlike(measured[name], nodes.get(name)))}
    never = [name for name in names if name not in measured]
    for name, fact in unlike.items():
        fix = f"kubectl cordon {name} and delete its worker's pods; once it is free: wideep burnin --nodes {name}"
        yield fails(Section.GPUS, CHECK, f"{name}: {fact}.", fix)
    if never:
        what = f"Nodes of the graph that were never measured: {some_of(never)}."
        yield unknown(Section.GPUS, CHECK, what, "wideep burnin measures free nodes: before their next worker.")
    elif not unlike:
        since = min(measured[name].when for name in names)[:10]
        yield holds(
            Section.GPUS, CHECK, f"The graph's nodes ({some_of(names)}) are as they were measured (since {since})."
        )


def _unlike(was: KeptNode, node: Node | None) -> str:
    """Return what has changed since the measurement, or how the node fell short in it; empty if neither."""
    when = f"when it was measured on {was.when[:10]}"
    if was.verdicts:
        return f"it fell short {when}: {was.verdicts[0].rstrip('.')}"
    if node is None:
        return ""
    machine, product = node.status.node_info.system_uuid, node.labels.get(PRODUCT_LABEL, "")
    if was.machine and machine and was.machine != machine:
        return f"it is another machine than {when} (systemUUID {machine}, was {was.machine})"
    if node.gpus < len(was.gpus):
        return f"it offers {node.gpus} GPUs, and had {len(was.gpus)} {when}"
    names = {gpu.name.replace(" ", "-") for gpu in was.gpus if gpu.name}
    if product and names and product not in names:
        return f"its GPUs are {product}, and were {some_of(sorted(names))} {when}"
    return ""
