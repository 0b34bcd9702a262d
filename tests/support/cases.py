"""Clusters as the API server would describe them, for tests of what `wideep doctor` reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from tests.support.plans import config_of
from wideep.plan import make_plan
from wideep.rules import accept_settings
from wideep.settings import parse
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.runner import run_checks
from wideep_cluster import Listed
from wideep_cluster.objects import (
    Claim,
    Deployment,
    Event,
    Graph,
    KubeObject,
    Namespace,
    Node,
    Pod,
    Service,
    StatefulSet,
    StorageClass,
)

__all__ = [
    "CPU",
    "NAMESPACE",
    "NOW",
    "OPERATOR",
    "ago",
    "case",
    "container",
    "event",
    "failures",
    "node",
    "obj",
    "pod",
    "seen",
    "view",
]

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
OPERATOR = "dynamo-platform-dynamo-operator-controller-manager"
NAMESPACE = "dynamo-workshop"


def ago(seconds: float) -> str:
    """Return a time ``seconds`` before NOW, in the API's format."""
    return (NOW - timedelta(seconds=seconds)).isoformat()


def node(name: str, gpus: int = 8, *, ready: bool = True, rdma: int | None = None, **given: Any) -> Node:
    """Return an H200 node. ``given``: labels (None removes one), taints, cordoned, resources."""
    labels = {
        "nvidia.com/gpu.product": "NVIDIA-H200",
        "nvidia.com/gpu.memory": "143156",
        "nvidia.com/cuda.driver-version.major": "580",
        **given.get("labels", {}),
    }
    resources = {"nvidia.com/gpu": str(gpus), "rdma/ib": str(gpus if rdma is None else rdma)}
    offered = {**resources, **given.get("resources", {})}
    condition = {"type": "Ready", "status": "True" if ready else "Unknown", "lastTransitionTime": ago(300)}
    return Node.model_validate(
        {
            "metadata": {"name": name, "labels": {k: v for k, v in labels.items() if v is not None}},
            "spec": {"unschedulable": given.get("cordoned", False), "taints": given.get("taints", [])},
            "status": {"allocatable": {k: v for k, v in offered.items() if v != "0"}, "conditions": [condition]},
        }
    )


def container(**state: Any) -> dict[str, Any]:
    """Return the status of a pod's main container."""
    return {"name": "main", "image": "x", "restartCount": state.pop("restarts", 0), **state}


def pod(name: str, role: str = "", on: str = "gpu-0", gpus: int = 8, **given: Any) -> Pod:
    """Return a pod of the graph, or (without a role) another. ``given``: ready, status, namespace, image, owners,
    deleted."""
    ready = given.get("ready", True)
    graph = {"nvidia.com/dynamo-graph-deployment-name": "deepseek-r1-wideep"} if role else {}
    kind = {"nvidia.com/dynamo-component-type": "frontend" if role == "frontend" else "worker"} if role else {}
    sub = {"nvidia.com/dynamo-sub-component-type": role} if role in ("prefill", "decode") else {}
    image = given.get("image", "registry.sim/dynamo-wideep@sha256:1")
    limits = {"nvidia.com/gpu": str(gpus), "rdma/ib": str(gpus)} if gpus else {}
    running = {"containerStatuses": [container(ready=ready, state={"running": {"startedAt": ago(100)}})]}
    body = {
        "metadata": {
            "name": name,
            "namespace": given.get("namespace", NAMESPACE),
            "labels": {**graph, **kind, **sub},
            "creationTimestamp": ago(600),
            "ownerReferences": given.get("owners", []),
            "deletionTimestamp": given.get("deleted"),
        },
        "spec": {"nodeName": on, "containers": [{"name": "main", "image": image, "resources": {"limits": limits}}]},
        "status": {
            "phase": "Running" if on else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            **running,
            **given.get("status", {}),
        },
    }
    return Pod.model_validate(body)


