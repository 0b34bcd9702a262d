"""The rules. Each is a pure function that yields a sentence for each violation, with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from subject import (
    CLAIM,
    GRAPHS,
    INGRESS,
    POLICY,
    RELEASE,
    RETAINED,
    SERVICE,
    UNKNOWN,
    Limits,
    Resource,
    Value,
    at,
    mapping,
    walk,
)

__all__ = ["RESOURCE_RULES", "STACK_RULES", "Rule", "StackRule"]

MOVING: Final = re.compile(r"latest|stable|edge|nightly|main|master|dev|head|canary", re.IGNORECASE)
"""Tags that are meant to be pushed again. A tag without any digit counts as one of them."""


OPEN: Final = "dynamo-wideep/open-to-everyone"
SAID: Final = f', or say that it is meant: the annotation {OPEN}: "true" at frontend.service or frontend.ingress'


@dataclass(frozen=True)
class Rule:
    """A rule about one resource."""

    name: str
    description: str
    check: Callable[[Resource, Limits], Iterator[str]]


@dataclass(frozen=True)
class StackRule:
    """A rule about all resources of a stack together."""

    name: str
    description: str
    check: Callable[[Sequence[Resource], Limits], Iterator[str]]


def no_mutable_tags(resource: Resource, limits: Limits) -> Iterator[str]:
    """Require images whose content cannot change without a change in the config."""
    for path, image in _images(resource):
        tag = _tag(image)
        if "@sha256:" not in image and (not tag or MOVING.fullmatch(tag) or not re.search(r"\d", tag)):
            shown = f"the tag {tag}" if tag else "no tag, which means latest,"
            yield f"{path}: {image} has {shown} and can change at any time: name a version's tag, or a digest"


def digests_in_production(resource: Resource, limits: Limits) -> Iterator[str]:
    """Require a digest for every container's image in production. An image that is still to be built is checked in the
    update."""
    if resource.stack not in limits.production:
        return
    for path, image in _images(resource):
        if "@sha256:" not in image:
            ours = resource.type in GRAPHS and "initContainers" not in path
            built = "build it (image.source: build), set image.resolveDigest: true, or write …@sha256:…"
            fix = (
                built if ours else "write its digest, …@sha256:… (modelCache.downloadImage, where it is the download's)"
            )
            yield f"{path}: {image} has no digest, and {resource.stack} is a production stack: {fix}"


def namespaces_allowed(resource: Resource, limits: Limits) -> Iterator[str]:
    """Restrict a stack to the namespaces that it may write to."""
    if not resource.type.startswith("kubernetes:") or resource.inputs.get("name") in limits.releases_elsewhere:
        return
    namespace = at(resource.inputs, "metadata", "namespace")
    if resource.type == RELEASE:
        namespace = resource.inputs.get("namespace")
    if resource.type.endswith(":Namespace"):
        namespace = at(resource.inputs, "metadata", "name")
    if isinstance(namespace, str) and namespace != UNKNOWN and not limits.allows(namespace):
        allowed = ", ".join(limits.namespaces)
        yield f"namespace {namespace} is not one that a stack may write to: choose one of {allowed}, or ask for it"


def cache_protected_in_production(resource: Resource, limits: Limits) -> Iterator[str]:
    """Require protection of the weights in production, because they take hours to download.

    Pulumi passes `protect` to a policy, but not `retainOnDelete`; a retained claim carries its stack's label.
    """
    if resource.stack not in limits.production or resource.type != CLAIM or resource.protected:
        return
    if RETAINED not in mapping(at(resource.inputs, "metadata", "labels")):
        keys = "modelCache.retain: true (destroy leaves the volume) or modelCache.protect: true (destroy refuses)"
        yield f"destroy would delete the volume, and {resource.stack} is a production stack: set {keys}"


def requests_equal_limits(resource: Resource, limits: Limits) -> Iterator[str]:
    """Require equal requests and limits: a pod that may use more than it requested is evicted first, and GPUs cannot be
    overcommitted at all.

    A limit without a request is allowed, because Kubernetes then uses the limit for both.
    """
    for path, found in walk(resource.inputs):
        if path.rpartition(".")[2] != "resources" or resource.type == CLAIM or "volumeClaimTemplate" in path:
            continue
        upper, asked = dict(_flat(found.get("limits"))), dict(_flat(found.get("requests")))
        for name in sorted(asked):
            if name in upper and str(asked[name]) != str(upper[name]) and UNKNOWN not in (asked[name], upper[name]):
                yield f"{path}: requests {name} {asked[name]}, limits {name} {upper[name]}: use the same for both"
            elif name not in upper:
                yield f"{path}: requests {name} {asked[name]} without a limit: write limits {name} {asked[name]}"


def balancers_have_sources(resource: Resource, limits: Limits) -> Iterator[str]:
    """Require source ranges on load balancers: anyone who reaches an inference API can cause costs."""
    places = walk(resource.inputs) if resource.type == RELEASE else [("spec", mapping(at(resource.inputs, "spec")))]
    if resource.type not in (RELEASE, SERVICE):
        return
    for path, found in places:
        ranges = found.get("loadBalancerSourceRanges")
        if found.get("type") == "LoadBalancer" and (not ranges or _everybody(ranges)):
            yield f"{path}: a LoadBalancer that every address may use: set loadBalancerSourceRanges: [10.0.0.0/8]"


def open_to_everyone(resources: Sequence[Resource], limits: Limits) -> Iterator[str]:
    """Require an annotation for access that is open to every address, or unencrypted, because the frontend
    authenticates nobody."""
    if any(at(resource.inputs, "metadata", "annotations", OPEN) == "true" for resource in resources):
        return
    for resource in resources:
        spec = mapping(at(resource.inputs, "spec"))
        if resource.type == SERVICE and spec.get("type") == "NodePort":
            yield f"{resource.name}: a NodePort is open on every node: use a LoadBalancer with source ranges{SAID}"
        if resource.type == INGRESS and not spec.get("tls"):
            yield f"{resource.name}: an Ingress without TLS carries prompts in clear: write tlsSecret{SAID}"
        if resource.type == POLICY:
            peers = [peer for rule in _list(spec.get("ingress")) for peer in _list(at(rule, "from"))]
            if _everybody([at(peer, "ipBlock", "cidr") for peer in peers]):
                yield f"{resource.name}: every address may connect: name ranges in access.allowFrom{SAID}"


def gpus_within_the_limit(resources: Sequence[Resource], limits: Limits) -> Iterator[str]:
    """Limit the GPUs of all graphs of a stack: replicas × pods of a worker × GPUs of a pod."""
    graphs = [resource for resource in resources if resource.type in GRAPHS]
    if not graphs:
        return
    allowed = limits.gpus_of(graphs[0].stack)
    total = sum(_gpus(part) for graph in graphs for part in _parts(at(graph.inputs, "spec")))
    if total > allowed:
        fix = "choose a smaller layout, or raise `gpus` in policy/limits.yaml"
        yield f"stack {graphs[0].stack} takes {total} GPUs and may take {allowed}: {fix}"


RESOURCE_RULES: Final = (
    Rule("no-mutable-tags", "Images are named by a version or a digest", no_mutable_tags),
    Rule("digests-in-production", "Production serves images named by digest", digests_in_production),
    Rule("namespaces-allowed", "A stack writes to its own namespaces", namespaces_allowed),
    Rule(
        "cache-protected-in-production", "No destroy deletes the weights of production", cache_protected_in_production
    ),
    Rule("requests-equal-limits", "Requests equal limits", requests_equal_limits),
    Rule("load-balancers-have-sources", "A LoadBalancer has source ranges", balancers_have_sources),
)
STACK_RULES: Final = (
    StackRule("gpus-within-the-limit", "A stack keeps to its GPUs", gpus_within_the_limit),
    StackRule("open-to-everyone", "An open frontend is stated in the stack", open_to_everyone),
)


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield the path and image of every container whose image is known. Releases are left out, because their images
    belong to the chart."""
    if resource.type == RELEASE or not resource.type.startswith("kubernetes:"):
        return
    for path, found in walk(resource.inputs):
        image = found.get("image")
        if isinstance(image, str) and image != UNKNOWN:
            yield f"{path}.image", image


