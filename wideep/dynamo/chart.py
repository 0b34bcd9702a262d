"""The part that is common to the dynamo-platform charts of all releases: which key of the stack config sets which
value.

The paths are those of the chart and of its sub-charts: dynamo-operator, etcd 12.0.18 (Bitnami) and nats 1.3.2, which
are the same from 0.6.0 to 1.6.0 (READMEs of the chart).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from wideep import names
from wideep.dynamo.base import ChartValue, Path, Values
from wideep.image_reference import ImageReference
from wideep.settings.hardware import Toleration
from wideep.settings.platform import Grove, Platform
from wideep.settings.root import Settings

__all__ = [
    "OPERATOR",
    "OPTIONAL",
    "ChartKeys",
    "at",
    "contradicted",
    "fresh_cluster",
    "is_on",
    "is_restricted",
    "merged",
    "nested",
    "typed_values",
    "values_of",
]

RBAC_PROXY: Final = "quay.io/brancz/kube-rbac-proxy"
"""A repository that has the tag that the charts request; their default repository no longer exists. Newer charts, whose
operator serves its metrics itself, ignore the value; with which of them that began was not found."""
OPERATOR: Final = "dynamo-operator"
MANAGER: Final = (OPERATOR, "controllerManager")
NATS_POD: Final = ("nats", "podTemplate", "merge", "spec")
NATS_VOLUME: Final = ("nats", "config", "jetstream", "fileStore", "pvc")
OPTIONAL: Final = ("grove", "kai-scheduler")


@dataclass(frozen=True)
class ChartKeys:
    """The form of the values that install a chart's sub-charts: ``grove.enabled``, or ``global.grove.install``."""

    above: Path
    below: str

    def switch(self, sub_chart: str) -> Path:
        """Return the path of the value that installs a sub-chart."""
        return (*self.above, sub_chart, self.below)

    def installs(self, values: Mapping[str, object], sub_chart: str) -> bool:
        """Tell whether these values install a sub-chart."""
        return at(values, self.switch(sub_chart)) is True

    def sub_charts(self, values: Mapping[str, object]) -> tuple[str, ...]:
        """Return the optional sub-charts that these values install."""
        return tuple(name for name in OPTIONAL if self.installs(values, name))


def values_of(needed: Values, typed: Iterable[ChartValue], settings: Settings) -> Values:
    """Return the values that a fresh cluster needs, overridden by those of the stack's keys, overridden by
    ``platform.values``."""
    ours: Values = {}
    for value in typed:
        ours = merged(ours, nested(value.path, value.value))
    return merged(merged(needed, ours), settings.platform.values)


def fresh_cluster() -> Values:
    """Return the operator's values that every chart needs on a fresh cluster, whatever the stack sets."""
    operator = {
        # The hook's images no longer exist (dynamo#4157). This program makes the hook's Secret, unless there is one.
        "dynamo": {"mpiRun": {"secretName": names.MPI_SECRET, "sshKeygen": {"enabled": False}}},
        "controllerManager": {"kubeRbacProxy": {"image": {"repository": RBAC_PROXY}}},
    }
    return {OPERATOR: operator}


def contradicted(typed: Iterable[ChartValue], settings: Settings) -> Iterator[tuple[ChartValue, Path, object]]:
    """Yield each value of the stack's keys that ``platform.values`` sets differently, with the path there and the value
    there."""
    for value in typed:
        below: object = settings.platform.values
        path: Path = ()
        while path != value.path and isinstance(below, dict):
            path = value.path[: len(path) + 1]
            below = cast("Values", below).get(path[-1], value.value if path == value.path else {})
        if path != value.path or below != value.value:
            yield value, path, below


def merged(base: Mapping[str, object], over: Mapping[str, object]) -> Values:
    """Return ``base`` with ``over`` merged into it as Helm does: objects key by key, all else replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = merged(cast("Values", below), cast("Values", value))
        else:
            result[key] = value
    return result


def typed_values(
    settings: Settings, keys: ChartKeys, *, etcd: bool, nats: bool, switch: bool = False
) -> tuple[ChartValue, ...]:
    """Return the chart values that the stack's keys set; keys that are not set keep the chart's value.

    ``etcd`` and ``nats``: whether each is installed. ``switch``: whether the chart has a switch for its PodMonitors.
    """
    platform = settings.platform
    found = (*_operator(platform, keys), *_pods(platform), *_etcd(platform), *_nats(platform))
    of_platform = (ChartValue(f"platform.{key}", path, value) for key, path, value in found if value is not None)
    return (*of_platform, *(_policies(settings) if etcd else ()), *_metrics(settings, nats=nats, switch=switch))


_Found = Iterable[tuple[str, Path, object]]


def _operator(platform: Platform, keys: ChartKeys) -> _Found:
    restricted = True if platform.namespace_restriction else None
    yield "namespaceRestriction", (OPERATOR, "namespaceRestriction", "enabled"), restricted
    yield "prometheusEndpoint", (OPERATOR, "dynamo", "metrics", "prometheusEndpoint"), platform.prometheus_endpoint
    yield "sshKeySecret", (OPERATOR, "dynamo", "mpiRun", "secretName"), platform.ssh_key_secret
    existing = False if platform.grove is Grove.EXISTING else None
    for sub_chart in OPTIONAL:
        yield "grove", keys.switch(sub_chart), existing
    for key, container, image in (
        ("operatorImage", "manager", platform.operator_image),
        ("rbacProxyImage", "kubeRbacProxy", platform.rbac_proxy_image),
    ):
        repository, tag = _image(image)
        yield key, (*MANAGER, container, "image", "repository"), repository
        yield key, (*MANAGER, container, "image", "tag"), tag


def _image(name: str | None) -> tuple[str | None, str | None]:
    """Return repository and tag; a registry's port stays with the repository."""
    image = ImageReference.parse(name) if name else None
    return (image.name, image.tag) if image else (None, None)


