"""What `pulumi up` would do to get from one plan to another: which pods restart, and what is replaced.

The effects follow from what Kubernetes cannot change in place (a claim's storage class and access mode, a Job's
template) and from what the Dynamo operator does with a change: a worker with several pods is another kind of object
than one with a single pod, and admission refuses some changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import yaml

from wideep.dynamo import release
from wideep.dynamo.api import GROVE_ANNOTATION, STRATEGY_ANNOTATION
from wideep.dynamo.upgrades import upgrade
from wideep.graph.base import Graph, GraphPart
from wideep.plan import Plan
from wideep.settings.layout import Role
from wideep_cli.plan.burnin_changes import burnin_changes
from wideep_cli.plan.changes import Change, argument_changes, changes
from wideep_cli.plan.effect import Effect, ObjectChange
from wideep_cli.plan.monitoring_changes import monitoring_changes
from wideep_cli.plan.network_changes import reach_changes
from wideep_cli.plan.words import reasons_in_words, settings_in_words
from wideep_cli.stack_context import StackContext

__all__ = ["Difference", "Effect", "ObjectChange", "difference"]

NOT_IN_PODS = {"annotations", "scalingAdapter"}
"""Fields that the operator does not copy to a service's pods (``generatePodTemplateSpec`` of its controller); in
``v1beta1`` annotations belong to the pod template, and all are copied."""
GROVE_STAYS = tuple(f"platform.{part}" for part in ("grove", "sub_charts", "keeps_grove"))
"""Parts of the platform that stay the same when the stack no longer needs Grove, besides the release's own values."""
NO_RESTART = "No pod restarts."
ARGUMENTS = ("extraPodSpec.mainContainer.args", "podTemplate.spec.containers.main.args")
"""Path of the engine's arguments in either version of the API."""


@dataclass(frozen=True)
class Difference:
    """The difference between two plans."""

    settings: tuple[Change, ...]
    """Changes of hardware, GPUs and nodes, model, layout, and each role's sizes, memory and engine arguments."""
    objects: tuple[ObjectChange, ...]


def difference(before: StackContext, after: StackContext) -> Difference:
    """Return the difference between the plans of two stacks."""
    old, new = (each.settings.hardware.model_dump(mode="json", by_alias=True) for each in (before, after))
    hardware = changes(old, new, "hardware")
    objects = (
        replace(each, because=tuple(reasons_in_words(each.because))) for each in _objects(before.plan, after.plan)
    )
    return Difference((*hardware, *settings_in_words(_sizes(before.plan, after.plan))), tuple(objects))


def _sizes(before: Plan, after: Plan) -> Iterator[Change]:
    for field in ("model", "backend", "layout", "gpus", "nodes", "namespace", "name", "image"):
        yield from changes(getattr(before, field), getattr(after, field), field)
    for role in Role:
        for change in changes(before.roles[role].model_dump(), after.roles[role].model_dump(), role):
            if not change.path.startswith(f"{role}.args"):
                yield change
        yield from argument_changes(before.roles[role].args, after.roles[role].args, role)
        if before.backend is after.backend:
            yield from changes(_configured(before, role), _configured(after, role), role)


def _configured(plan: Plan, role: Role) -> dict[str, object]:
    """Return the content of the config files that a role's engine reads, by file name."""
    texts = [file for config in plan.engine_configs if config.role is role for file in config.files.items()]
    return {name: cast(object, yaml.safe_load(text)) for name, text in texts}


