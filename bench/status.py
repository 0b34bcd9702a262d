"""``wideep status``, ``logs`` and ``doctor`` on a large cluster: ``python -m bench.status [--graphs 100]``.

Brings up its own simulated cluster (SIM_ID), creates the graphs (as Pulumi would write them, without Pulumi) and waits
until all are ready. Prints one JSON object: the cluster's figures, and for each command on one stack its wall time, its
peak memory and its requests to the API server, from the server's audit log.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, Final

from bench.fleet import GRAPH_LABEL, GRAPH_NODES, Fleet, fleet
from bench.measured import measured
from sim.cluster.audit import Account
from wideep_cli.stack_context import load
from wideep_cli.stack_file import read_stack_file

COMMANDS: Final = {
    "status": ("status",),
    "logs": ("logs", "--role", "decode", "--tail", "5"),
    "doctor": ("doctor", "--offline"),
}
READY_SECONDS: Final = 1800


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=None, help="by default ten for each graph")
    options = parser.parse_args()
    nodes = options.nodes or options.graphs * GRAPH_NODES
    figures: dict[str, Any] = {"graphs": options.graphs, "nodes": nodes, "gpus": 8 * nodes}
    with fleet(options.graphs, nodes, figures) as found:
        began = time.monotonic()
        make_graphs(found)
        figures["graphs_ready_s"] = round(time.monotonic() - began)
        figures["pods"] = len(found.items("pods", "--selector", GRAPH_LABEL))
        figures["sim_mb"] = found.footprint()
        figures |= look(found, found.stacks[len(found.stacks) // 2])
        print(json.dumps(figures, indent=2), flush=True)


def make_graphs(found: Fleet) -> None:
    """Create the namespace, token, claim and graph of each stack; return once all graphs are ready."""
    for stack in found.stacks:
        made = {"apiVersion": "v1", "kind": "List", "items": objects(found, stack)}
        found.kubectl("apply", "--server-side", "--filename=-", given=json.dumps(made))
        sys.stderr.write(f"{stack} is written\n")
    every = ("dynamographdeployments", "--all", "--all-namespaces")
    found.kubectl("wait", *every, "--for=condition=Ready", f"--timeout={READY_SECONDS}s")


def objects(found: Fleet, stack: str) -> list[dict[str, Any]]:
    """Return the objects of a stack that its graph needs on the cluster, and the graph."""
    plan = load(read_stack_file(found.folder / f"Pulumi.{stack}.yaml")).plan
    assert plan.token is not None  # noqa: S101 - the fleet's stacks have one
    claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Ti"}}}
    place = {"namespace": plan.namespace}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": plan.namespace}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": place | {"name": plan.token.secret},
            "stringData": {plan.token.key: "none"},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": place | {"name": plan.cache.claim},
            "spec": claim,
        },
        plan.graph.manifest(),
    ]


def look(found: Fleet, stack: str) -> dict[str, Any]:
    """Return the figures of each command, from the second of two calls, because the first runs with cold caches."""
    figures: dict[str, Any] = {}
    for name, command in COMMANDS.items():
        account = Account.make(found.cluster, name)
        runs = [
            measured(account, found.folder, found.env, *command, "--stack", stack, "--output", "json") for _ in range(2)
        ]
        figures[name] = runs[-1].figures()
    return figures


if __name__ == "__main__":
    main()
