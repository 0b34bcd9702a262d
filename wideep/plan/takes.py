"""What a stack takes before it serves, and at an update: GPUs, time, volume, objects of the cluster, and money.

The time of a transfer is its size divided by the link's rate: no disk, registry or hub is faster, and most are slower.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from wideep.memory.weights import model_bytes
from wideep.plan.base import PlanModel
from wideep.plan.parts import Plan
from wideep.price import per_million_tokens
from wideep.rules.updates import Update, update_of
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.settings.quantity import quantity_bytes

__all__ = ["BUILD_MINUTES", "IMAGE_GB", "LINKS_GBIT", "ImageTakes", "Takes", "takes", "transfer_seconds"]

LINKS_GBIT: Final = (1, 10, 100)
"""Link rates in Gbit/s for which transfer times are shown."""
BUILD_MINUTES: Final = (30, 60)
"""Minutes to build the image from Dynamo's Dockerfile without a cache, on an adequate machine."""
IMAGE_GB: Final = 20.0
"""Approximate size of that image. NVIDIA's own is assumed to be as large; it was not measured."""
REVISIONS: Final = 2
"""A volume with room for this many revisions takes a new one while pods read the old one."""


class ImageTakes(PlanModel):
    """How the pods' image gets to the nodes."""

    built: bool
    build_minutes: tuple[int, int] | None
    gigabytes: float


class Takes(PlanModel):
    """What a stack takes. Sizes are decimal GB, times seconds."""

    gpus: int
    gpus_reserved: int
    """GPUs of all nodes of ``hardware``."""
    nodes: int
    pods: int
    """Pods of the graph: workers and frontends."""
    image: ImageTakes
    weights_gb: float
    download: bool
    """False: the weights are on the volume already."""
    transfer_seconds: dict[int, float]
    """Seconds to transfer the weights, by the link's Gbit/s: for the download, and for each pod's read from a volume
    behind such a link."""
    download_deadline_seconds: int | None
    start_deadline_seconds: int
    """Seconds that `pulumi up` waits for the graph."""
    volume_gb: float | None
    """None: each node's own disk, or a claim whose size is not known here."""
    two_revisions_gb: float
    """GB that a volume needs for a new revision beside the old one if they have no file in common."""
    objects: dict[str, int]
    """What the stack itself creates and keeps on the cluster, by kind, including the ConfigMap of a burn-in's figures.
    The objects of Helm releases are not counted; the Jobs of a burn-in are deleted once they have measured."""
    updates: dict[Role, Update]
    price_per_hour: float | None
    """Price of all GPUs of ``hardware``, in the price's own currency. None: the stack sets no price."""

    def price_per_million_tokens(self, tokens_per_second_per_gpu: float) -> float | None:
        """Return the price of a million output tokens if the layout's GPUs serve this rate all the time; idle GPUs cost
        as much. None: the stack sets no price."""
        if self.price_per_hour is None:
            return None
        return per_million_tokens(self.price_per_hour, tokens_per_second_per_gpu * self.gpus)


def takes(settings: Settings, plan: Plan) -> Takes:
    """Return what the stack of these settings, whose Plan is ``plan``, takes."""
    size = settings.model.disk_bytes or model_bytes(settings.model)
    price, reserved = settings.hardware.price_per_gpu_hour, settings.hardware.gpus
    built = plan.image_source.build is not None
    return Takes(
        gpus=plan.gpus,
        gpus_reserved=reserved,
        nodes=plan.nodes,
        pods=sum(part.pods for part in plan.graph.parts),
        image=ImageTakes(built=built, build_minutes=BUILD_MINUTES if built else None, gigabytes=IMAGE_GB),
        weights_gb=round(size / 1e9, 1),
        download=settings.model_cache.download,
        transfer_seconds={link: transfer_seconds(size, link) for link in LINKS_GBIT},
        download_deadline_seconds=plan.download.deadline_seconds if plan.download else None,
        start_deadline_seconds=plan.ready_timeout_seconds,
        volume_gb=round(quantity_bytes(plan.cache.size) / 1e9, 1) if plan.cache.create else None,
        two_revisions_gb=round(REVISIONS * size / 1e9, 1),
        objects=_objects(plan),
        updates={role: update_of(settings, role) for role in settings.layout.roles},
        price_per_hour=None if price is None else price * reserved,
    )


def transfer_seconds(size_bytes: float, gbit: float) -> float:
    """Return the seconds that ``size_bytes`` take over a link of ``gbit`` Gbit/s, at the link's own rate."""
    return round(size_bytes * 8 / (gbit * 1e9), 1)


def _objects(plan: Plan) -> Counter[str]:
    monitoring, platform = plan.monitoring, plan.platform
    dashboards = 0
    if monitoring is not None:
        from wideep.monitoring.panels import DASHBOARDS

        dashboards = len(DASHBOARDS)
    secrets = (
        plan.token is not None and plan.token.create,
        plan.image_source.registry is not None and plan.image_source.pull_secret is not None,
        platform.install and not platform.mpi_secret_exists,
        monitoring is not None and monitoring.install and monitoring.grafana,
    )
    releases = (
        platform.install,
        platform.install and platform.crds_chart is not None,
        monitoring is not None and monitoring.install,
    )
    counts = {
        "Namespace": 1,
        "Secret": sum(secrets),
        "ConfigMap": len(plan.engine_configs) + dashboards + (plan.burnin is not None),
        "PersistentVolumeClaim": int(plan.cache.create),
        "Job": int(plan.download is not None),
        "Helm release": sum(releases),
        "ComputeDomain": int(plan.compute_domain is not None),
        "DynamoGraphDeployment": 1,
        "NetworkPolicy": len(plan.network_policies),
        "Service": int(plan.frontend.public is not None),
        "Ingress": int(plan.frontend.ingress is not None),
        **Counter(monitor.kind for monitor in (monitoring.monitors if monitoring else ())),
        "PrometheusRule": int(monitoring is not None),
    }
    return +Counter(counts)
