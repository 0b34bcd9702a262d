"""When an object counts as ready: the rule of each kind, and `pulumi.com/waitFor`.

The rules are pulumi-kubernetes' own (provider/pkg/await); a kind without one is ready as soon as it exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sim.plugins.kubernetes import jsonpath
from sim.plugins.kubernetes.annotations import annotation
from sim.plugins.kubernetes.api import Api, ApiError, Object, UnreachableError
from sim.plugins.kubernetes.checkpoint import group
from sim.plugins.kubernetes.waiting import full_name


@dataclass(frozen=True)
class Verdict:
    """Whether an object is ready; if not, what it waits for, or why it never will be."""

    ready: bool
    message: str = ""
    failure: str = ""


@dataclass(frozen=True)
class Look:
    """What a rule may look at: the object, its EndpointSlices (of a Service), and whether this is an update."""

    api: Api
    obj: Object
    slices: list[Object] = field(default_factory=list)
    is_update: bool = False

    def at(self, *path: str, default: Any = None) -> Any:
        """A field of the object."""
        value: Any = self.obj
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return default if value is None else value

    def condition(self, type_: str) -> Object:
        """One of the object's conditions, {} without it."""
        return next((c for c in self.at("status", "conditions", default=[]) if c.get("type") == type_), {})


def _job(look: Look) -> Verdict:
    counts = " | ".join(f"{n}: {look.at('status', n.lower(), default=0)}" for n in ("Active", "Succeeded", "Failed"))
    failed = look.condition("Failed")
    if failed.get("status") == "True" and failed.get("reason") in ("BackoffLimitExceeded", "DeadlineExceeded"):
        return Verdict(False, failure=f"[{failed['reason']}] {failed.get('message', '')}")
    if not look.at("status", "startTime"):
        return Verdict(False, f'Waiting for Job "{full_name(look.obj)}" to start')
    done = look.condition("Complete").get("status") == "True"
    return Verdict(done, f'Waiting for Job "{full_name(look.obj)}" to succeed ({counts})')


def _deployment(look: Look) -> Verdict:
    wanted = look.at("spec", "replicas", default=1)
    updated, ready = (look.at("status", key, default=0) for key in ("updatedReplicas", "readyReplicas"))
    message = f"[1/2] Waiting for app ReplicaSet to be available ({ready}/{wanted} Pods available)"
    if look.at("status", "observedGeneration", default=0) < look.at("metadata", "generation", default=1):
        return Verdict(False, message)
    progressing, available = look.condition("Progressing"), look.condition("Available")
    for condition in (progressing, available):
        if condition.get("status") == "False":
            return Verdict(False, f"[{condition.get('reason')}] {condition.get('message')}")
    rolled_out = progressing.get("reason") == "NewReplicaSetAvailable" and available.get("status") == "True"
    return Verdict(rolled_out and updated >= wanted and ready >= wanted, message)


def _stateful_set(look: Look) -> Verdict:
    wanted = look.at("spec", "replicas", default=0)
    seen = look.at("status", "observedGeneration", default=0) >= look.at("metadata", "generation", default=1)
    counts = [look.at("status", key, default=0) for key in ("replicas", "readyReplicas", "currentReplicas")]
    current, update = (look.at("status", key, default="") for key in ("currentRevision", "updateRevision"))
    ready = seen and all(count == wanted for count in counts) and current == update != ""
    return Verdict(ready, f"[1/2] Waiting for StatefulSet to create Pods ({counts[1]}/{wanted} Pods ready)")


def _daemon_set(look: Look) -> Verdict:
    wanted = look.at("status", "desiredNumberScheduled", default=0)
    updated, ready = (look.at("status", key, default=0) for key in ("updatedNumberScheduled", "numberReady"))
    seen = look.at("status", "observedGeneration", default=0) >= look.at("metadata", "generation", default=1)
    return Verdict(seen and updated == wanted == ready, f"Waiting for DaemonSet Pods ({ready}/{wanted} Pods ready)")


def _pod(look: Look) -> Verdict:
    done = look.at("status", "phase") == "Succeeded" or look.condition("Ready").get("status") == "True"
    return Verdict(done, f'Waiting for Pod "{full_name(look.obj)}" to be ready')


def _service(look: Look) -> Verdict:
    spec = look.at("spec", default={})
    if spec.get("type") == "LoadBalancer" and not look.at("status", "loadBalancer", "ingress"):
        return Verdict(False, "[2/3] Attempting to allocate IP address to Service")
    if spec.get("type") == "ExternalName" or not spec.get("selector") or spec.get("clusterIP") == "None":
        return Verdict(True)
    endpoints = [e for slice_ in look.slices for e in slice_.get("endpoints") or []]
    ready = any((e.get("conditions") or {}).get("ready") is not False for e in endpoints)
    return Verdict(ready, "[1/3] Finding Pods to direct traffic to")


