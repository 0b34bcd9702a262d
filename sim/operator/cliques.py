"""The simulated Grove operator's reconciliation of a PodCliqueSet: cliques, their pods gang by gang, and status.

All pods of a gang are released to the scheduler together, and only once the nodes have room for all of them. Pods of an
older template are replaced in turn (``sim.operator.rollout``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.operator import contract, graph, grove, rollout
from sim.operator.contract import Manifest
from sim.operator.kube import Kind, Kube
from sim.operator.operators import Operators
from sim.operator.work_queue import Key

FINALIZER = "grove.io/podcliqueset.grove.io"
GPU = "nvidia.com/gpu"
SOURCE = "grove-operator"


class NoRoomError(Exception):
    """A gang waits for free GPUs; raised so that the queue retries."""


def gpus(pod: Manifest) -> int:
    """Return the GPUs that a pod requests."""
    limits = ((one.get("resources") or {}).get("limits") or {} for one in pod["spec"]["containers"])
    return sum(int(limit.get(GPU, 0)) for limit in limits)


def fits(wanted: list[int], free: list[int]) -> bool:
    """Tell whether pods that want these numbers of GPUs fit on nodes with these free GPUs, placing the largest
    first."""
    room = sorted(free, reverse=True)
    for need in sorted(wanted, reverse=True):
        place = next((index for index, there in enumerate(room) if there >= need), None)
        if place is None:
            return False
        room[place] -= need
    return True


@dataclass
class CliqueSetReconciler:
    """Reconciles PodCliqueSets: the PodCliques, PodCliqueScalingGroups and pods of each."""

    kube: Kube
    operators: Operators

    async def __call__(self, key: Key) -> None:
        live = await self.kube.get(Kind.CLIQUE_SET, *key)
        if not live or not self.operators.grove_lives():
            return
        if "deletionTimestamp" in live["metadata"]:
            await self._finalize(live)
            return
        if FINALIZER not in live["metadata"].get("finalizers", []):
            patch = {"metadata": {"finalizers": [*live["metadata"].get("finalizers", []), FINALIZER]}}
            await self.kube.patch(Kind.CLIQUE_SET, *key, patch)
        for group in grove.scaling_groups(live):
            await self.kube.apply(Kind.SCALING_GROUP, group)
        gangs = grove.gangs(live)
        await self._remove_others(live, {clique["metadata"]["name"] for gang in gangs for clique in gang.cliques})
        found = {one["metadata"]["name"]: await self._clique(one) for gang in gangs for one in gang.cliques}
        gone = await self._roll(gangs, found)
        pods = {name: [pod for pod in unit.pods if pod["metadata"]["name"] not in gone] for name, unit in found.items()}
        await self._report(live, gangs, pods)
        await self._let_go(live, gangs, pods)

    async def _finalize(self, live: Manifest) -> None:
        """Delete cliques and groups first; the event of the last one to go brings the set back here."""
        meta = live["metadata"]
        left = 0
        for kind in (Kind.CLIQUE, Kind.SCALING_GROUP):
            for child in await self.kube.find(kind, meta["namespace"], f"{contract.LABEL_CLIQUE_SET}={meta['name']}"):
                left += 1
                await self.kube.delete(kind, meta["namespace"], child["metadata"]["name"])
        if not left and FINALIZER in meta.get("finalizers", []):
            kept = [name for name in meta["finalizers"] if name != FINALIZER]
            await self.kube.patch(Kind.CLIQUE_SET, meta["namespace"], meta["name"], {"metadata": {"finalizers": kept}})

    async def _remove_others(self, live: Manifest, wanted: set[str]) -> None:
        meta = live["metadata"]
        for clique in await self.kube.find(
            Kind.CLIQUE, meta["namespace"], f"{contract.LABEL_CLIQUE_SET}={meta['name']}"
        ):
            if clique["metadata"]["name"] not in wanted:
                await self.kube.delete(Kind.CLIQUE, meta["namespace"], clique["metadata"]["name"])

    async def _clique(self, wanted: Manifest) -> rollout.Unit:
        """Create a clique's missing pods, delete surplus ones, and return the wanted ones."""
        clique = await self.kube.apply(Kind.CLIQUE, wanted)
        meta = clique["metadata"]
        there = await self.kube.find(Kind.POD, meta["namespace"], f"{contract.LABEL_CLIQUE}={meta['name']}")
        by_name = {pod["metadata"]["name"]: pod for pod in there}
        found = rollout.Unit(clique["spec"]["replicas"])
        for index in range(found.wanted):
            made = grove.pod(clique, index)
            pod = by_name.pop(made["metadata"]["name"], None) or await self.kube.create(Kind.POD, made)
            found.pods.append(pod)
            if pod["metadata"]["annotations"].get(grove.TEMPLATE) != made["metadata"]["annotations"][grove.TEMPLATE]:
                found.outdated.append(pod)
        for name in by_name:
            await self.kube.delete(Kind.POD, meta["namespace"], name)
        return found

    async def _roll(self, gangs: list[grove.Gang], found: Mapping[str, rollout.Unit]) -> set[str]:
        """Delete the pods of an older template whose turn it is; return the names of all pods in deletion."""
        turns: dict[str, list[rollout.Unit]] = {}
        for gang in gangs:
            units = [found[clique["metadata"]["name"]] for clique in gang.cliques]
            if gang.group:
                turns.setdefault(gang.group, []).append(rollout.together(units))
            else:
                turns[gang.cliques[0]["metadata"]["name"]] = rollout.pod_by_pod(units[0])
        pods = (pod["metadata"] for unit in found.values() for pod in unit.pods)
        gone = {meta["name"] for meta in pods if "deletionTimestamp" in meta}
        for units in turns.values():
            for pod in rollout.outgoing(units):
                await self.kube.delete(Kind.POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
                gone.add(pod["metadata"]["name"])
        return gone

    async def _let_go(self, live: Manifest, gangs: list[grove.Gang], pods: dict[str, list[Manifest]]) -> None:
        """Remove the gate from the pods of each gang that has room; raise NoRoomError for the first that has none."""
        no_room = ""
        for gang in gangs:
            gated = [
                pod
                for clique in gang.cliques
                for pod in pods[clique["metadata"]["name"]]
                if pod["spec"].get("schedulingGates")
            ]
            wanted = [gpus(pod) for pod in gated]
            if gated and not fits(wanted, await self._free_gpus()):
                names = ", ".join(pod["metadata"]["name"] for pod in gated)
                no_room = no_room or f"no room for all pods of the gang at once: {names} want {sum(wanted)} GPUs"
                continue
            for pod in gated:
                meta = pod["metadata"]
                patch = {"spec": {"schedulingGates": [{"$patch": "replace"}]}}
                await self.kube.patch(Kind.POD, meta["namespace"], meta["name"], patch)
        if no_room:
            await self.kube.event(live, "Warning", "Unschedulable", no_room, SOURCE)
            raise NoRoomError(no_room)

    async def _free_gpus(self) -> list[int]:
        free: dict[str, int] = {}
        for node in await self.kube.find(Kind.NODE):
            if not node["spec"].get("unschedulable"):
                free[node["metadata"]["name"]] = int((node.get("status") or {}).get("allocatable", {}).get(GPU, 0))
        for pod in await self.kube.find(Kind.POD):
            ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
            placed = pod["spec"].get("nodeName")
            if placed in free and not ended:
                free[placed] -= gpus(pod)
        return list(free.values())

    async def _report(self, live: Manifest, gangs: list[grove.Gang], pods: dict[str, list[Manifest]]) -> None:
        available, scheduled = dict[str, int](), dict[str, int]()
        whole = True
        for gang in gangs:
            complete = placed = True
            for clique in gang.cliques:
                of_clique = pods[clique["metadata"]["name"]]
                ready = sum(graph.is_ready(pod) for pod in of_clique)
                complete = complete and ready == clique["spec"]["replicas"]
                gated = sum(bool(pod["spec"].get("schedulingGates")) for pod in of_clique)
                placed = placed and not gated
                await self._status(Kind.CLIQUE, clique, grove.clique_status(len(of_clique), ready, gated))
            whole = whole and complete
            if gang.group:
                available[gang.group] = available.get(gang.group, 0) + complete
                scheduled[gang.group] = scheduled.get(gang.group, 0) + placed
        for group in grove.scaling_groups(live):
            name = group["metadata"]["name"]
            status = grove.group_status(group, available[name], scheduled[name])
            await self._status(Kind.SCALING_GROUP, group, status)
        await self._status(Kind.CLIQUE_SET, live, grove.set_status(live, whole))

    async def _status(self, kind: Kind, subject: Manifest, status: Manifest) -> None:
        meta = subject["metadata"]
        await self.kube.patch(kind, meta["namespace"], meta["name"], {"status": status}, status=True)
