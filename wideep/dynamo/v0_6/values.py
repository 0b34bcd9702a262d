"""Values of the chart dynamo-platform 0.6.0: which key of the stack config sets which of them.

The paths are those of the chart and of its sub-charts: dynamo-operator, etcd 12.0.18 (Bitnami) and nats 1.3.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, cast

from wideep import names
from wideep.dynamo.base import ChartValue
from wideep.settings.hardware import Toleration
from wideep.settings.platform import Grove, Platform
from wideep.settings.root import Settings

__all__ = [
    "contradicted",
    "is_restricted",
    "keeps_grove",
    "merged",
    "sub_charts",
    "typed_values",
    "values",
]

RBAC_PROXY: Final = "quay.io/brancz/kube-rbac-proxy"
"""Has the tag that the chart asks for; the repository of its default is gone."""
OPERATOR: Final = "dynamo-operator"
MANAGER: Final = (OPERATOR, "controllerManager")
NATS_POD: Final = ("nats", "podTemplate", "merge", "spec")
NATS_VOLUME: Final = ("nats", "config", "jetstream", "fileStore", "pvc")

OPTIONAL: Final = ("grove", "kai-scheduler")
STARTED_WITH_GROVE: Final[Mapping[str, object]] = {OPERATOR: {"dynamo": {"groveTerminationDelay": "15m0s"}}}
"""The chart's own 15 minutes in other words. The operator looks for Grove only when it starts, and the chart has
nothing that restarts it when Grove comes: another text of an argument does."""

Values = dict[str, object]
Path = tuple[str, ...]


def values(settings: Settings) -> Values:
    """All values of the release: what a fresh cluster needs, what the stack's keys say, and its own map over them."""
    ours: Values = {}
    for value in typed_values(settings):
        ours = merged(ours, _nested(value.path, value.value))
    found = merged(merged(_needed(settings), ours), settings.platform.values)
    return merged(STARTED_WITH_GROVE, found) if "grove" in sub_charts(found) else found


def sub_charts(values: Mapping[str, object]) -> tuple[str, ...]:
    """The optional sub-charts that these values install."""
    return tuple(name for name in OPTIONAL if _is_on(values.get(name)))


def keeps_grove(settings: Settings) -> bool:
    """Whether nothing says that Grove goes: it stays then where it is, since only it can take down what it has made."""
    said = settings.platform.values.keys() & OPTIONAL
    return settings.platform.grove is Grove.AUTO and not said and not sub_charts(_needed(settings))


def contradicted(settings: Settings) -> Iterator[tuple[ChartValue, Path, object]]:
    """Values of the stack's keys for which ``platform.values`` has another one: its path there, and that value."""
    for value in typed_values(settings):
        below: object = settings.platform.values
        path: Path = ()
        while path != value.path and isinstance(below, dict):
            path = value.path[: len(path) + 1]
            below = cast("Values", below).get(path[-1], value.value if path == value.path else {})
        if path != value.path or below != value.value:
            yield value, path, below


def merged(base: Mapping[str, object], over: Mapping[str, object]) -> Values:
    """``over`` on top of ``base``, as Helm merges values: objects key by key, all else replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = merged(cast("Values", below), cast("Values", value))
        else:
            result[key] = value
    return result


def typed_values(settings: Settings) -> tuple[ChartValue, ...]:
    """What the stack's keys set of the chart; what they leave out stays as in the chart."""
    platform = settings.platform
    found = (*_operator(platform), *_pods(platform), *_etcd(platform), *_nats(platform))
    of_platform = (ChartValue(f"platform.{key}", path, value) for key, path, value in found if value is not None)
    return (*of_platform, *_policies(settings))


_Found = Iterable[tuple[str, Path, object]]


def _needed(settings: Settings) -> Values:
    """What the chart needs on a fresh cluster today, whatever the stack says."""
    platform = settings.platform
    several_pods = any(role.nodes > 1 for role in settings.layout.roles.values())
    grove = several_pods and platform.grove is Grove.AUTO
    operator = {
        # The hook's images are gone (dynamo#4157). The Secret that it would make is made by this program, or there.
        "dynamo": {"mpiRun": {"secretName": names.MPI_SECRET, "sshKeygen": {"enabled": False}}},
        "controllerManager": {"kubeRbacProxy": {"image": {"repository": RBAC_PROXY}}},
    }
    return {OPERATOR: operator, "grove": {"enabled": grove}, "kai-scheduler": {"enabled": grove}}


def _operator(platform: Platform) -> _Found:
    restricted = True if platform.namespace_restriction else None
    yield "namespaceRestriction", (OPERATOR, "namespaceRestriction", "enabled"), restricted
    yield "prometheusEndpoint", (OPERATOR, "dynamo", "metrics", "prometheusEndpoint"), platform.prometheus_endpoint
    yield "sshKeySecret", (OPERATOR, "dynamo", "mpiRun", "secretName"), platform.ssh_key_secret
    existing = False if platform.grove is Grove.EXISTING else None
    yield "grove", ("grove", "enabled"), existing
    yield "grove", ("kai-scheduler", "enabled"), existing
    for key, container, image in (
        ("operatorImage", "manager", platform.operator_image),
        ("rbacProxyImage", "kubeRbacProxy", platform.rbac_proxy_image),
    ):
        repository, tag = _image(image)
        yield key, (*MANAGER, container, "image", "repository"), repository
        yield key, (*MANAGER, container, "image", "tag"), tag


def _image(name: str | None) -> tuple[str | None, str | None]:
    """Repository and tag; a registry's port stays with its repository."""
    if name is None:
        return None, None
    head, slash, last = name.rpartition("/")
    repository, _, tag = last.partition(":")
    return f"{head}{slash}{repository}", tag or None


def _pods(platform: Platform) -> _Found:
    """Pull secrets and placement, which each of the three charts writes differently."""
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
    """A node selector as an affinity: the operator's chart has no other way."""
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
    """The etcd chart's own policy lets everyone in, and policies add up: it makes room for ours."""
    if settings.access.network_policies:
        yield ChartValue("access.networkPolicies", ("etcd", "networkPolicy", "enabled"), value=False)


def is_restricted(values: Mapping[str, object]) -> bool:
    """Whether these values' operator looks after its own namespace only."""
    operator = values.get(OPERATOR)
    return isinstance(operator, dict) and _is_on(cast("Values", operator).get("namespaceRestriction"))


def _is_on(value: object) -> bool:
    return isinstance(value, dict) and cast("Values", value).get("enabled") is True


def _nested(path: Path, value: object) -> Values:
    for part in reversed(path[1:]):
        value = {part: value}
    return {path[0]: value}
