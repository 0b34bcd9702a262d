"""Read the metrics of a graph's pods, through port-forwards that last for one query."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from wideep.dynamo import release
from wideep_cli.deployment import DeployedGraph, GraphPod
from wideep_cli.exposition import Page
from wideep_cli.top.figures import ENGINE, Pages, Serving, Worker, serving, worker
from wideep_cluster import ClusterError, ForbiddenError, UnreachableError, forward
from wideep_cluster.dynamo.frontend import get

__all__ = ["Look", "Top", "figures", "look"]

AT_ONCE: Final = 16
NO_METRICS: Final = "exposes no metrics of SGLang. Set monitoring.enabled: true, with which the workers expose them."
OTHER_ENGINE: Final = "only SGLang's metrics are read."
FURTHER_POD: Final = "Further pods of a worker refuse it on Dynamo 1.x (dynamo#11912): the figures lack their ranks."


@dataclass(frozen=True)
class Look:
    """What each pod answered, or why it did not, by the pod's name. ``at``: seconds of a monotonic clock."""

    at: float
    members: tuple[GraphPod, ...]
    answers: Mapping[str, Page | str]


@dataclass(frozen=True)
class Top:
    """The figures between two looks. ``serving`` is a sentence if no frontend responds."""

    seconds: float
    serving: Serving | str
    workers: tuple[Worker, ...]


def look(live: DeployedGraph) -> Look:
    """Query all pods of the graph in parallel.

    Raises:
        ClusterError: the graph has no pods, or the cluster does not respond.
        ForbiddenError: the user may not list pods or forward ports.
    """
    members = live.members()
    if not members:
        raise ClusterError(
            f"Graph {live.plan.name} has no pods in namespace {live.plan.namespace}.\n  Run wideep status."
        )

    def ask(member: GraphPod) -> Page | str:
        return _ask(live, member)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, members))
    named = {member.pod.name: answer for member, answer in zip(members, answers, strict=True)}
    return Look(time.monotonic(), members, named)


def _ask(live: DeployedGraph, member: GraphPod) -> Page | str:
    known = release(live.plan.platform.version)
    port = known.system_port if member.role else known.frontend_port
    try:
        with forward(live.cluster, member.pod, port) as local:
            return Page.read(get(local, "/metrics", who=f"Port {port} of the pod"))
    except (ForbiddenError, UnreachableError):
        raise
    except ClusterError as error:
        return str(error)


def figures(live: DeployedGraph, before: Look, now: Look) -> Top:
    """Return the figures between two looks. A worker's pod that did not answer the first has no rates yet."""
    seconds = max(now.at - before.at, 0.001)
    frontends = [member for member in now.members if member.role is None]
    said = [now.answers[member.pod.name] for member in frontends]
    answered = [page for page in said if isinstance(page, Page)]
    if answered:
        pages = _pages(before, now, frontends, seconds, live.plan.model)
        served: Serving | str = serving(pages, live.plan.gpus)
    else:
        served = next((each for each in said if isinstance(each, str)), "There is no frontend.")
    workers = tuple(_worker(live, member, before, now, seconds) for member in now.members if member.role)
    return Top(seconds, served, workers)


def _pages(before: Look, now: Look, members: Sequence[GraphPod], seconds: float, model: str) -> Pages:
    """Combine several pods' pages into one, without the pods that do not answer now."""
    named = {each.pod.name: now.answers[each.pod.name] for each in members}
    answered = {name: page for name, page in named.items() if isinstance(page, Page)}
    return Pages(
        _joined(_earlier(before, name, page) for name, page in answered.items()).of_model(model),
        _joined(answered.values()).of_model(model),
        seconds,
    )


def _earlier(before: Look, pod: str, page: Page) -> Page:
    """Return the pod's page of the first look; without one the page of now, so that nothing counts as gained."""
    found = before.answers.get(pod)
    return found if isinstance(found, Page) else page


def _joined(pages: Iterable[Page]) -> Page:
    return Page(tuple(sample for page in pages for sample in page.samples))


def _worker(live: DeployedGraph, member: GraphPod, before: Look, now: Look, seconds: float) -> Worker:
    page = now.answers[member.pod.name]
    if isinstance(page, str):
        further = f" {FURTHER_POD}" if member.rank > 0 else ""
        return Worker(member.place, member.pod.name, note=f"{page}{further}")
    if not page.has(ENGINE):
        engine = live.loaded.settings.backend
        note = NO_METRICS if engine == "sglang" else f"runs {engine}; {OTHER_ENGINE}"
        return Worker(member.place, member.pod.name, note=note)
    pages = Pages(_earlier(before, member.pod.name, page), page, seconds)
    return worker(member.place, member.pod.name, pages)
