"""Which pods would fit where: GPUs of a pod come from one node.

With one size of pods, or sizes that divide each other, filling node by node is the best there is. With others a table
over nodes and placed large pods finds it (a knapsack with two sorts of items).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Packing", "Space", "Want", "pack"]


@dataclass(frozen=True)
class Space:
    """Room on a node: GPUs that a pod could have there now. ``domain`` are nodes that reach each other by NVLink."""

    node: str
    free: int
    domain: str = ""


@dataclass(frozen=True)
class Want:
    """Pods of a role that look for a place: ``workers`` times ``pods``, of ``gpus`` each.

    ``confined``: all pods of a worker have to be in one domain.
    """

    name: str
    workers: int
    pods: int
    gpus: int
    confined: bool = False

    @property
    def count(self) -> int:
        """All pods."""
        return self.workers * self.pods


@dataclass(frozen=True)
class Packing:
    """How many pods of which role go to each node, and how many find no place."""

    placed: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    homeless: Counter[str] = field(default_factory=Counter[str])

    @property
    def complete(self) -> bool:
        """Every pod has a place."""
        return not self.homeless.total()


def pack(wants: Sequence[Want], spaces: Sequence[Space]) -> Packing:
    """Places as many pods as possible, the larger ones first."""
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
    """What is left on each node while pods are placed."""

    def __init__(self, spaces: Sequence[Space]) -> None:
        self.left = {space.node: space.free for space in spaces}
        self.placed: dict[str, Counter[str]] = {}
        self.domains: dict[str, list[str]] = {}
        for space in spaces:
            self.domains.setdefault(space.domain, []).append(space.node)

    def put(self, want: Want, count: int, node: str) -> None:
        """That many of its pods on the node."""
        if count:
            self.left[node] -= want.gpus * count
            self.placed.setdefault(node, Counter())[want.name] += count

    def fill(self, want: Want, count: int, nodes: Sequence[str] | None = None) -> int:
        """Puts pods where least room is left over; returns how many found none."""
        for node in sorted(self.left if nodes is None else nodes, key=lambda node: (self.left[node], node)):
            fitting = min(count, self.left[node] // want.gpus)
            self.put(want, fitting, node)
            count -= fitting
        return count

    def holds(self, want: Want, domain: str) -> int:
        """Pods of the sort that the domain still has room for."""
        return sum(self.left[node] // want.gpus for node in self.domains[domain])


def _by_domain(want: Want, room: _Room) -> int:
    """Each worker into the fullest domain that can hold it whole; returns the pods of those that found none."""
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
    """Most large pods, and with them most small ones. ``best[k]`` is the most small pods beside ``k`` large ones."""
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
    """The table after one more node, and how many large pods each entry puts on it."""
    after, chosen = [-1] * len(best), [0] * len(best)
    for k, count in enumerate(best):
        if count < 0:
            continue
        for here in range(min(free // large.gpus, large.count - k) + 1):
            total = count + (free - here * large.gpus) // small.gpus
            if total > after[k + here]:
                after[k + here], chosen[k + here] = total, here
    return after, chosen
