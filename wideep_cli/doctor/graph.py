"""Check the graph: that it exists, matches the stack, is reconciled by the operator, and has its pods and Service."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml

from wideep.image_reference import ImageReference
from wideep.settings.planner import PLANNER
from wideep.text import duration, some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.trouble import redact
from wideep_cluster.dynamo.graph_parts import graph_parts, named_path, named_spec
from wideep_cluster.objects import Event, Graph

__all__ = ["drift", "graph_findings", "is_stacks_image", "refusals"]

IMAGE: Final = "image"
"""A key that ``drift`` skips: the plan has the image's tag, the cluster the digest that was built."""
MAIN_CONTAINERS: Final = (".extraPodSpec.mainContainer", ".podTemplate.spec.containers[0]")
"""Path of a component's main container, in either version of the API."""
STUCK_SECONDS: Final = 60
REFUSED: Final = ("FailedCreate", "ReconcileError", "FailedReconcile")


@dataclass(frozen=True)
class _Refusal:
    """Why an object cannot be created, recognized by words in the message."""

    words: str
    says: str
    fix: str
    key: str = ""


REFUSALS: Final = (
    _Refusal(
        "exceeded quota",
        "A ResourceQuota prevents the creation of pods",
        "Ask for a higher quota in namespace {namespace}, or choose a smaller layout.",
        "layout",
    ),
    _Refusal(
        "failed calling webhook",
        "An admission webhook is unreachable",
        "Find its service, which is down: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
    ),
    _Refusal("forbidden", "The creation is forbidden", "Ask for the permission that the message names."),
)
COMBINED: Final = "(combined from similar events): "
OTHER: Final = _Refusal("", "The operator reports", "See *Dynamo platform* above.")


def graph_findings(case: CheckContext) -> Iterator[Finding]:
    """Check the graph as a whole, without diagnosing its pods."""
    graph = case.graph
    yield from _stuck(case)
    if case.view.graphs.error:
        yield unknown(Section.GRAPH, "graph", str(case.view.graphs.error))
    elif graph is None:
        yield _missing(case)
    else:
        yield _state(case, graph)
        yield from _drifted(case, graph)
        yield from refusals(case)
        yield from _service(case, graph)


def _stuck(case: CheckContext) -> Iterator[Finding]:
    """Report components that are being deleted and that nothing removes."""
    going = [
        each
        for each in case.view.components.items
        if case.seconds_since(each.metadata.deletion_timestamp) > STUCK_SECONDS
    ]
    if going:
        longest = max(case.seconds_since(each.metadata.deletion_timestamp) for each in going)
        held = some_of(dict.fromkeys(name for each in going for name in each.metadata.finalizers))
        what = (
            f"{some_of(each.name for each in going)} stuck in Terminating for {duration(longest)} (finalizer {held})."
        )
        fixes = (
            "Only a running operator with a running etcd removes it: see *Dynamo platform* above.",
            "If the operator was uninstalled: kubectl -n "
            f"{case.settings.namespace} patch dcd {going[0].name} --type merge -p "
            """'{"metadata":{"finalizers":null}}'""",
        )
        yield fails(Section.GRAPH, "finalizer", what, *fixes)


def _missing(case: CheckContext) -> Finding:
    """Report a graph that was never deployed, or that has been deleted: a finished download tells the two apart."""
    plan = case.plan
    done = plan.download and any(job.name == plan.download.job and job.status.succeeded for job in case.view.jobs.items)
    if done or case.graph_pods:
        what = (
            f"There is no graph {plan.name}, although the model was downloaded: `pulumi up` was interrupted, or the "
            "graph was deleted."
        )
        return fails(Section.GRAPH, "graph", what, "Run `pulumi up --refresh` to continue.")
    return holds(Section.GRAPH, "graph", f"Graph {plan.name} is not deployed yet.")


def _state(case: CheckContext, graph: Graph) -> Finding:
    if graph.metadata.deletion_timestamp:
        since = duration(case.seconds_since(graph.metadata.deletion_timestamp))
        held = some_of(graph.metadata.finalizers) or "its pods"
        what = f"Graph {graph.name} has been stuck in Terminating for {since} (finalizers: {held})."
        return fails(Section.GRAPH, "graph", what, "Only a running operator removes the finalizers.")
    lacking = case.lacking(ready=True)
    if graph.ready and lacking:
        what = (
            f"Graph {graph.name} reports Ready but has only {some_of(lacking)} ready: its operator has not reconciled "
            "it."
        )
        return unknown(Section.GRAPH, "graph", what)
    if graph.ready:
        return holds(Section.GRAPH, "graph", f"Graph {graph.name} is ready.")
    return _not_ready(case, graph)


def _not_ready(case: CheckContext, graph: Graph) -> Finding:
    condition = graph.condition
    if condition is None:
        since = case.seconds_since(graph.metadata.creation_timestamp)
        what = f"Graph {graph.name} is {duration(since)} old, and no operator has reconciled it."
        return (
            fails(Section.GRAPH, "graph", what, "See *Dynamo platform* above.")
            if since > 30
            else unknown(Section.GRAPH, "graph", what)
        )
    if not graph.is_observed:
        what = f"Graph {graph.name} was changed, and its operator has not looked at the change yet."
        return unknown(Section.GRAPH, "graph", what)
    what = f"Graph {graph.name} is not ready: {redact(condition.message)}"
    if graph.status.state != "failed":
        return unknown(Section.GRAPH, "graph", what)
    if _refusal(condition.message) is not OTHER:
        return _refused(case, "graph", condition.message)
    return fails(Section.GRAPH, "graph", what, f"kubectl -n {graph.namespace} describe dgd {graph.name}")


