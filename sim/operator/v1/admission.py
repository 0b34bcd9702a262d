"""The webhooks of Dynamo 1.6.1, after its own validation and defaulting: what they refuse, and what they set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.v1 import graph, template

SEMANTIC: Final = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
ANNOTATIONS: Final[dict[str, tuple[str, ...]]] = {
    contract.ANNOTATION_UPDATE: ("RollingRecreate", "OnDelete"),
    "nvidia.com/vllm-distributed-executor-backend": ("mp", "ray"),
    "nvidia.com/dynamo-kube-discovery-mode": ("pod", "container"),
}
FIXED_ANNOTATIONS: Final = ("nvidia.com/workload-provider",)


@dataclass(frozen=True)
class Site:
    """The cluster's settings that the webhook depends on."""

    grove: bool
    version: str
    operator: str = ""
    """The operator's service account."""

    def may_scale(self, user: str) -> bool:
        """Tell whether a user may change the replicas that a scaling adapter owns."""
        return user != "" and (user == self.operator or user.endswith(f":{contract.PLANNER_ACCOUNT}"))


def defaulted(new: Manifest, site: Site) -> list[Manifest]:
    """Return the JSON patch of the mutating webhook: the operator's version, for a new graph that states none."""
    annotations = new["metadata"].get("annotations")
    if annotations and contract.ANNOTATION_ORIGIN in annotations:
        return []
    stamp = {contract.ANNOTATION_ORIGIN: site.version}
    if not annotations:
        return [{"op": "add", "path": "/metadata/annotations", "value": stamp}]
    key = contract.ANNOTATION_ORIGIN.replace("/", "~1")
    return [{"op": "add", "path": f"/metadata/annotations/{key}", "value": site.version}]


def refusals(new: Manifest, old: Manifest | None, site: Site, user: str = "") -> list[str]:
    """Return the errors of a graph that `user` creates (`old` is None) or changes; empty for a graph in deletion."""
    if "deletionTimestamp" in new["metadata"]:
        return []
    found = [*_annotations(new), *_graph(new, site)]
    for index, component in enumerate(template.components(new)):
        found += [f"spec.components[{index}].{error}" for error in _component(component, site)]
    found += _created(new) if old is None else _changed(new, old, scales=site.may_scale(user))
    return found


def _annotations(new: Manifest) -> Iterator[str]:
    given = new["metadata"].get("annotations") or {}
    for name, values in ANNOTATIONS.items():
        if name in given and given[name] not in values:
            yield f"metadata.annotations[{name}]: unsupported value {given[name]!r}: supported: {', '.join(values)}"
    origin = given.get(contract.ANNOTATION_ORIGIN)
    if origin is not None and not SEMANTIC.fullmatch(origin):
        yield f"metadata.annotations[{contract.ANNOTATION_ORIGIN}]: {origin!r} is no semantic version"


def _graph(new: Manifest, site: Site) -> Iterator[str]:
    spec, components = new["spec"], template.components(new)
    if not components:
        yield "spec.components: must have at least one component"
    names = [component["name"].lower() for component in components]
    if len(set(names)) < len(names):
        yield "spec.components: component names must be unique case-insensitively"
    if sum(component.get("type") == "epp" for component in components) > 1:
        yield "spec.components: at most one component may have type epp"
    if spec.get("priorityClassName") and not site.grove:
        yield "spec.priorityClassName: requires Grove"
    if site.grove:
        yield from (f"spec.components: {error}" for error in graph.name_errors(new))


def _component(component: Manifest, site: Site) -> Iterator[str]:
    if component.get("roles") and component.get("podTemplate"):
        yield "roles: must not be set together with podTemplate"
    if not component.get("roles"):
        yield from _containers(component)
    if component.get("multinode"):
        if component.get("type") not in contract.WORKER_TYPES:
            yield f"multinode: not supported for type {component.get('type', '')!r}: worker, prefill or decode only"
        if component.get("dynamoSidecar"):
            yield "multinode: not supported together with dynamoSidecar"
    least = component.get("minAvailable")
    if least is not None and not site.grove:
        yield "minAvailable: requires Grove"
    replicas = component.get("replicas", 1)
    if least is not None and 0 < replicas < least:
        yield f"minAvailable: {least} must not be greater than replicas ({replicas})"


def _containers(component: Manifest) -> Iterator[str]:
    main = template.main_of(component)
    if not main:
        yield "podTemplate.spec.containers: must include a container named 'main'"
    elif not main.get("image"):
        yield "podTemplate.spec.containers[main].image: must be set"
    elif not component.get("runtimeVersionOverride") and not SEMANTIC.fullmatch(_tag(main["image"])):
        yield (
            f"podTemplate.spec.containers[main].image: the tag of {main['image']!r} is no semantic version: "
            "set runtimeVersionOverride"
        )
    for container in template.containers_of(component):
        if container["name"] != contract.MAIN_CONTAINER and not container.get("image"):
            yield f"podTemplate.spec.containers[{container['name']}].image: must be set"


def _tag(image: str) -> str:
    """Return the tag of `registry:port/name:tag@digest`; empty if there is none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _created(new: Manifest) -> Iterator[str]:
    if "restart" in new["spec"]:
        yield "spec.restart: must be unset on create; set spec.restart.id later to ask for a restart"


def _changed(new: Manifest, old: Manifest, *, scales: bool) -> Iterator[str]:
    before = {component["name"]: component for component in template.components(old)}
    after = {component["name"]: component for component in template.components(new)}
    if before.keys() != after.keys():
        added, gone = sorted(after.keys() - before.keys()), sorted(before.keys() - after.keys())
        yield f"spec.components: the set of components is immutable (added: {added}, removed: {gone})"
    for key in ("backendFramework", "topologyConstraint"):
        if old["spec"].get(key) != new["spec"].get(key):
            yield f"spec.{key}: is immutable after creation"
    for name in FIXED_ANNOTATIONS:
        was, now = (one["metadata"].get("annotations") or {} for one in (old, new))
        if was.get(name) != now.get(name):
            yield f"metadata.annotations[{name}]: is immutable after creation"
    for name in before.keys() & after.keys():
        wrong = _component_changed(after[name], before[name], scales=scales)
        yield from (f"spec.components[{name}].{error}" for error in wrong)
    order = ((new["spec"].get("restart") or {}).get("strategy") or {}).get("order")
    if order and sorted(order) != sorted(after):
        yield "spec.restart.strategy.order: must name every component exactly once"


def _component_changed(new: Manifest, old: Manifest, *, scales: bool) -> Iterator[str]:
    if old.get("type") and old["type"] != new.get("type"):
        yield "type: is immutable after it is set"
    if (contract.nodes(old) > 1) != (contract.nodes(new) > 1):
        yield "multinode: cannot change between one node and several"
    if old.get("minAvailable") != new.get("minAvailable"):
        yield "minAvailable: is immutable after creation"
    if "scalingAdapter" in new and not scales and old.get("replicas", 1) != new.get("replicas", 1):
        yield "replicas: cannot be changed here while the component has a scaling adapter; scale the adapter"
