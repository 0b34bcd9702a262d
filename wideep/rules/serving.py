"""Rules of the pods around the engine: image and its registry, environment, shared memory, access."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.releases import ROWS, newest
from wideep.engines import engine_of
from wideep.errors import Problem
from wideep.graph.refs import image_reference
from wideep.image_reference import ImageReference
from wideep.rules.environment import environment_problems
from wideep.settings.image import BuildImage, PublishedImage
from wideep.settings.quantity import quantity_bytes
from wideep.settings.root import Settings
from wideep.settings.serving import ServiceType

__all__ = ["serving_problems"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NO_RANGE: Final = "is not an address range: host bits must be 0, and the prefix length must fit the address"
HUB: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
"""Names of one and the same registry."""


def serving_problems(settings: Settings) -> list[Problem]:
    """Return all broken rules of ``image``, ``workers``, ``frontend`` and ``access``."""
    alone = (_image(settings), _registry(settings), _shared_memory(settings), _nobody_allowed(settings))
    several = (*environment_problems(settings), *_sources(settings), *_source_ranges(settings))
    return [*(problem for problem in alone if problem), *several]


def _image(settings: Settings) -> Problem | None:
    """Refuse an image source that the release does not have: NVIDIA's image of 0.6 has no DeepEP, and from 0.7 on the
    images take several build steps."""
    image, release = settings.image, release_of(settings)
    deepep = any(role.deepep for role in settings.layout.roles.values())
    if isinstance(image, PublishedImage) and deepep and release.row.deepep == "no":
        rule = f"NVIDIA's image of {release.title} has no DeepEP; that of 0.7 and later has"
        fix = f"set source: build with repository and tag, or platform.version: {newest().version}"
        return Problem("image.source", image.source, rule, fix)
    engine = engine_of(settings)
    if isinstance(image, BuildImage) and image.dockerfile is None and engine.image is None:
        rule = f"Dynamo's repository has no Dockerfile that builds an image with {engine.title} unchanged"
        fix = "set source: published (NVIDIA's vllm-runtime), or source: existing"
        return Problem("image.source", image.source, rule, fix)
    if isinstance(image, BuildImage) and image.dockerfile is None and not release.one_build:
        rule = f"Dynamo's own scripts build the image of {release.title}, in several steps"
        fix = (
            "set source: published, or build it with container/ of Dynamo's repository and set source: existing, or "
            f"platform.version: {ROWS[0].version}, whose image is built in one step"
        )
        return Problem("image.source", image.source, rule, fix)
    return None


def _registry(settings: Settings) -> Problem | None:
    """Refuse credentials for a registry other than the image's: Docker sends them to that registry only."""
    registry, image = settings.image.registry, ImageReference.parse(image_reference(settings)).registry
    if registry is None or registry.server is None or registry.server == image or {registry.server, image} <= set(HUB):
        return None
    rule = f"these credentials are for another registry than the image's, {image}"
    return Problem("image.registry.server", registry.server, rule, f"remove it, or set server: {image}")


def _shared_memory(settings: Settings) -> Problem | None:
    """Refuse shared memory that reaches the pod's memory limit, towards which it counts: beyond the limit the kernel
    kills the worker."""
    workers = settings.workers
    memory, shared = workers.resources.memory, workers.shared_memory
    if memory is None or quantity_bytes(shared) < quantity_bytes(memory):
        return None
    rule = f"shared memory counts towards workers.resources.memory, which is {memory}"
    return Problem("workers.sharedMemory", shared, rule, "use less than that, or more memory")


def _nobody_allowed(settings: Settings) -> Problem | None:
    """Refuse to expose the frontend while the NetworkPolicies admit nobody from outside."""
    access, frontend = settings.access, settings.frontend
    ways = [f"frontend.{key}" for key in ("service", "ingress") if getattr(frontend, key)]
    if not ways or access.allow_from or not access.network_policies:
        return None
    rule = f"{' and '.join(ways)} exposes the frontend outside its namespace, but nobody there may connect"
    fix = "set allowFrom: the ingress controller's namespace, or the address range of the clients"
    return Problem("access.allowFrom", "", rule, fix)


def _sources(settings: Settings) -> Iterator[Problem]:
    access = settings.access
    for key, sources in (("allowFrom", access.allow_from), ("metricsFrom", access.metrics_from)):
        if sources and not access.network_policies:
            rule = "access.networkPolicies is false, so everyone may connect"
            yield Problem(f"access.{key}", ", ".join(sources), rule, f"remove {key}, or set networkPolicies: true")
        for source in sources:
            if "/" in source and _range(source) is None:
                yield Problem(f"access.{key}", source, NO_RANGE, "use for example 10.0.0.0/8, or a namespace's name")


def _source_ranges(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each range that the load balancer lets through but the pods' NetworkPolicy refuses."""
    service, access = settings.frontend.service, settings.access
    if service is None or not service.source_ranges:
        return
    key, value = "frontend.service.sourceRanges", ", ".join(service.source_ranges)
    if service.type is not ServiceType.LOAD_BALANCER:
        rule = f"only a load balancer keeps callers out, and frontend.service.type is {service.type}"
        yield Problem(key, value, rule, "remove it, or set type: LoadBalancer")
        return
    allowed = [found for source in access.allow_from if (found := _range(source))]
    for source in service.source_ranges:
        network = _range(source)
        if network is None:
            yield Problem(key, source, NO_RANGE, "use for example 203.0.113.0/24")
        elif access.network_policies and not any(_within(network, other) for other in allowed):
            rule = "the load balancer lets it in, but the pods admit access.allowFrom only, which does not contain it"
            yield Problem(key, source, rule, f"set access.allowFrom: [{source}] too, or another range here")


def _range(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text) if "/" in text else None
    except ValueError:
        return None


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)