def _pods(platform: Platform) -> _Found:
    """Yield pull secrets and placement, which each of the three charts writes differently."""
    secrets = list(platform.image_pull_secrets) or None
    key = "imagePullSecrets"
    yield key, (OPERATOR, "imagePullSecrets"), [{"name": name} for name in secrets] if secrets else None
    yield key, ("etcd", "image", "pullSecrets"), secrets
    yield key, ("nats", "global", "image", "pullSecretNames"), secrets
    tolerations = [_toleration(each) for each in platform.tolerations] or None
    for path in ((*MANAGER, "tolerations"), ("etcd", "tolerations"), (*NATS_POD, "tolerations")):
        yield "tolerations", path, tolerations
    labels = platform.node_selector or None
    yield "nodeSelector", (*MANAGER, "affinity"), _on_nodes(labels) if labels else None
    yield "nodeSelector", ("etcd", "nodeSelector"), labels
    yield "nodeSelector", (*NATS_POD, "nodeSelector"), labels


def _toleration(toleration: Toleration) -> Values:
    return toleration.model_dump(by_alias=True, exclude_none=True)


def _on_nodes(labels: Mapping[str, str]) -> Values:
    """Return a node selector as an affinity: the operator's chart has no other way to select nodes."""
    terms = [{"key": key, "operator": "In", "values": [value]} for key, value in labels.items()]
    required = {"nodeSelectorTerms": [{"matchExpressions": terms}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def _etcd(platform: Platform) -> _Found:
    etcd = platform.etcd
    yield "etcd.persistence", ("etcd", "persistence", "enabled"), etcd.persistence
    yield "etcd.size", ("etcd", "persistence", "size"), etcd.size
    yield "etcd.storageClass", ("etcd", "persistence", "storageClass"), etcd.storage_class
    yield "etcd.replicas", ("etcd", "replicaCount"), etcd.replicas


def _nats(platform: Platform) -> _Found:
    nats = platform.nats
    several = nats.replicas is not None and nats.replicas > 1
    yield "nats.persistence", (*NATS_VOLUME, "enabled"), nats.persistence
    yield "nats.size", (*NATS_VOLUME, "size"), nats.size
    yield "nats.storageClass", (*NATS_VOLUME, "storageClassName"), nats.storage_class
    yield "nats.replicas", ("nats", "config", "cluster", "enabled"), several if nats.replicas else None
    yield "nats.replicas", ("nats", "config", "cluster", "replicas"), nats.replicas if several else None


def _policies(settings: Settings) -> Iterator[ChartValue]:
    """Yield the value that turns off the etcd chart's own NetworkPolicy: it admits everybody, and policies are
    additive."""
    if settings.access.network_policies:
        yield ChartValue("access.networkPolicies", ("etcd", "networkPolicy", "enabled"), value=False)


def _metrics(settings: Settings, *, nats: bool, switch: bool) -> Iterator[ChartValue]:
    """Yield the values that add NATS' exporter, a container of its own, and that turn off the chart's PodMonitors,
    which this program's monitors replace."""
    if not settings.monitoring.enabled:
        return
    if nats:
        yield ChartValue("monitoring.enabled", ("nats", "promExporter", "enabled"), value=True)
    if switch:
        yield ChartValue("monitoring.enabled", (OPERATOR, "dynamo", "metrics", "podMonitors", "enabled"), value=False)


def is_restricted(values: Mapping[str, object]) -> bool:
    """Tell whether the operator with these values watches its own namespace only."""
    return is_on(at(values, (OPERATOR, "namespaceRestriction")))


def is_on(value: object) -> bool:
    """Tell whether a part of a chart's values has ``enabled: true``."""
    return isinstance(value, dict) and cast("Values", value).get("enabled") is True


def at(values: object, path: Path) -> object:
    """Return the value at a path; None if there is none."""
    for part in path:
        values = cast("Values", values).get(part) if isinstance(values, dict) else None
    return values


def nested(path: Path, value: object) -> Values:
    """Return values that contain one value, at its path."""
    for part in reversed(path[1:]):
        value = {part: value}
    return {path[0]: value}
