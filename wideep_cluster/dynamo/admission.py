"""Whether the API server accepts a graph: its CRD is served, and the webhooks that concern it answer.

From 1.0 on the operator installs the CRDs itself (in an init container), converts between the versions of their API,
and reviews each graph through webhooks that fail closed, as Grove does for each PodCliqueSet. Right after an
installation or an upgrade none of these answers yet: the error is "connection refused" (dynamo#12712, grove#701), or an
unknown certificate authority until the operator has written its own into the webhook's ``caBundle``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wideep.dynamo.api import GROUP, GraphApi
from wideep.text import some_of
from wideep_cluster.client import Cluster
from wideep_cluster.errors import ClusterError, ForbiddenError
from wideep_cluster.kinds import CRDS, ENDPOINT_SLICES, MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS, graphs
from wideep_cluster.objects.admission import ClientConfig, CustomResource, Webhook

if TYPE_CHECKING:
    from wideep.dynamo.base import Release

__all__ = ["AdmissionError", "GraphAdmission", "await_admission", "graph_admission", "obstacles"]

SERVICE_NAME: Final = "kubernetes.io/service-name"
GROVE: Final[Mapping[str, frozenset[str]]] = {"grove.io": frozenset({"podcliquesets"})}
PAUSE_SECONDS: Final = 2.0


class AdmissionError(Exception):
    """The API server does not accept graphs yet."""


@dataclass(frozen=True)
class GraphAdmission:
    """What has to admit a graph: the API version that it is written in, and with ``grove`` also Grove's webhooks."""

    api: GraphApi
    grove: bool

    @property
    def resources(self) -> Mapping[str, frozenset[str]]:
        """By API group, the resources that the graph's author and its operator write."""
        own = {GROUP: frozenset({self.api.plural, self.api.component_plural})}
        return {**own, **(GROVE if self.grove else {})}

    def concerns(self, webhook: Webhook) -> bool:
        """Tell whether a webhook is called for any of these resources and fails closed."""
        return webhook.failure_policy == "Fail" and any(
            {group, "*"} & set(rule.api_groups)
            and {"*", *plurals} & {each.partition("/")[0] for each in rule.resources}
            for rule in webhook.rules
            for group, plurals in self.resources.items()
        )


def graph_admission(release: Release, *, grove: bool) -> GraphAdmission | None:
    """Return what admits the graphs of a release; None if no webhook is involved (up to 0.9)."""
    return GraphAdmission(release.api, grove) if release.webhooks else None


def await_admission(
    cluster: Cluster,
    wanted: GraphAdmission,
    deadline_seconds: int,
    say: Callable[[str], None],
    interrupted: threading.Event,
) -> None:
    """Return once the API server accepts graphs. Report what it waits for whenever that changes.

    Raises:
        AdmissionError: with the obstacles, if the deadline has passed or the user has interrupted.
    """
    end, said = time.monotonic() + deadline_seconds, ""
    while True:
        found = _found(cluster, wanted)
        if not found:
            return
        text = some_of(found, 4)
        if interrupted.is_set():
            raise AdmissionError(f"interrupted: {text}. `pulumi up` continues from here.")
        if time.monotonic() > end:
            raise AdmissionError(
                f"after {deadline_seconds} s the API server would still refuse a graph: {text}.\n"
                "  `wideep doctor` shows the operator's state; then `pulumi up` continues from here. If it only "
                "needs longer: platform.readyTimeoutMinutes"
            )
        if text != said:
            say(f"{text}: waiting")
        said = text
        interrupted.wait(PAUSE_SECONDS)


def obstacles(cluster: Cluster, wanted: GraphAdmission) -> Iterator[str]:
    """Yield what prevents the API server from accepting a graph now, each in a few words.

    Raises:
        ForbiddenError: the user may not read CRDs or webhooks.
        ClusterError: the API server does not answer.
    """
    crd = cluster.find(CRDS, wanted.api.crd)
    missing = _crd_obstacle(crd, wanted.api)
    if crd is None or missing:
        yield missing
        return
    if crd.spec.conversion.strategy == "Webhook":
        yield from _silent(cluster, f"the conversion webhook of {crd.name}", crd.spec.conversion.webhook.client_config)
    if not cluster.serves(graphs(wanted.api)):
        yield f"{wanted.api.api_version} is not served yet"
    for kind in (VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS):
        for configuration in cluster.list(kind).items:
            for webhook in filter(wanted.concerns, configuration.webhooks):
                yield from _silent(cluster, f"webhook {webhook.name}", webhook.client_config)


def _found(cluster: Cluster, wanted: GraphAdmission) -> list[str]:
    """Return the obstacles. If they may not be read there is no reason to wait: the provider retries what a webhook
    refuses temporarily."""
    try:
        return list(dict.fromkeys(obstacles(cluster, wanted)))
    except ForbiddenError:
        return []
    except ClusterError as error:
        if not error.is_temporary:
            raise
        return [f"the API server does not answer ({error.reason})"]


def _crd_obstacle(crd: CustomResource | None, api: GraphApi) -> str:
    """Return why the CRD is not served; empty if it is."""
    if crd is None:
        return f"CustomResourceDefinition {api.crd} is not there"
    if not crd.serves(api.version):
        return f"CustomResourceDefinition {crd.name} has no {api.version}: it is of another release"
    return "" if crd.established else f"CustomResourceDefinition {crd.name} is not established"


def _silent(cluster: Cluster, who: str, config: ClientConfig) -> Iterator[str]:
    """Yield why a webhook would not answer. Nothing is known of a webhook at a URL, because it has no Service."""
    if config.service is None:
        return
    place = config.service
    slices = cluster.list(ENDPOINT_SLICES, place.namespace, labels=f"{SERVICE_NAME}={place.name}").items
    if not any(each.ready for each in slices):
        yield f"{who} has no pod that is ready (Service {place.namespace}/{place.name})"
    elif not config.ca_bundle:
        yield f"{who} has no certificate authority yet (caBundle is empty)"
