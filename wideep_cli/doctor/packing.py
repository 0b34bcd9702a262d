"""Work out which pods fit on which nodes. All GPUs of a pod come from one node.

If pods have one size, or sizes that divide each other, filling node by node is optimal. Otherwise a table over nodes
and placed large pods finds the optimum (a knapsack with two kinds of items).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Packing", "Space", "Want", "pack"]


@dataclass(frozen=True)
class Space:
    """GPUs that are free on a node. Nodes of the same ``domain`` reach each other over NVLink."""

    node: str
    free: int
    domain: str = ""


@dataclass(frozen=True)
class Want:
    """Pods of a role to place: ``workers`` times ``pods``, of ``gpus`` GPUs each.

    ``confined``: all pods of a worker must be in one NVLink domain.
    """

    name: str
    workers: int
    pods: int
    gpus: int
    confined: bool = False

    @property
    def count(self) -> int:
        """The number of pods of all workers."""
        return self.workers * self.pods


@dataclass(frozen=True)
class Packing:
    """How many pods of each role go to each node, and how many do not fit."""

    placed: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    homeless: Counter[str] = field(default_factory=Counter[str])

    @property
    def complete(self) -> bool:
        """Whether every pod has a place."""
        return not self.homeless.total()


def pack(wants: Sequence[Want], spaces: Sequence[Space]) -> Packing:
    """Place as many pods as possible, the larger ones first."""
    ordered = sorted((want for want in wants if want.count), key=lambda want: -want.gpus)
    room = _Room(spaces)
    homeless: Counter[str] = Counter()
    free = [want for want in ordered if not want.confined]
    for want in ordered:
        if want.confined:
            homeless[want.name] += _by_domain(want, room)
    if len(free) == 2 and free[0].gpus % free[1].gpus:
        homeless.update(_by_table(free[0], free[1], room))
    else:
        for want in free:
            homeless[want.name] += room.fill(want, want.count)
    return Packing(room.placed, +homeless)


class _Room:
    """The GPUs left on each node while pods are placed."""

    def __init__(self, spaces: Sequence[Space]) -> None:
        self.left = {space.node: space.free for space in spaces}
        self.placed: dict[str, Counter[str]] = {}
        self.domains: dict[str, list[str]] = {}
        for space in spaces:
            self.domains.setdefault(space.domain, []).append(space.node)

    def put(self, want: Want, count: int, node: str) -> None:
        """Place ``count`` pods on the node."""
        if count:
            self.left[node] -= want.gpus * count
            self.placed.setdefault(node, Counter())[want.name] += count

    def fill(self, want: Want, count: int, nodes: Sequence[str] | None = None) -> int:
        """Place pods on the nodes, the fullest first; return how many do not fit."""
        for node in sorted(self.left if nodes is None else nodes, key=lambda node: (self.left[node], node)):
            fitting = min(count, self.left[node] // want.gpus)
            self.put(want, fitting, node)
            count -= fitting
        return count

    def holds(self, want: Want, domain: str) -> int:
        """Return how many more such pods fit in the domain."""
        return sum(self.left[node] // want.gpus for node in self.domains[domain])


def _by_domain(want: Want, room: _Room) -> int:
    """Place each worker in the fullest domain that can hold all of it; return how many pods do not fit."""
    missing = 0
    for _ in range(want.workers):
        fitting = sorted((room.holds(want, domain), domain) for domain in room.domains)
        chosen = next((domain for count, domain in fitting if count >= want.pods), None)
        if chosen is None:
            missing += want.pods
        else:
            room.fill(want, want.pods, room.domains[chosen])
    return missing


def _by_table(large: Want, small: Want, room: _Room) -> Counter[str]:
    """Place as many large pods as possible, then as many small ones; return how many of each do not fit.

    ``best[k]`` is the largest number of small pods that fit beside ``k`` large ones.
    """
    nodes = sorted(room.left)
    best: list[int] = [0] + [-1] * large.count
    choices: list[list[int]] = []
    for node in nodes:
        best, chosen = _with_node(best, room.left[node], large, small)
        choices.append(chosen)
    k = placed = max(k for k, count in enumerate(best) if count >= 0)
    for node, chosen in zip(reversed(nodes), reversed(choices), strict=True):
        here = chosen[k]
        room.put(large, here, node)
        k -= here
    return Counter({large.name: large.count - placed, small.name: room.fill(small, small.count)})


def _with_node(best: list[int], free: int, large: Want, small: Want) -> tuple[list[int], list[int]]:
    """Return the table after one more node, and how many large pods each entry puts on that node."""
    after, chosen = [-1] * len(best), [0] * len(best)
    for k, count in enumerate(best):
        if count < 0:
            continue
        for here in range(min(free // large.gpus, large.count - k) + 1):
            total = count + (free - here * large.gpus) // small.gpus
            if total > after[k + here]:
                after[k + here], chosen[k + here] = total, here
    return after, chosen
