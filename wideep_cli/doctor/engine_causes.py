"""Causes of errors that an engine logs about its own pod: GPU memory, arguments, weights, the node."""

from __future__ import annotations

import re
from typing import Final

from wideep.dynamo import release_of
from wideep.engines import engine_of
from wideep.rdma import uses_rdma
from wideep.rules import RoleContext, check_role
from wideep.rules.deepep import MAX_DISPATCH
from wideep.settings.experts import DeepEpMode
from wideep.settings.layout import Role
from wideep.settings.quantity import quantity_bytes
from wideep.symptoms import Found
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.oom import Short, memory_fixes
from wideep_cli.doctor.trouble import Diagnosis, config_key
from wideep_cluster.objects import Component, Pod

__all__ = [
    "arguments",
    "broken_gpu",
    "cuda_memory",
    "disk",
    "dispatch",
    "driver",
    "fabric",
    "heap",
    "host_memory",
    "library",
    "locked_memory",
    "occupied",
    "pool_short",
    "role_of",
    "shared_memory",
    "weights",
]

FREE_SHARE: Final = 0.9
"""Share of a GPU that must be free before anything is loaded, as in the engine's own check of GPUs that differ. Public
logs show 0.95 to 0.98 after the context and NCCL have taken their part."""
GIB: Final = 2**30
GRAPH_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def pool_short(case: CheckContext, pod: Pod, _found: Found, log: str) -> Diagnosis:
    """Diagnose weights that are loaded and leave no room for a KV cache."""
    who = engine_of(case.settings).title
    return _memory(case, pod, f"the weights leave no room for a KV cache ({who}: Not enough memory)", Short.POOL, log)


def cuda_memory(case: CheckContext, pod: Pod, found: Found, log: str) -> Diagnosis:
    """Diagnose a GPU that ran out of memory: the phase in which it did tells which part of the memory was short."""
    form, before = engine_of(case.settings).log, log[: found.at]
    if form.ready in before:
        return _memory(case, pod, "the GPU ran out of memory under load", Short.OUTSIDE, log)
    if form.capturing in before or form.graphs in found.line.lower():
        return _memory(case, pod, "the GPU ran out of memory while CUDA graphs were captured", Short.OUTSIDE, log)
    if form.loaded in before:
        return _memory(case, pod, "the GPU ran out of memory after the weights were loaded", Short.OUTSIDE, log)
    return _memory(case, pod, "the GPU ran out of memory while the weights were loaded", Short.POOL, log)


def heap(case: CheckContext, pod: Pod, _found: Found, log: str) -> Diagnosis:
    """Diagnose a lack of memory for DeepEP's buffers, which lie in NVSHMEM's heap, outside the pool."""
    return _memory(case, pod, "the GPU has no memory left for DeepEP's buffers (NVSHMEM heap)", Short.OUTSIDE, log)


def _memory(case: CheckContext, pod: Pod, cause: str, short: Short, log: str) -> Diagnosis:
    role = role_of(pod)
    if role is None:
        return Diagnosis("memory", f"{cause}.")
    taken = _taken(case, pod, role, log)
    if taken:
        return taken
    plan = case.plan.roles[role]
    has = (
        f"{plan.weights_gb:.1f} GB of weights, {plan.kv_cache_gb:.1f} GB of KV cache and "
        f"{plan.memory.headroom_gb:.1f} GB outside the pool by the plan"
    )
    fixes = memory_fixes(case.site(role), short)
    named = re.search(r"memFractionStatic|redundantExperts|cudaGraphBatchSizes|maxDispatch\w+", fixes[0])
    return Diagnosis("memory", f"{cause}: {has}.", fixes, f"layout.{role}.{named[0]}" if named else f"layout.{role}")


def _taken(case: CheckContext, pod: Pod, role: Role, log: str) -> Diagnosis | None:
    """Diagnose a GPU that was in use before the engine loaded anything, which no key of the layout can fix."""
    free = [float(text) for text in engine_of(case.settings).log.free_before_load.findall(log)]
    node = next((node for node in case.view.nodes.items if node.name == pod.spec.node_name), None)
    label = node.labels.get("nvidia.com/gpu.memory", "") if node else ""
    total = int(label) / 1024 if label.isdecimal() else case.site(role).gpu.memory_bytes / GIB
    if not free or min(free) >= FREE_SHARE * total:
        return None
    return _in_use(pod, f"a GPU had {min(free):.1f} GiB free of {total:.1f} GiB before the weights were loaded")


