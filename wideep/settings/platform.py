"""``platform``: the Dynamo operator with etcd and NATS, installed by this stack or already in the cluster."""

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
    """Where Grove and KAI, which start workers of several pods, come from."""

    AUTO = "auto"
    EXISTING = "existing"


class Store(SettingsModel):
    """One of the platform's two stores. Keys that are not set keep the chart's value."""

    install: bool | None = None
    """Install the store. None: as the release does by default (docs/releases.md). Only from Dynamo 1.0 on; earlier
    releases require it."""
    persistence: bool | None = None
    """Keep the store's data on a volume of its own. None: as in the chart, true."""
    size: Quantity | None = None
    """Size of that volume. None: as in the chart."""
    storage_class: ObjectName | None = None
    """None: the cluster's default class."""
    replicas: Annotated[int, Field(ge=1, le=7)] | None = None
    """Number of pods: 1, or 3, 5 or 7, of which more than half must live. None: as in the chart, 1."""


class Etcd(Store):
    """The store in which the workers register. Data that it loses is written again by the workers."""


class Nats(Store):
    """The message broker that carries requests from the frontend to the workers."""


class ChartDigests(SettingsModel):
    """Digests of the two charts. A chart with another digest is refused before anything is created."""

    crds: Digest | None = None
    """Digest of dynamo-crds, which Dynamo has up to 0.9. None: any chart of ``platform.version`` is accepted."""
    platform: Digest | None = None
    """Digest of dynamo-platform. None: any chart of ``platform.version`` is accepted."""


class Platform(SettingsModel):
    """The Dynamo platform, installed by this stack or already in the cluster."""

    version: Version = DYNAMO
    """The release of Dynamo: its charts, graph, images and engine. docs/releases.md lists the known releases, and what
    was tried on each."""
    install: bool = True
    """False: use the existing platform, and leave it in place when the stack is destroyed."""
    charts: ChartAddress | None = None
    """Where the charts come from: a Helm repository (https), an ``oci://`` registry or a folder. None: NVIDIA's."""
    digests: ChartDigests = ChartDigests()
    """Digests of the charts, to pin their content beside ``version``: ``sha256:…`` as ``helm pull`` prints it for a
    chart in a registry, or ``sha256sum`` of a chart's archive."""
    namespace_restriction: bool = False
    """True: the operator watches this namespace only, so that other namespaces can have operators of their own. False:
    it watches the whole cluster, for graphs of several namespaces."""
    grove: Grove = Grove.AUTO
    """``auto``: Grove and KAI are installed if a worker has several pods, and stay from then on; ``values: {grove:
    {enabled: false}, kai-scheduler: {enabled: false}}`` removes them (from Dynamo 1.0 on ``values: {global: {grove:
    {install: false}, kai-scheduler: {install: false}}}``). ``existing``: the cluster has them, or LeaderWorkerSet with
    Volcano."""
    image_pull_secrets: tuple[ObjectName, ...] = ()
    """Secrets of the namespace with which the images of operator, etcd and NATS are pulled."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints that operator, etcd and NATS tolerate."""
    node_selector: dict[LabelKey, LabelValue] = Field(default_factory=dict[LabelKey, LabelValue])
    """Labels of the nodes on which operator, etcd and NATS run."""
    ssh_key_secret: ObjectName | None = None
    """An existing Secret of the platform's namespace with the keys ``private.key`` and ``private.key.pub``, which the
    operator looks for at every graph. None: a Secret with a new key is made."""
    operator_image: ImageName | None = None
    """Another image for the operator, ``repository`` or ``repository:tag``. None: as in the chart."""
    rbac_proxy_image: ImageName | None = None
    """The image of kube-rbac-proxy, ``repository`` or ``repository:tag``. None: quay.io/brancz/kube-rbac-proxy, because
    the chart's own no longer exists."""
    prometheus_endpoint: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    """Address of a Prometheus, which the operator passes to the pods as PROMETHEUS_ENDPOINT."""
    ready_timeout_minutes: Annotated[int, Field(ge=1, le=120)] = 10
    """How long Helm waits for the pods of operator, etcd and NATS."""
    etcd: Etcd = Etcd()
    """The store in which workers register."""
    nats: Nats = Nats()
    """The message broker between frontend and workers."""
    values: dict[str, object] = Field(default_factory=dict[str, object])
    """Further values of the chart dynamo-platform, merged over those that this program sets. A value that contradicts a
    key of ``platform`` is an error."""
