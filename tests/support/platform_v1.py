"""A platform of Dynamo 1.6.1 on the tests' simulated cluster, and a graph like Dynamo's v1beta1 examples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sim.operator.contract import Manifest
from sim.state import Cluster
from tests.support.platform import GROVE_CRDS, RELEASE, Platform

CHART = "sim/charts/1.6.1/dynamo-platform"
IMAGE = "registry.example.com/sglang-runtime:1.6.1"
PROXY = "--set=dynamo-operator.controllerManager.kubeRbacProxy.image.repository=quay.io/brancz/kube-rbac-proxy"
GROVE = (
    "--set=global.grove.install=true,global.kai-scheduler.install=true",
    "--set-string=kai-scheduler.scheduler.args.default-staleness-grace-period=-1s",
)
CRDS = tuple(
    f"dynamo{kind}.nvidia.com"
    for kind in ("graphdeployments", "componentdeployments", "graphdeploymentscalingadapters", "workermetadatas")
)


def worker(role: str, *, gpus: str = "8", nodes: int = 1, image: str = IMAGE) -> Manifest:
    """Return a component of SGLang workers."""
    args = ["--model-path", "/models/r1", "--served-model-name", "deepseek-ai/DeepSeek-R1", "--tp-size", "8"]
    args += ["--disaggregation-mode", role, "--disaggregation-transfer-backend", "nixl", "--host", "0.0.0.0"]  # noqa: S104
    main = {
        "name": "main",
        "image": image,
        "command": ["python3", "-m", "dynamo.sglang"],
        "args": args,
        "resources": {"limits": {"nvidia.com/gpu": gpus}},
        "volumeMounts": [{"name": "model-cache", "mountPath": "/models"}],
    }
    made = {"name": role, "type": role, "replicas": 1, "sharedMemorySize": "80Gi"}
    made |= {"podTemplate": {"spec": {"containers": [main]}}}
    return made | ({"multinode": {"nodeCount": nodes}} if nodes > 1 else {})


def a_graph(*components: Manifest, name: str = "sgl") -> Manifest:
    """Return a graph with a frontend and the components, by default a prefill and a decode worker of eight GPUs
    each."""
    main = {"name": "main", "image": IMAGE}
    frontend = {"name": "frontend", "type": "frontend", "podTemplate": {"spec": {"containers": [main]}}}
    given = components or (worker("prefill"), worker("decode"))
    return {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name},
        "spec": {"backendFramework": "sglang", "components": [frontend, *given]},
    }


@contextmanager
def installed(cluster: Cluster, namespace: str, *values: str) -> Iterator[Platform]:
    """Yield a cluster-wide platform whose operator is ready; remove it afterwards with its CRDs."""
    platform = Platform(cluster, namespace)
    platform.run("kubectl", "delete", "crd", "--ignore-not-found", *GROVE_CRDS, *CRDS)
    platform.run("kubectl", "create", "namespace", namespace)
    try:
        platform.kubectl("create", "-f", "-", given=CLAIM)
        platform.run("helm", "install", RELEASE, CHART, "-n", namespace, "--wait", "--timeout=120s", PROXY, *values)
        yield platform
    finally:
        platform.run("helm", "uninstall", RELEASE, "-n", namespace, "--ignore-not-found")
        platform.run("kubectl", "delete", "namespace", namespace, "--timeout=60s")
        platform.run("kubectl", "delete", "crd", "--ignore-not-found", *GROVE_CRDS, *CRDS)


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: model-cache}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Ti}}}
"""
