"""Causes of connection errors in a log: between a worker's ranks, to the other role, to etcd and NATS."""

from __future__ import annotations

import re
from typing import Final

from wideep.rdma import uses_rdma
from wideep.rules.registry import check
from wideep.settings import Settings
from wideep.settings.hardware import Interconnect
from wideep.settings.layout import Role
from wideep.symptoms import Found
from wideep.text import some_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.engine_causes import role_of
from wideep_cli.doctor.trouble import Diagnosis, config_key
from wideep_cluster.objects import Pod, StatefulSet

__all__ = ["etcd", "kv_transfer", "late", "nats", "nccl", "network", "nixl", "nvshmem", "peer", "route"]

LIBRARIES: Final = (
    ("UCX", re.compile(r"\bucx\b|nixl|on mlx5_\d+", re.IGNORECASE)),
    ("NCCL", re.compile("nccl", re.IGNORECASE)),
    ("NVSHMEM", re.compile("")),
)
"""Which library wrote a line, by the first pattern that matches. NVSHMEM's lines do not always name it."""
ETHERNET_ADDRESS: Final = re.compile(r"dgid=(::ffff:[\d.]+)", re.IGNORECASE)
"""An IPv4 address as a GID: only adapters on Ethernet have one."""
ADDRESS: Final = re.compile(r"(?:https?|nats)://([\w.-]+)")