def _everybody(ranges: Value) -> bool:
    """Tell whether one of the address ranges contains all addresses."""
    return any(str(each).endswith("/0") for each in _list(ranges))


def _list(value: Value) -> Sequence[Value]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _flat(value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
    """Yield the leaves of a mapping. A graph's resources have extended resources in a nested mapping, `custom`."""
    for key, item in mapping(value).items():
        if isinstance(item, dict):
            yield from _flat(item, key)
        else:
            yield key, item


def _parts(spec: Value) -> Iterator[Value]:
    """Yield the frontend and the workers: ``services`` by name in v1alpha1, a list of ``components`` in v1beta1."""
    yield from mapping(at(spec, "services")).values()
    yield from _list(at(spec, "components"))


def _gpus(part: Value) -> int:
    def number(value: Value, otherwise: int) -> int:
        return int(value) if isinstance(value, int | float | str) and str(value).isdigit() else otherwise

    resources = at(part, "resources")
    gpus = number(at(resources, "limits", "gpu"), number(at(resources, "requests", "gpu"), 0))
    for container in _list(at(part, "podTemplate", "spec", "containers")):
        gpus += number(at(container, "resources", "limits", "nvidia.com/gpu"), 0)
    return gpus * number(at(part, "replicas"), 1) * number(at(part, "multinode", "nodeCount"), 1)