def event(kind: str, name: str, reason: str, message: str, seconds: float = 60) -> Event:
    """Return a Warning event."""
    about = {"kind": kind, "name": name, "namespace": NAMESPACE}
    meta = {"name": f"{name}.{reason}", "namespace": NAMESPACE}
    body = {"metadata": meta, "involvedObject": about, "type": "Warning", "reason": reason, "message": message}
    return Event.model_validate({**body, "lastTimestamp": ago(seconds)})


def obj(model: type[KubeObject], name: str, **fields: Any) -> Any:
    """Return an object of any kind; ``meta`` contains fields of its metadata."""
    meta = {"name": name, "namespace": NAMESPACE, **fields.pop("meta", {})}
    return model.model_validate({"metadata": meta, **fields})


def seen(*items: Any, **how: Any) -> Listed[Any]:
    """Return a successful listing of these objects."""
    return Listed(tuple(items), **how)


CPU = node("cpu-0", 0, labels={"nvidia.com/gpu.product": None})
"""The node on which the frontend and the download run."""


@cache
def _deployed() -> dict[str, Listed[Any]]:
    """Return option A of the lab, deployed and serving on two nodes."""
    pods = (
        pod("frontend-0", "frontend", "cpu-0", 0),
        pod("prefill-0", "prefill", "gpu-0"),
        pod("decode-0", "decode", "gpu-1"),
    )
    operator = {"containers": [{"name": "manager", "image": "nvcr.io/x/kubernetes-operator:0.6.0"}]}
    plan = make_plan(accept_settings(parse(config_of("sim"))))
    spec = plan.manifests[0]["spec"]
    graph = {"state": "successful", "conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "pods": seen(*pods),
        "own_pods": seen(*pods),
        "claims": seen(
            obj(
                Claim,
                "model-cache-pvc",
                spec={"accessModes": ["ReadWriteMany"], "storageClassName": "shared"},
                status={"phase": "Bound", "capacity": {"storage": "1Ti"}},
            )
        ),
        "deployments": seen(
            obj(Deployment, OPERATOR, spec={"template": {"spec": operator}}, status={"readyReplicas": 1})
        ),
        "stateful_sets": seen(
            obj(StatefulSet, "dynamo-platform-etcd", status={"readyReplicas": 1}),
            obj(StatefulSet, "dynamo-platform-nats", status={"readyReplicas": 1}),
        ),
        "services": seen(obj(Service, plan.frontend.service)),
        "graphs": seen(obj(Graph, plan.name, spec=spec, status=graph)),
    }


def view(*, deployed: bool = True, **changed: Any) -> ClusterSnapshot:
    """Return a healthy cluster of two GPU nodes, with or without the graph, with some parts changed."""
    classes = obj(
        StorageClass,
        "shared",
        provisioner="nfs.csi.k8s.io",
        meta={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    )
    base = ClusterSnapshot(
        namespace=seen(obj(Namespace, NAMESPACE, status={"phase": "Active"})),
        nodes=seen(node("gpu-0"), node("gpu-1"), CPU),
        classes=seen(classes),
        serves_graphs=deployed,
        models=lambda _service: ("deepseek-ai/DeepSeek-R1",),
    )
    if deployed:
        base = replace(base, **_deployed())
    if "own_pods" in changed and "pods" not in changed:
        changed["pods"] = seen(*(p for p in changed["own_pods"].items if p.spec.node_name))
    return replace(base, **changed)


def case(look: ClusterSnapshot | None = None, stack: str = "sim", **config: Any) -> CheckContext:
    """Return a stack on a cluster: by default the sim stack (option A of the lab) on a healthy one."""
    settings = parse(config_of(stack, **config))
    return CheckContext(settings, make_plan(accept_settings(settings)), look or view(), NOW)


def failures(look: ClusterSnapshot | None = None, stack: str = "sim", **config: Any) -> Sequence[Finding]:
    """Return the findings of failed checks."""
    return [found for found in run_checks(case(look, stack, **config)) if found.verdict is Verdict.FAILED]
