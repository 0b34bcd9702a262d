"""``platform``: the Dynamo operator with etcd and NATS, installed by this stack or there already."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel
from wideep.settings.grammar import ChartAddress, LabelKey, LabelValue, ObjectName, Version
from wideep.settings.hardware import Toleration
from wideep.settings.quantity import Quantity
from wideep.versions import DYNAMO

__all__ = ["ChartDigests", "Etcd", "Grove", "Nats", "Platform"]

_IMAGE: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]*?(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$"
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ImageName = Annotated[str, StringConstraints(pattern=_IMAGE, max_length=300)]


class Grove(StrEnum):
    """Where Grove and KAI come from, which start the workers of several pods."""

    AUTO = "auto"
    EXISTING = "existing"


class Store(SettingsModel):
    """One of the two stores of the platform. What is not set is as in the chart."""

    install: bool | None = None
    """Install it. None: as the release does it (docs/releases.md). Only from Dynamo 1.0 on: before, it is needed."""
    persistence: bool | None = None
    """Keep its data on a volume of its own. None: as in the chart, true."""
    size: Quantity | None = None
    """Size of that volume. None: as in the chart."""
    storage_class: ObjectName | None = None
    """None: the cluster's default class."""
    replicas: Annotated[int, Field(ge=1, le=7)] | None = None
    """Its pods: 1, or 3, 5 or 7, of which more than half must live. None: as in the chart, 1."""


class Etcd(Store):
    """Where the workers register. It loses nothing that they do not write again."""


class Nats(Store):
    """What carries requests from the frontend to the workers."""


class ChartDigests(SettingsModel):
    """What the two charts hash to. One that hashes to something else is refused before anything is made."""

    crds: Digest | None = None
    """Of dynamo-crds, which Dynamo has up to 0.9. None: any chart of ``platform.version`` is taken."""
    platform: Digest | None = None
    """Of dynamo-platform. None: any chart of ``platform.version`` is taken."""


class Platform(SettingsModel):
    """The Dynamo platform: installed by this stack, or there already."""

    version: Version = DYNAMO
    """The release of Dynamo: of its charts, its graph, its images and its engine. docs/releases.md has those that are
    known, and what of each was tried."""
    install: bool = True
    """False: use the platform that is there, and leave it when the stack is destroyed."""
    charts: ChartAddress | None = None
    """Where the charts come from: a Helm repository (https), an ``oci://`` registry or a folder. None: NVIDIA's."""
    digests: ChartDigests = ChartDigests()
    """The charts by content, beside ``version``: ``sha256:…`` as ``helm pull`` prints it of a chart in a registry, or
    ``sha256sum`` of a chart's archive."""
    namespace_restriction: bool = False
    """True: the operator looks after this namespace only, so that other namespaces can have operators of their own.
    False: it looks after the whole cluster, for graphs of several namespaces."""
    grove: Grove = Grove.AUTO
    """``auto``: Grove and KAI are installed where a worker has several pods, and stay from then on; ``values: {grove:
    {enabled: false}, kai-scheduler: {enabled: false}}`` takes them away (from Dynamo 1.0 on ``values: {global: {grove:
    {install: false}, kai-scheduler: {install: false}}}``). ``existing``: the cluster has them, or LeaderWorkerSet with
    Volcano."""
    image_pull_secrets: tuple[ObjectName, ...] = ()
    """Secrets of the namespace with which operator, etcd and NATS are pulled."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints that operator, etcd and NATS tolerate."""
    node_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict[LabelKey, LabelValue])
    """Labels of the nodes that operator, etcd and NATS run on."""
    ssh_key_secret: ObjectName | None = None
    """A Secret of the platform's namespace that exists, with the keys ``private.key`` and ``private.key.pub``: the
    operator looks for it at every graph. None: one is made, with a key of its own."""
    operator_image: ImageName | None = None
    """The operator's image from elsewhere, ``repository`` or ``repository:tag``. None: as in the chart."""
    rbac_proxy_image: ImageName | None = None
    """The image of kube-rbac-proxy, ``repository`` or ``repository:tag``. None: quay.io/brancz/kube-rbac-proxy, because
    the chart's own is gone."""
    prometheus_endpoint: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    """Address of a Prometheus, which the operator hands to the pods as PROMETHEUS_ENDPOINT."""
    ready_timeout_minutes: Annotated[int, Field(ge=1, le=120)] = 10
    """How long Helm waits for the pods of operator, etcd and NATS."""
    etcd: Etcd = Etcd()
    """The store in which workers register."""
    nats: Nats = Nats()
    """The messages between frontend and workers."""
    values: dict[str, object] = Field(default_factory=dict[str, object])
    """Further values of the chart dynamo-platform, merged over the ones that this program sets. One that contradicts a
    key of ``platform`` is an error."""