def _drifted(case: CheckContext, graph: Graph) -> Iterator[Finding]:
    """Compare the stack's manifest with the live one: a difference was edited by hand, or is yet to be deployed."""
    if not case.view.serves_graphs:
        return  # the live graph is in another version of the API than the stack's manifest
    differing = [*_other_images(case, graph), *drift(_wanted(case), named_spec(graph.spec))]
    if differing:
        what = f"The graph on the cluster differs from the stack: {some_of(differing)}."
        fix = "`pulumi preview --refresh` shows the full diff, `pulumi up --refresh` reverts it."
        yield fails(Section.GRAPH, "drift", what, fix)


def _wanted(case: CheckContext) -> dict[str, Any]:
    """Return the plan's spec without the fields that the stack leaves to others."""
    manifest = cast("dict[str, Any]", copy.deepcopy(case.plan.manifests[0]["spec"]))
    spec = named_spec(manifest)
    for path in case.plan.left_fields:
        _, parts, name, field = named_path(path, manifest).split(".")
        spec[parts][name][field] = None
    return spec


def _other_images(case: CheckContext, graph: Graph) -> Iterator[str]:
    for part in graph_parts(graph.spec):
        if part.role != PLANNER and not is_stacks_image(case, part.image):
            yield f"{part.name}.image is {part.image}, in the stack {case.plan.image}"


def is_stacks_image(case: CheckContext, image: str) -> bool:
    """Tell whether an image is the stack's, by the reference in the stack config or by a digest in its repository."""
    reference = case.plan.image
    repository = ImageReference.parse(reference).name
    return image == reference or image.startswith((f"{repository}@", f"{reference}@"))


def drift(wanted: object, live: object, path: str = "") -> Iterator[str]:
    """Yield where ``live`` lacks or changes something of ``wanted``; whatever else it has are the server's defaults."""
    name = path.removeprefix("services.").removeprefix("components.")
    for container in MAIN_CONTAINERS:
        name = name.replace(container, "")
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        mine, theirs = cast("Mapping[str, object]", wanted), cast("Mapping[str, object]", live)
        for key, value in mine.items():
            if key != IMAGE and value is not None:
                yield from drift(value, theirs.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(wanted, list) and isinstance(live, list):
        ours, there = cast("list[object]", wanted), cast("list[object]", live)
        if len(ours) != len(there):
            yield _list_drift(name, ours, there)
        else:
            for index, (one, other) in enumerate(zip(ours, there, strict=True)):
                yield from drift(one, other, f"{path}{_place(ours, index)}")
    elif wanted != live:
        yield f"{name} is {_shown(live)}, in the stack {_shown(cast('object', wanted))}"


def _shown(value: object) -> str:
    """Return the value as YAML on one line, the language of manifests; "not set" for None."""
    if value is None or isinstance(value, str):
        return value if value is not None else "not set"
    return yaml.safe_dump(value, default_flow_style=True, width=math.inf).removesuffix("...\n").strip()


def _place(items: list[object], index: int) -> str:
    """Return the flag before an item that is an argument's value, or else the item's index."""
    before = items[index - 1] if index else None
    return f" {before}" if isinstance(before, str) and before.startswith("--") else f"[{index}]"


def _list_drift(name: str, ours: list[object], there: list[object]) -> str:
    gone = [_shown(item) for item in ours if item not in there]
    new = [_shown(item) for item in there if item not in ours]
    parts = [f"without {' '.join(gone)}"] if gone else []
    parts += [f"with {' '.join(new)}"] if new else []
    return f"{name} {' and '.join(parts)}"


def refusals(case: CheckContext) -> Iterator[Finding]:
    """Report objects that could not be created (a quota, a webhook that is down, RBAC), by each one's newest event."""
    newest: dict[str, Event] = {}
    for event in case.view.warnings.items:
        if event.reason in REFUSED and not _is_over(case, event):
            newest[event.involved_object.name] = event
    for message in dict.fromkeys(event.message.removeprefix(COMBINED) for event in newest.values()):
        yield _refused(case, "refused", message)


def _refusal(message: str) -> _Refusal:
    return next((each for each in REFUSALS if each.words in message), OTHER)


def _refused(case: CheckContext, check: str, message: str) -> Finding:
    why = _refusal(message)
    fix = why.fix.format(namespace=case.settings.namespace)
    return fails(Section.GRAPH, check, f"{why.says}: {redact(message)}", fix, key=why.key)


def _is_over(case: CheckContext, event: Event) -> bool:
    """Tell whether a refusal is over: no pod is missing, pods of the object were created after the event, or the event
    is about the graph, which the operator has since reconciled without an error."""
    if not case.lacking(ready=False):
        return True
    if case.graph and event.involved_object.kind == "DynamoGraphDeployment" and case.graph.condition:
        return case.graph.status.state != "failed"
    made = [pod.metadata.creation_timestamp for pod in case.graph_pods if event.involved_object.name in pod.name]
    return any(moment and event.when and moment > event.when for moment in made)


def _service(case: CheckContext, graph: Graph) -> Iterator[Finding]:
    name = case.plan.frontend.service
    if graph.ready and not case.view.services.error and not any(s.name == name for s in case.view.services.items):
        what = f"The frontend's Service {name} does not exist, so no request reaches the model."
        operator = "kubectl rollout restart the operator's Deployment, which recreates it."
        yield fails(Section.GRAPH, "service", what, operator)