def _ingress(look: Look) -> Verdict:
    return Verdict(bool(look.at("status", "loadBalancer", "ingress")), "Waiting for update of .status.loadBalancer")


def _volume(look: Look) -> Verdict:
    return Verdict(look.at("status", "phase") in ("Available", "Bound"))


def _claim(look: Look) -> Verdict:
    phase = look.at("status", "phase")
    if not look.is_update and _binds_late(look):
        return Verdict(phase == "Pending")
    return Verdict(phase == "Bound", f"Waiting for PersistentVolumeClaim to be bound (phase {phase})")


def _binds_late(look: Look) -> bool:
    """Whether the claim's storage class binds it only to the first pod that uses it."""
    name = look.at("spec", "storageClassName")
    try:
        found = look.api.get("storage.k8s.io/v1", "StorageClass", None, name) if name else {}
    except (ApiError, UnreachableError):
        return False  # without its class the claim stays Pending, until the timeout says so
    return found.get("volumeBindingMode") == "WaitForFirstConsumer"


@dataclass(frozen=True)
class Rule:
    """How one kind becomes ready.

    `pods`: what goes wrong with its pods is reported with it. `on_read`: a refresh checks it too. `plain`: its
    errors are those of the provider's older, polling waits.
    """

    judge: Callable[[Look], Verdict]
    pods: bool = False
    on_read: bool = True
    plain: bool = False


RULES: Final[dict[tuple[str, str], Rule]] = {
    ("batch", "Job"): Rule(_job, pods=True),
    ("apps", "Deployment"): Rule(_deployment, pods=True),
    ("apps", "StatefulSet"): Rule(_stateful_set, pods=True),
    ("apps", "DaemonSet"): Rule(_daemon_set, pods=True),
    ("", "Pod"): Rule(_pod),
    ("", "Service"): Rule(_service),
    ("networking.k8s.io", "Ingress"): Rule(_ingress),
    ("", "PersistentVolume"): Rule(_volume, on_read=False, plain=True),
    ("", "PersistentVolumeClaim"): Rule(_claim, on_read=False, plain=True),
}


def rule(obj: Object) -> Rule | None:
    """The rule of an object's kind."""
    return RULES.get((group(obj.get("apiVersion", "")), obj.get("kind", "")))


def custom(obj: Object) -> Rule | None:
    """The rule that the annotation `pulumi.com/waitFor` spells, None without it.

    Raises:
        BadExpressionError: It is neither `condition=…` nor `jsonpath=…`, nor a JSON array of them.
    """
    text = annotation(obj, "waitFor")
    if not text:
        return None
    try:
        listed = json.loads(text)
    except ValueError:
        listed = text
    expressions = listed if isinstance(listed, list) else [text]
    if not expressions:
        raise jsonpath.BadExpressionError("at least one condition must be specified")
    judges = [_custom(str(expression)) for expression in expressions]
    return Rule(lambda look: next((v for v in (j(look) for j in judges) if not v.ready), Verdict(True)))


def _custom(expression: str) -> Callable[[Look], Verdict]:
    if expression.startswith("condition="):
        type_, _, status = expression.removeprefix("condition=").partition("=")
        return lambda look: _has_condition(look, type_, status or "True")
    if expression.startswith("jsonpath="):
        parsed = jsonpath.parse(expression)
        return lambda look: _has_value(look, parsed)
    raise jsonpath.BadExpressionError(f'expected a "jsonpath=" or "condition=" prefix, got "{expression}"')


def _has_condition(look: Look, type_: str, wanted: str) -> Verdict:
    conditions = look.at("status", "conditions")
    if conditions is None:
        return Verdict(False, "Has no .status.conditions")
    found = next((c for c in conditions if str(c.get("type")).lower() == type_.lower()), None)
    if found is None:
        return Verdict(False, f"Waiting for condition {type_}={wanted}")
    generation = look.at("metadata", "generation", default=0)
    observed = found.get("observedGeneration", look.at("status", "observedGeneration", default=generation))
    if observed < generation:
        return Verdict(False, f"Generation {observed} is less than expected {generation}")
    status = str(found.get("status"))
    message = f"Resource has condition {type_}={status} (want {wanted})"
    return Verdict(status.lower() == wanted.lower(), message)


def _has_value(look: Look, expression: jsonpath.Expression) -> Verdict:
    generation = look.at("metadata", "generation", default=0)
    if look.at("status", "observedGeneration", default=generation) < generation:
        return Verdict(False)
    matched, found = expression.matches(look.obj)
    return Verdict(matched, f"Waiting for {expression}" + (f' (found "{found}")' if found else ""))
