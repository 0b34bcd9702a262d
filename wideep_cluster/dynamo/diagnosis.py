"""Causes that keep a graph from being ready and do not resolve by themselves, each with a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wideep.masking import masked
from wideep.symptoms import LASTING, Symptom, find_symptom, last_words, place_of
from wideep.versions import SGLANG
from wideep.waiting import FINAL, STUCK, Stuck
from wideep_cluster.dynamo.pods import ContainerExit, PodState
from wideep_cluster.dynamo.readiness import GraphSnapshot

__all__ = ["Diagnosis", "Logs", "diagnose"]

Logs = Mapping[tuple[str, int], str]
"""Logs of containers that have ended, by the pod's name and the number of times it has ended."""

CRASHES: Final = 3
"""The number of times a container may end: pods of one worker that start at different times may need a second try."""
FAILED_SECONDS: Final = 60.0
REFUSED_SECONDS: Final = 40.0
"""Time for a refusal, which a registry or the API server may still withdraw."""
SILENT_SECONDS: Final = 300.0
"""Time for a missing answer: the registry may be busy or restarting."""
OLD_SECONDS: Final = 20.0
"""Time for a pod of an older spec, which may be about to be replaced."""
FAILED_CREATE: Final = "FailedCreate"
REFUSED: Final = re.compile(r"not found|unknown|unauthorized|denied|forbidden|authorization failed", re.IGNORECASE)
BLOCKING_REASONS: Final = {Stuck.IMAGE: SILENT_SECONDS, Stuck.CONTAINER: FAILED_SECONDS}
"""What keeps a container from starting, and the time it is given, in seconds. Everything else, such as no free GPU, may
end by itself at any time."""
PULL_HINT: Final = "set image to one that the nodes can pull, and image.registry if it needs credentials"
BLOCKING_HINTS: Final = {
    "ErrImagePull": PULL_HINT,
    "ImagePullBackOff": f"{PULL_HINT}; `pulumi up --refresh` rebuilds an image that the registry has lost",
    "InvalidImageName": "image.reference, or image.repository and image.tag",
    "CreateContainerConfigError": "run `pulumi up --refresh`, which recreates a deleted Secret",
}
MEMORY_HINT: Final = "layout.{role}.memFractionStatic, redundantExperts, or more GPUs: `wideep doctor` says which fits"
HINTS: Final[Mapping[Symptom | None, str]] = {
    Symptom.POOL: MEMORY_HINT,
    Symptom.MEMORY: MEMORY_HINT,
    Symptom.ARGUMENTS: "layout.{role}.extraArgs, or an image with {engine}",
    Symptom.HEAP: MEMORY_HINT,
    Symptom.DISPATCH: "layout.{role}.maxDispatchTokensPerRank: `wideep doctor` says which value fits",
    Symptom.SHARED_MEMORY: "increase workers.sharedMemory",
    Symptom.LOCKED_MEMORY: "the limit on locked memory of the nodes' container runtime (`wideep doctor`)",
    Symptom.OCCUPIED: "another process uses GPUs of the pod's node: find it with nvidia-smi there",
    Symptom.NVSHMEM: (
        "set the nodes' driver options (`wideep doctor` prints them), or layout.{role}.moeA2aBackend: none"
    ),
    Symptom.ROUTE: "check hardware.interconnect and the network between the nodes' adapters (`wideep doctor`)",
    Symptom.ETCD: "the platform's etcd: check with `wideep doctor` whether it runs",
    Symptom.NATS: "the platform's NATS: check with `wideep doctor` whether it runs",
    Symptom.NETWORK: "hardware.interconnect and hardware.rdmaResource: `wideep network` tries each path",
    Symptom.DRIVER: "update the nodes' NVIDIA driver, or exclude them with hardware.nodeSelector",
    Symptom.WEIGHTS: "the volume in modelCache does not hold this model (`wideep doctor`)",
}