def _objects(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    yield from _platform(before, after)
    yield from _image(before, after)
    yield from _cache(before, after)
    yield from _download(before, after)
    yield from _graph(before, after)
    yield from reach_changes(before, after)
    yield from monitoring_changes(before, after)
    yield from burnin_changes(before, after)


def _platform(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    found = tuple(changes(before.platform.model_dump(), after.platform.model_dump(), "platform"))
    if before.platform.install and after.platform.keeps_grove:
        own = (f"platform.values.{'.'.join(path)}" for path in release(after.platform.version).grove_values)
        stays = (*GROVE_STAYS, *own)
        found = tuple(change for change in found if not change.path.startswith(stays))
    if not found:
        return
    yield from _release(before, after, found)


def _release(before: Plan, after: Plan, found: tuple[Change, ...]) -> Iterator[ObjectChange]:
    """Yield what happens to the platform's release, including an upgrade of Dynamo."""
    if before.platform.install and not after.platform.install:
        yield ObjectChange("release dynamo-platform", Effect.DELETED, "It must be installed separately.", found)
    elif after.platform.install and not before.platform.install:
        yield ObjectChange("release dynamo-platform", Effect.CREATED, "The operator is installed.", found)
    elif after.platform.install and before.platform.version == after.platform.version:
        yield ObjectChange(
            "release dynamo-platform", Effect.UPDATED, "Helm upgrades it; running workers keep serving.", found
        )
    elif after.platform.install:
        yield from _upgrade(before, after, found)


def _upgrade(before: Plan, after: Plan, found: tuple[Change, ...]) -> Iterator[ObjectChange]:
    """Yield the upgrade from one Dynamo release to another; a refused step comes with the advice on what to do
    instead."""
    step = upgrade(before.platform.version, after.platform.version, several_pods=after.platform.grove)
    if step.refused:
        what = f"`pulumi up` refuses it: {step.refused}. Instead: {step.advice}"
    else:
        what = " ".join(("Helm upgrades it.", *(f"{each.subject}: {each.text}" for each in step.consequences)))
    yield ObjectChange("release dynamo-platform", Effect.UPDATED, what, found)
    if step.crds_release_goes:
        yield ObjectChange("release dynamo-crds", Effect.DELETED, "Its CRDs stay, and every graph with them.", ())


def _image(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    found = tuple(changes(before.image_source.model_dump(), after.image_source.model_dump(), "image"))
    if found and after.image_source.build:
        effect = Effect.UPDATED if before.image_source.build else Effect.CREATED
        yield ObjectChange("image", effect, "It is rebuilt and pushed (30 to 60 minutes without a cache).", found)


def _cache(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    old, new = before.cache, after.cache
    found = tuple(changes(old.model_dump(), new.model_dump(), "modelCache"))
    moved = tuple(changes(before.namespace, after.namespace, "namespace"))
    if not (found or moved) or not (old.create or new.create):
        return
    name = f"claim {new.claim}"
    fixed = {"modelCache.storage_class", "modelCache.access_mode", "modelCache.claim"}
    if old.create and not new.create:
        kept = "The volume is retained." if old.retain else "Its weights are deleted."
        yield ObjectChange(f"claim {old.claim}", Effect.DELETED, kept, found)
    elif new.create and not old.create:
        yield ObjectChange(name, Effect.CREATED, "The weights are downloaded to it.", found)
    elif moved or any(change.path in fixed for change in found):
        yield ObjectChange(name, Effect.REPLACED, "Its weights are deleted and downloaded again.", (*moved, *found))
    else:
        yield ObjectChange(
            name, Effect.UPDATED, "A volume can be expanded if its class allows it, but never shrunk.", found
        )


def _download(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    old, new = before.download, after.download
    found = tuple(changes(old.model_dump() if old else None, new.model_dump() if new else None, "download"))
    if not found:
        return
    if new is None:
        yield ObjectChange("job of the download", Effect.DELETED, "The weights must be on the volume already.", found)
        return
    effect = Effect.REPLACED if old else Effect.CREATED
    yield ObjectChange(f"job {new.job}", effect, "It runs again; complete files are kept.", found)


def _graph(before: Plan, after: Plan) -> Iterator[ObjectChange]:
    if (before.namespace, before.name) != (after.namespace, after.name):
        found = (
            *changes(before.namespace, after.namespace, "namespace"),
            *changes(before.name, after.name, "name"),
        )
        name = f"graph {before.name}"
        yield ObjectChange(name, Effect.REPLACED, "All pods are deleted and recreated: an outage.", found)
        return
    found = tuple(changes(before.graph.metadata.manifest(), after.graph.metadata.manifest(), "metadata"))
    if before.graph.api_version != after.graph.api_version:
        other = changes(before.graph.api_version, after.graph.api_version, "apiVersion")
        consequence = (
            "It is written in another version of its API, so all its pods are deleted and recreated: an outage."
        )
        yield ObjectChange(f"graph {after.name}", Effect.REPLACED, consequence, (*other, *found))
        return
    if before.backend is not after.backend:
        other = changes(before.engine, after.engine, "engine")
        consequence = (
            f"{after.engine} becomes the engine, so all pods are deleted and recreated from another image: an outage."
        )
        yield ObjectChange(f"graph {after.name}", Effect.REPLACED, consequence, (*other, *found))
        return
    if any(change.path.endswith(GROVE_ANNOTATION) for change in found):
        hands = "Grove takes over the pods" if after.platform.grove else "the operator takes over the pods"
        consequence = f"{hands}, so all its pods are deleted and recreated: an outage."
        yield ObjectChange(f"graph {after.name}", Effect.REPLACED, consequence, found)
        return
    if found:
        yield ObjectChange(f"graph {after.name}", Effect.UPDATED, NO_RESTART, found)
    old, new = _by_name(before.graph), _by_name(after.graph)
    for name in sorted({*old, *new}):
        change = _part(name, old.get(name), new.get(name), grove=after.platform.grove)
        if change:
            yield change


def _by_name(graph: Graph) -> dict[str, GraphPart]:
    return {part.name: part for part in graph.parts}


def _part(name: str, before: GraphPart | None, after: GraphPart | None, *, grove: bool) -> ObjectChange | None:
    if before is None or after is None:
        effect = Effect.CREATED if before is None else Effect.DELETED
        return ObjectChange(f"pods of {name}", effect, "", ())
    found = tuple(_part_changes(before, after))
    if not found:
        return None
    label = f"pods of {name}"
    paths = {change.path.split(".")[0] for change in found} - NOT_IN_PODS
    if not paths:
        return ObjectChange(label, Effect.UPDATED, NO_RESTART, found)
    if paths == {"replicas"}:
        return ObjectChange(label, Effect.SCALED, _scaling(before, after), found)
    if paths & {"multinode", "type", "componentType", "subComponentType"}:
        return ObjectChange(label, Effect.REPLACED, "A worker's pods are recreated, in a different number.", found)
    return ObjectChange(label, Effect.RESTARTED, _restarting(after, grove=grove), found)


def _part_changes(before: GraphPart, after: GraphPart) -> Iterator[Change]:
    """Yield the changes of the manifests, with the engine's arguments compared flag by flag."""
    for change in changes(before.manifest, after.manifest, ""):
        if not change.path.startswith(ARGUMENTS):
            yield change
    yield from argument_changes(before.args, after.args, "args")


def _scaling(before: GraphPart, after: GraphPart) -> str:
    count = (after.replicas - before.replicas) * after.nodes
    amount = "1 pod" if abs(count) == 1 else f"{abs(count)} pods"
    return f"{amount} more." if count > 0 else f"{amount} fewer; the others keep serving."


def _restarting(part: GraphPart, *, grove: bool) -> str:
    if part.pods == 0:
        return "It has no pods."
    count = "Its pod restarts" if part.pods == 1 else f"All {part.pods} pods restart"
    if _annotations(part).get(STRATEGY_ANNOTATION) == "Recreate":
        return f"{count} at once, because no node has room for a second one: an outage while the model loads."
    if part.replicas > 1:
        return f"{count}, one worker after the other."
    return f"{count}: an outage while the model loads." if grove and part.role in set(Role) else f"{count}."


def _annotations(part: GraphPart) -> Mapping[str, object]:
    """Return the annotations of a component; in ``v1beta1`` they are in its pod template."""
    at: object = part.manifest
    for key in () if "annotations" in part.manifest else ("podTemplate", "metadata"):
        at = cast("Mapping[str, object]", at).get(key) or {}
    return cast("Mapping[str, Mapping[str, object]]", at).get("annotations") or {}
