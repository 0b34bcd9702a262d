"""What follows from what an engine's log shows: memory, arguments, the network between its pods, driver, weights."""

from __future__ import annotations

import re

from ops.cluster.objects import Component, Pod
from ops.doctor.case import Case
from ops.doctor.oom import Short, memory_fixes
from ops.doctor.trouble import Trouble, key_of
from wideep.backends.network import uses_rdma
from wideep.settings.hardware import Interconnect
from wideep.settings.layout import Role

__all__ = ["arguments", "cuda_memory", "driver", "network", "nvshmem", "pool_short", "weights"]

Match = re.Match[str]


def pool_short(case: Case, pod: Pod, _found: Match, _log: str) -> Trouble:
    """SGLang has loaded the weights, and finds no room for a KV cache beside them."""
    return _memory(case, pod, "the weights leave no room for a KV cache (SGLang: Not enough memory)", Short.POOL)


def cuda_memory(case: Case, pod: Pod, found: Match, log: str) -> Trouble:
    """Where in its life it ran out tells which part of the memory was short."""
    before = log[: found.start()]
    if "fired up and ready" in before:
        return _memory(case, pod, "the GPU ran out of memory under load", Short.OUTSIDE)
    if "Capture cuda graph" in before or "cuda graph" in found[0].lower():
        return _memory(case, pod, "the GPU ran out of memory while CUDA graphs were captured", Short.OUTSIDE)
    if "Load weight end" in before:
        return _memory(case, pod, "the GPU ran out of memory after the weights were loaded", Short.OUTSIDE)
    return _memory(case, pod, "the GPU ran out of memory while the weights were loaded", Short.POOL)


def _memory(case: Case, pod: Pod, cause: str, short: Short) -> Trouble:
    role = _role(pod)
    if role is None:
        return Trouble("memory", f"{cause}.")
    plan = case.plan.roles[role]
    has = (
        f"{plan.weights_gb:.1f} GB of weights, {plan.kv_cache_gb:.1f} GB of KV cache and "
        f"{plan.memory.headroom_gb:.1f} GB outside the pool by the plan"
    )
    fixes = memory_fixes(case.site(role), short)
    named = re.search(r"memFractionStatic|redundantExperts|cudaGraphBatchSizes|maxDispatch\w+", fixes[0])
    return Trouble("memory", f"{cause}: {has}.", fixes, f"layout.{role}.{named[0]}" if named else f"layout.{role}")


def arguments(case: Case, pod: Pod, found: Match, _log: str) -> Trouble:
    """argparse refuses an argument: the stack's own, or one that the image's SGLang does not know."""
    said = found["said"].strip()
    role = _role(pod)
    extra = case.settings.layout.roles[role].extra_args if role else ()
    wrong = next((arg for arg in extra if arg.startswith("-") and arg.split("=")[0] in said), None)
    cause = f"the engine does not take its arguments: {said}"
    if wrong:
        return Trouble(
            "arguments", cause, (f"Take {wrong} out of {key_of(pod, 'extraArgs')}.",), key_of(pod, "extraArgs")
        )
    key = "image.reference" if case.settings.image.source == "existing" else "image.gitRef"
    return Trouble("arguments", cause, (f"{key}: an image with SGLang 0.5.3.post2 (Dynamo 0.6.0)",), key)


def network(case: Case, pod: Pod, found: Match, _log: str) -> Trouble:
    """NCCL, or PyTorch's store before it, does not connect the GPUs of a worker."""
    hardware, role, said = case.settings.hardware, _role(pod), found[0].strip()
    if role and case.plan.roles[role].pods == 1:
        node = pod.spec.node_name
        fixes = (
            f"On {node}: does nvidia-fabricmanager run, and do `nvidia-smi topo -m` and dmesg show all links?",
            f"hardware.nodeSelector: labels that keep the pods off {node}",
        )
        cause = f"NCCL does not connect the GPUs of its node {node}: {said}"
        return Trouble("communication", cause, fixes, "hardware.nodeSelector")
    if not uses_rdma(hardware):
        key = "hardware.interconnect"
        fix = f"{key}: what connects the nodes; or a NetworkPolicy or firewall keeps the pods apart (`wideep network`)"
        return Trouble("communication", f"the pods of its worker do not reach each other: {said}", (fix,), key)
    other = Interconnect.INFINIBAND if hardware.interconnect is Interconnect.ROCE else Interconnect.ROCE
    fixes = (
        f"hardware.rdmaResource: {hardware.rdma_resource} has to give each pod its adapters (`wideep network`)",
        f"hardware.interconnect: {other}, if that is what connects the nodes",
    )
    return Trouble("communication", f"NCCL does not connect its worker's pods: {said}", fixes, "hardware.rdmaResource")


def nvshmem(_case: Case, pod: Pod, found: Match, _log: str) -> Trouble:
    """DeepEP's transport between nodes does not start."""
    key = key_of(pod, "moeA2aBackend")
    fixes = (
        "On the nodes: the module nvidia_peermem loaded, and the driver's options NVreg_EnableStreamMemOPs=1 and "
        'NVreg_RegistryDwords="PeerMappingOverride=1;" (DeepEP\'s low-latency kernels post from the GPU)',
        f"{key}: none does without DeepEP, until then",
    )
    return Trouble("communication", f"NVSHMEM does not connect the nodes: {found[0].strip()}", fixes, key)


def weights(case: Case, _pod: Pod, found: Match, _log: str) -> Trouble:
    """The engine does not find the model on the volume."""
    cause = f"the model cache does not hold {case.plan.model}: {found[0].strip()}"
    if case.plan.download is None:
        fix = "modelCache.download: true, or put the weights there"
        return Trouble("weights", cause, (fix,), "modelCache.download")
    job = case.plan.download.job
    fix = f"kubectl -n {case.settings.namespace} delete job {job}, then `pulumi up --refresh` checks every file again"
    return Trouble("weights", cause, (fix,), "modelCache")


def driver(_case: Case, pod: Pod, found: Match, _log: str) -> Trouble:
    """The image's CUDA and the node's driver do not go together."""
    fix = f"Update the NVIDIA driver of {pod.spec.node_name}, or keep the pods off it with hardware.nodeSelector."
    return Trouble(
        "driver", f"the GPU's driver does not fit the image: {found[0].strip()}", (fix,), "hardware.nodeSelector"
    )


def _role(pod: Pod) -> Role | None:
    component = pod.component
    return Role(component) if component and component is not Component.FRONTEND else None