def occupied(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose the engine's own report of GPUs in use: it compares its ranks' free memory before it loads."""
    return _in_use(pod, found.line)


def _in_use(pod: Pod, evidence: str) -> Diagnosis:
    node = pod.spec.node_name
    fixes = (
        f"On {node}: find the processes on its GPUs with nvidia-smi. Stop those that Kubernetes did not start.",
        f"set hardware.nodeSelector to labels that exclude {node}",
    )
    cause = f"another process uses GPUs of its node {node}: {evidence.rstrip('.')}."
    return Diagnosis("memory", cause, fixes, "hardware.nodeSelector")


def dispatch(case: CheckContext, pod: Pod, found: Found, log: str) -> Diagnosis:
    """Diagnose an overflow of DeepEP's low-latency buffers: one token above ``maxDispatchTokensPerRank`` is fatal."""
    role = role_of(pod)
    if role is None:
        return Diagnosis("dispatch", f"more tokens than fit into DeepEP's buffers: {found.line}.")
    site = case.site(role)
    limit = site.role.max_dispatch_tokens_per_rank
    form, before = engine_of(case.settings).log, log[: found.at]
    captured = (form.capturing in before and form.ready not in before) or form.graphs_failed in found.line
    when = " while CUDA graphs were captured" if captured else ""
    cause = f"a rank sent more than the {limit} tokens that fit into DeepEP's low-latency buffers{when}."
    fixes = _dispatch_fixes(site, captured=captured)
    return Diagnosis("dispatch", cause, fixes, f"layout.{role}.{re.split('[.:]', fixes[0])[2]}")


def _dispatch_fixes(site: RoleContext, *, captured: bool) -> tuple[str, ...]:
    role, fixes = site.role, list[str]()
    normal = site.changed(deepep_mode=DeepEpMode.NORMAL)
    if site.name is Role.PREFILL and not check_role(normal):
        fixes.append(f"layout.{site.name}.deepepMode: normal, which takes prompts of any length")
    doubled = [2**n * role.max_dispatch_tokens_per_rank for n in (1, 2, 3)]
    for tokens in (tokens for tokens in doubled if tokens <= MAX_DISPATCH):
        if not check_role(site.changed(max_dispatch_tokens_per_rank=tokens)):
            fixes.append(f"layout.{site.name}.maxDispatchTokensPerRank: {tokens}")
            break
    sizes = [size for size in GRAPH_BATCHES if 2 * size <= role.max_dispatch_tokens_per_rank]
    if captured and not check_role(site.changed(cuda_graph_batch_sizes=tuple(sizes))):
        fixes.append(f"layout.{site.name}.cudaGraphBatchSizes: {sizes}")
    return tuple(fixes) or (f"layout.{site.name}.moeA2aBackend: none",)


def host_memory(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose exhausted host memory: the container's limit or the node's memory, not a GPU's."""
    limit, key = pod.main.resources.limits.get("memory"), "workers.resources.memory"
    if limit:
        cause = f"the container's memory limit of {limit} is exhausted: {found.line}"
        return Diagnosis("memory", cause, (f"{key}: more than {limit}",), key)
    fix = (
        f"kubectl describe node {pod.spec.node_name} shows its pods' memory; exclude the node with "
        "hardware.nodeSelector."
    )
    cause = f"the memory of node {pod.spec.node_name} is exhausted: {found.line}"
    return Diagnosis("memory", cause, (fix,), "hardware.nodeSelector")


def shared_memory(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a full /dev/shm, through which a pod's ranks communicate; this volume outlives the pod's containers."""
    workers = case.settings.workers
    wanted = f"{-(-2 * quantity_bytes(workers.shared_memory) // GIB)}Gi"
    fixes = [f"workers.sharedMemory: {wanted}"]
    memory = workers.resources.memory
    if memory and quantity_bytes(memory) <= quantity_bytes(wanted):
        fixes = [f"workers.sharedMemory: {wanted}, and workers.resources.memory above it (it is {memory})"]
    if pod.restarts:
        delete = f"kubectl -n {pod.namespace} delete pod {pod.name}"
        fixes.insert(0, f"{delete}: the next pod starts with an empty /dev/shm; a container restart does not clear it.")
    cause = f"/dev/shm ({workers.shared_memory}) is full: {found.line}"  # noqa: S108 - a path inside the container
    return Diagnosis("shared-memory", cause, tuple(fixes), "workers.sharedMemory")


def locked_memory(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose memory that cannot be locked: adapters read only locked memory. Pods that use RDMA get IPC_LOCK."""
    cause = f"memory for the adapters cannot be locked: {found.line}"
    if not uses_rdma(case.settings.hardware):
        key = "hardware.interconnect"
        fix = f"{key}: infiniband or roce, if the nodes have it: such pods can lock memory (IPC_LOCK)"
        return Diagnosis("locked-memory", cause, (fix,), key)
    node = pod.spec.node_name
    fix = f"On {node}: LimitMEMLOCK=infinity for its container runtime (systemctl show containerd -p LimitMEMLOCK)"
    return Diagnosis("locked-memory", cause, (fix,))


def arguments(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose an argument that argparse rejects: one of the stack's, or one that the image's engine does not know."""
    role = role_of(pod)
    extra = case.settings.layout.roles[role].extra_args if role else ()
    wrong = next((arg for arg in extra if arg.startswith("-") and arg.split("=")[0] in found.said), None)
    cause = f"the engine rejects its arguments: {found.said}"
    longest = re.search(r"derived \w+ \(\D*(\d+)", found.said)
    if longest:
        key = config_key(pod, "contextLength")
        return Diagnosis("arguments", cause, (f"{key}: {longest[1]} or less",), key)
    if wrong:
        return Diagnosis(
            "arguments", cause, (f"Take {wrong} out of {config_key(pod, 'extraArgs')}.",), config_key(pod, "extraArgs")
        )
    key = _image_key(case)
    return Diagnosis("arguments", cause, (f"{key}: an image with {_release(case)}",), key)


def _image_key(case: CheckContext) -> str:
    """Return the config key that decides which engine is in the image."""
    return {"existing": "image.reference", "published": "image.tag"}.get(case.settings.image.source, "image.gitRef")


def _release(case: CheckContext) -> str:
    return f"{engine_of(case.settings).release} ({release_of(case.settings).title})"


def weights(case: CheckContext, _pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a model that is not on the volume; some of the engine's libraries then ask Hugging Face, in vain."""
    cause = f"the model cache does not hold {case.plan.model}: {found.line}"
    if case.plan.download is None:
        fix = "modelCache.download: true, or put the weights there"
        return Diagnosis("weights", cause, (fix,), "modelCache.download")
    job = case.plan.download.job
    fix = f"kubectl -n {case.settings.namespace} delete job {job}, then `pulumi up --refresh` verifies every file"
    return Diagnosis("weights", cause, (fix,), "modelCache")


def library(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose an image without a library that the layout needs, most often DeepEP."""
    key = _image_key(case)
    fixes = [f"{key}: an image with {_release(case)} that holds it"]
    if "deep" in found.line.lower():
        fixes.append(f"{config_key(pod, 'moeA2aBackend')}: none, which does without DeepEP")
    return Diagnosis("image", f"the image lacks a library: {found.line}", tuple(fixes), key)


def driver(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a GPU driver of the node that does not match the image's CUDA."""
    fix = f"Update the NVIDIA driver of {pod.spec.node_name}, or exclude the node with hardware.nodeSelector."
    cause = f"the GPU driver does not match the image: {found.line}"
    return Diagnosis("driver", cause, (fix,), "hardware.nodeSelector")


def fabric(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose CUDA error 802: GPUs behind NVSwitch work only after the fabric manager has set up the switches."""
    node = pod.spec.node_name
    fixes = (
        f"On {node}: systemctl restart nvidia-fabricmanager; its version must match the driver's.",
        f"set hardware.nodeSelector to labels that exclude {node}",
    )
    return Diagnosis("gpu", f"NVLink of node {node} is not set up: {found.line}", fixes, "hardware.nodeSelector")


def broken_gpu(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a broken GPU, or a broken link of it."""
    node = pod.spec.node_name
    away = f"kubectl cordon {node}, then kubectl -n {pod.namespace} delete pod {pod.name}: it starts on another node."
    return Diagnosis("gpu", f"a GPU of node {node} is broken: {found.line}", (away,), "hardware.nodes")


def disk(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a full disk of the node or a full volume; the log line says which."""
    fix = f"kubectl describe node {pod.spec.node_name}"
    return Diagnosis("disk", f"a disk of the pod is full: {found.line}", (fix,))


def role_of(pod: Pod) -> Role | None:
    """Return the role of a worker's pod; None for any other pod."""
    component = pod.component
    return Role(component) if component and component is not Component.FRONTEND else None