@dataclass(frozen=True)
class Diagnosis:
    """Something that keeps the graph from being ready, and how long (in seconds) it may take to resolve by itself."""

    about: tuple[str, str]
    """Identifies the diagnosis over time: whom it concerns, and what it is."""
    message: str
    remedy: tuple[str, ...]
    patience: float


def diagnose(view: GraphSnapshot, logs: Logs) -> Iterator[Diagnosis]:
    """Yield what is wrong now, the most telling first."""
    ended = sorted((pod for pod in view.active_pods if pod.end), key=lambda pod: not logs.get(_key(pod)))
    for pod in ended:
        yield from _crash(view, pod, logs.get(_key(pod), ""))
    for pod in view.active_pods:
        yield from _held(view, pod)
    if len(view.active_pods) < sum(view.due.values()):
        yield from _refused(view)
    if view.state == "failed":
        message = f"the operator says: {masked((view.condition and view.condition.message) or 'failed')}"
        yield Diagnosis(("graph", "failed"), message, ("`wideep doctor` names the key to change",), FAILED_SECONDS)


def _crash(view: GraphSnapshot, pod: PodState, log: str) -> Iterator[Diagnosis]:
    found = find_symptom(log, place_of(pod.role))
    symptom = found.symptom if found else None
    if pod.end is None or (symptom not in LASTING and pod.end.times < CRASHES):
        return
    named = {"role": pod.role, "engine": view.wanted.engine or f"SGLang {SGLANG}"}
    hint = HINTS.get(symptom, "run `wideep doctor` for the cause").format(**named)
    previous = "" if pod.end.now else " --previous"
    command = f"kubectl -n {view.wanted.namespace} logs {pod.name} -c {pod.end.container}{previous}"
    ended = f"in pod {pod.name} {_ended(pod.end, log)}"
    yield Diagnosis((pod.role, "crash"), ended, (hint, command), _grace(view, pod))


def _ended(end: ContainerExit, log: str) -> str:
    times = "" if end.times == 1 else f" {end.times} times"
    why = last_words(log) or masked(end.message) or end.reason
    return f"container {end.container} exited{times} with exit code {end.code}" + (f": {why}" if why else "")


def _held(view: GraphSnapshot, pod: PodState) -> Iterator[Diagnosis]:
    kind = STUCK.get(pod.reason)
    if kind is None or kind not in BLOCKING_REASONS:
        return
    patience = 0.0 if pod.reason in FINAL else BLOCKING_REASONS[kind]
    if patience and REFUSED.search(pod.message):
        patience = REFUSED_SECONDS
    hint = BLOCKING_HINTS.get(pod.reason, "run `wideep doctor` for the cause")
    remedy = (hint, f"kubectl -n {view.wanted.namespace} describe pod {pod.name}")
    message = f"pod {pod.name}: {pod.reason}: {masked(pod.message)}"
    what = kind if kind is Stuck.IMAGE else pod.reason
    yield Diagnosis((pod.role, what), message, remedy, max(patience, _grace(view, pod)))


def _refused(view: GraphSnapshot) -> Iterator[Diagnosis]:
    """Yield the diagnosis of a controller whose pods the API server rejects."""
    for warned in view.warnings:
        if warned.reason == FAILED_CREATE:
            quota = "quota" in warned.message
            hint = (
                "raise the namespace's quota, or choose a smaller layout"
                if quota
                else "fix what the API server rejects"
            )
            command = f"kubectl -n {view.wanted.namespace} describe quota,limitrange"
            message = f"{warned.about} cannot create its pods: {masked(warned.message)}"
            yield Diagnosis((warned.about, warned.reason), message, (hint, command), REFUSED_SECONDS)


def _grace(view: GraphSnapshot, pod: PodState) -> float:
    return 0.0 if pod.created >= view.spec_updated_at else OLD_SECONDS


def _key(pod: PodState) -> tuple[str, int]:
    return pod.name, pod.end.times if pod.end else 0