def route(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose an RDMA connection that fails or delivers nothing: the fault is in the adapters or between them."""
    hardware, node = case.settings.hardware, pod.spec.node_name
    library = next(name for name, pattern in LIBRARIES if pattern.search(found.line))
    whom = "of the other role" if library == "UCX" else "of its worker's other pods"
    cause = f"{library} cannot reach the adapters {whom}: {found.line}"
    ethernet = ETHERNET_ADDRESS.search(found.line)
    if hardware.interconnect is not Interconnect.ROCE and ethernet:
        key = "hardware.interconnect"
        return Diagnosis("communication", cause, (f"{key}: roce ({ethernet[1]} is an address on Ethernet)",), key)
    if hardware.interconnect is Interconnect.ROCE:
        variable = f"{library}_IB_GID_INDEX"
        fixes = (
            f"workers.env: {{{variable}: …}}, the index of RoCE v2 by show_gids on {node} (the stack sets 3)",
            "Between the nodes: add a route from each adapter's network to the others",
        )
        return Diagnosis("communication", cause, fixes, "workers.env")
    fixes = (f"On {node}: ibstat must show each port Active and in one subnet; `wideep network` checks all pods.",)
    return Diagnosis("communication", cause, fixes, "hardware.rdmaResource")


def network(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a failure of NCCL, or of PyTorch's store before it, to connect the GPUs of a worker."""
    hardware, role = case.settings.hardware, role_of(pod)
    if role and case.plan.roles[role].pods == 1:
        return _on_node(pod, f"NCCL cannot connect the GPUs of its node {pod.spec.node_name}: {found.line}")
    if not uses_rdma(hardware):
        key = "hardware.interconnect"
        fix = f"{key}: what connects the nodes; or a NetworkPolicy or firewall blocks the pods (`wideep network`)"
        return Diagnosis("communication", f"the pods of its worker cannot reach each other: {found.line}", (fix,), key)
    cause = f"NCCL cannot connect its worker's pods: {found.line}"
    return Diagnosis("communication", cause, _rdma_fixes(case), "hardware.rdmaResource")


def nccl(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a failure that NCCL reports without any line that gives the reason."""
    pods = case.plan.roles[role].pods if (role := role_of(pod)) else 1
    where = _logs(pod, str(pod.component))
    fixes = (
        f"{where} --grep 'nccl|error' shows what happened before{', on every rank' if pods > 1 else ''}.",
        "workers.env: {NCCL_DEBUG: INFO} makes NCCL log more at the next start",
    )
    return Diagnosis("communication", f"NCCL failed without giving the reason: {found.line}", fixes, "workers.env")


def nvshmem(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a failed start of NVSHMEM, DeepEP's transport between nodes."""
    key = config_key(pod, "moeA2aBackend")
    fixes = (
        "On the nodes: the module nvidia_peermem loaded, and the driver's options NVreg_EnableStreamMemOPs=1 and "
        'NVreg_RegistryDwords="PeerMappingOverride=1;" (DeepEP\'s low-latency kernels post from the GPU)',
        f"{key}: none does without DeepEP, until then",
    )
    return Diagnosis("communication", f"NVSHMEM cannot connect the nodes: {found.line}", fixes, key)


def nixl(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a failure of NIXL, which moves the KV cache between the roles over UCX."""
    other = _other(pod)
    cause = f"NIXL cannot transfer the KV cache between {pod.component} and {other}: {found.line}"
    look = f"{_logs(pod, other)} --grep 'ucx|nixl' shows the other end."
    if not uses_rdma(case.settings.hardware):
        return Diagnosis("kv-transfer", cause, (look, "hardware.interconnect: what connects the nodes"))
    return Diagnosis("kv-transfer", cause, (look, *_rdma_fixes(case)), "hardware.rdmaResource")


def kv_transfer(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a request whose KV cache did not get from prefill to decode, because of an error or a timeout."""
    other = _other(pod)
    cause = f"the KV cache of a request was not transferred from prefill to decode: {found.line}"
    look = f"{_logs(pod, other)} --grep 'kvtransfer|nixl|ucx' shows the same request at the other end."
    late = "timed out" in found.line or "WAITING_TIMEOUT" in found.line
    more = f"layout.prefill.replicas: {case.settings.layout.prefill.replicas + 1}"
    if late and not check(_with_prefill(case.settings)):
        fix = f"{more}, if prefill's log shows queued requests (#queue-req above 0)"
        return Diagnosis("kv-transfer", cause, (look, fix), "layout.prefill.replicas")
    return Diagnosis("kv-transfer", cause, (look,))


def _with_prefill(settings: Settings) -> Settings:
    """Return the settings with one more prefill worker."""
    prefill = settings.layout.prefill
    larger = prefill.model_copy(update={"replicas": prefill.replicas + 1})
    return settings.model_copy(update={"layout": settings.layout.model_copy(update={"prefill": larger})})


def late(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a rank's timeout. Ranks wait for each other in every layer: the one that reports is seldom at fault."""
    others = [each for each in case.graph_pods if each.component == pod.component and each.name != pod.name]
    down = some_of(each.name for each in others if not each.ready)
    cause = (
        f"a rank timed out waiting for another rank of its worker{f' ({down} is not ready)' if down else ''}: "
        f"{found.line}"
    )
    fixes = (
        f"{_logs(pod, str(pod.component))} --grep 'error|timeout' shows which rank stopped first.",
        "`wideep network` tests the paths between them while the pods run.",
    )
    return Diagnosis("communication", cause, fixes)


def peer(_case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a lost connection to a process that has exited; the other pod's log says why."""
    other = _other(pod) if "nixl" in found.line.lower() else str(pod.component)
    whom = f"a {other} worker" if other != pod.component else "another rank of its worker"
    cause = f"{whom} that it was connected to has exited: {found.line}"
    return Diagnosis("communication", cause, (f"{_logs(pod, other)} --grep error shows why.",))


def etcd(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a failed connection to etcd, through which workers are found."""
    return _store(case, pod, found, "etcd")


def nats(case: CheckContext, pod: Pod, found: Found, _log: str) -> Diagnosis:
    """Diagnose a failed connection to NATS, through which requests reach the workers."""
    return _store(case, pod, found, "nats")


def _store(case: CheckContext, pod: Pod, found: Found, kind: str) -> Diagnosis:
    """Diagnose an unreachable store: if its pods are ready, the connection to it is at fault."""
    named = ADDRESS.search(found.line)
    host = named[1].split(".")[0] if named else ""
    store = _stateful_set(case, kind, host)
    name = {"nats": "NATS"}.get(kind, kind)
    cause = f"{name} is unreachable: {found.line}"
    if store is None:
        what = f"No StatefulSet {host or f'*-{kind}'} found: see *Dynamo platform* above."
        return Diagnosis("platform", cause, (what,), "platform")
    if not store.ready:
        scale = f"kubectl -n {store.namespace} scale statefulset {store.name} --replicas 1"
        describe = f"kubectl -n {store.namespace} describe pod {store.name}-0"
        return Diagnosis("platform", f"{cause} (no pod of it is ready)", (describe if store.spec.replicas else scale,))
    fixes = [f"kubectl -n {pod.namespace} delete pod {pod.name}, if {name} is running again."]
    if "not known" in found.line or "resol" in found.line or "lookup" in found.line:
        service = f"kubectl -n {store.namespace} get service {store.name}"
        fixes = [f"{service}: if it exists, the cluster's DNS is the problem."]
    else:
        fixes.append(f"kubectl -n {store.namespace} get networkpolicy: a policy may block the pods from {store.name}.")
    return Diagnosis("platform", f"{cause} ({store.name} itself is ready)", tuple(fixes))


def _stateful_set(case: CheckContext, kind: str, host: str) -> StatefulSet | None:
    """Return the StatefulSet named ``host``, or else one of the kind, preferably in the stack's namespace."""
    every = [each for each in case.view.stateful_sets.items if each.name.endswith(f"-{kind}")]
    own = sorted(every, key=lambda each: each.namespace != case.settings.namespace)
    return next((each for each in own if each.name == host), next(iter(own), None))


def _on_node(pod: Pod, cause: str) -> Diagnosis:
    node = pod.spec.node_name
    fixes = (
        f"On {node}: check that `nvidia-smi topo -m` and dmesg show all links, and that nvidia-fabricmanager runs.",
        f"set hardware.nodeSelector to labels that exclude {node}",
    )
    return Diagnosis("communication", cause, fixes, "hardware.nodeSelector")


def _rdma_fixes(case: CheckContext) -> tuple[str, ...]:
    hardware = case.settings.hardware
    other = Interconnect.INFINIBAND if hardware.interconnect is Interconnect.ROCE else Interconnect.ROCE
    return (
        f"hardware.rdmaResource: {hardware.rdma_resource} must give each pod its adapters (`wideep network`)",
        f"hardware.interconnect: {other}, if the nodes use that",
    )


def _logs(pod: Pod, role: str) -> str:
    """Return the command that shows a role's logs: those before the restart if this pod itself has restarted."""
    ended = role == pod.component and pod.restarts and not pod.ready
    return f"wideep logs --role {role}{' --previous' if ended else ''}"


def _other(pod: Pod) -> str:
    return str(Role.PREFILL if pod.component == Role.DECODE else Role.DECODE)
