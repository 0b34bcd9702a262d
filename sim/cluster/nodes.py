"""The simulated nodes: the stack's `hardware` as Node objects, and the behaviour of nodes and volumes."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sim import paths
from sim.env import environment
from sim.state import Cluster, SimError
from wideep.catalog import gpu_spec
from wideep.settings.hardware import Hardware, Interconnect

SORTS = ("Gpu", "GpuShape")
"""Tags that pydantic puts into an error's location if a key accepts either a name or an object."""
LABEL = "dynamo-wideep.sim/node"
CPU_NODES = 2
_AT_ONCE, _WRITERS = 100, 4
"""Nodes that one kubectl call creates, one after the other, and the number of concurrent calls."""
_KUBECTL_SECONDS = 180
_READY_SECONDS, _EACH_SECONDS, _POLL_SECONDS = 60.0, 0.2, 0.2
_STATES = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'
_BEHAVIOUR = (Path(__file__).parent / "manifests", paths.PROJECT / "sim" / "stages")


def hardware(stack: str) -> Hardware:
    """Return the `hardware` of Pulumi.STACK.yaml; raise SimError that names the file and the key."""
    file = paths.PROJECT / f"Pulumi.{stack}.yaml"
    try:
        config = yaml.safe_load(file.read_text())["config"]
        return Hardware.model_validate_json(json.dumps(config["dynamo-wideep:hardware"]), by_alias=True, by_name=False)
    except FileNotFoundError as error:
        known = ", ".join(sorted(path.name.split(".")[1] for path in paths.PROJECT.glob("Pulumi.*.yaml")))
        raise SimError(f"there is no stack {stack!r} ({file.name} is missing); the stacks are: {known}") from error
    except (KeyError, TypeError, yaml.YAMLError) as error:
        raise SimError(
            f"{file.name} has no dynamo-wideep:hardware, which says how many nodes to simulate. Write, for example:\n"
            "  dynamo-wideep:hardware: {gpu: H200, nodes: 2, gpusPerNode: 8, interconnect: infiniband}"
        ) from error
    except ValidationError as error:
        wrong = "\n".join(f"  {_key(item['loc'])}: {item['msg']}, not {item['input']!r}" for item in error.errors())
        raise SimError(f"{file.name}: dynamo-wideep:hardware is wrong:\n{wrong}") from error


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(["hardware", *(str(part) for part in location if part not in SORTS)])


def manifests(gpus: Hardware, kubelet: int) -> list[dict[str, Any]]:
    """Return the Node objects: gpu-0 … as the hardware says, and two without GPUs, all with the same kubelet port."""
    labels = {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": gpu_spec(gpus.gpu).product or str(gpus.gpu),
        "nvidia.com/gpu.count": str(gpus.gpus_per_node),
        "nvidia.com/gpu.memory": str(gpu_spec(gpus.gpu).memory_bytes // 2**20),
        **gpus.node_selector,
    }
    has = {"cpu": "192", "memory": "2Ti", "nvidia.com/gpu": str(gpus.gpus_per_node)}
    if gpus.interconnect in (Interconnect.INFINIBAND, Interconnect.ROCE):
        has[gpus.rdma_resource] = str(gpus.gpus_per_node)
    return [
        *(_node(f"gpu-{number}", labels, has, kubelet) for number in range(gpus.nodes)),
        *(_node(f"cpu-{number}", {}, {"cpu": "64", "memory": "256Gi"}, kubelet) for number in range(CPU_NODES)),
    ]


def _node(name: str, labels: dict[str, str], has: dict[str, str], kubelet: int) -> dict[str, Any]:
    amount = {"pods": "250", "ephemeral-storage": "4Ti", **has}
    system = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {LABEL: "true", **system, **labels}},
        "status": {
            "capacity": amount,
            "allocatable": amount,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}},
        },
    }


def apply(cluster: Cluster, gpus: Hardware) -> list[str]:
    """Bring nodes, storage class and behaviour to their wanted state; return the nodes' names once they are Ready."""
    nodes = {node["metadata"]["name"]: node for node in manifests(gpus, cluster.ports.kubelet)}
    found = json.loads(kubectl(cluster, "get", "nodes", "--selector", LABEL, "--output=json"))["items"]
    standing = {node["metadata"]["name"]: node["metadata"]["labels"] for node in found}
    kubectl(cluster, "apply", *[f"--filename={folder}" for folder in _BEHAVIOUR])
    _write(cluster, [node for name, node in nodes.items() if name not in standing], "create", "--save-config")
    other = [name for name, has in standing.items() if name in nodes and not _is_labelled(nodes[name], has)]
    _write(cluster, [nodes[name] for name in other], "apply")
    extra = [f"node/{name}" for name in sorted(standing.keys() - nodes.keys())]
    if extra:  # the stack's hardware has become smaller
        kubectl(cluster, "delete", *extra)
    _await_ready(cluster, len(nodes))
    return list(nodes)


def _is_labelled(node: dict[str, Any], labels: dict[str, str]) -> bool:
    return node["metadata"]["labels"].items() <= labels.items()


def _write(cluster: Cluster, nodes: list[dict[str, Any]], *verb: str) -> None:
    """Run several kubectl calls concurrently, because each one processes its objects one after the other."""

    def write(start: int) -> None:
        some = {"apiVersion": "v1", "kind": "List", "items": nodes[start : start + _AT_ONCE]}
        kubectl(cluster, *verb, "--filename=-", given=json.dumps(some))

    with ThreadPoolExecutor(_WRITERS) as pool:
        list(pool.map(write, range(0, len(nodes), _AT_ONCE)))


def _await_ready(cluster: Cluster, count: int) -> None:
    """Poll all nodes with one call, because `kubectl wait` makes two calls for each node."""
    until = time.monotonic() + _READY_SECONDS + count * _EACH_SECONDS
    states = ("get", "nodes", "--selector", LABEL, "--output", _STATES)
    while (ready := kubectl(cluster, *states).split().count("True")) < count:
        if time.monotonic() > until:
            raise SimError(f"{ready} of {count} nodes are Ready, and the others do not become so")
        time.sleep(_POLL_SECONDS)


def kubectl(cluster: Cluster, *arguments: str, given: str | None = None) -> str:
    """Return what kubectl prints; raise SimError with its stderr if it fails, or if it has not ended in time."""
    try:
        done = subprocess.run(
            [cluster.tools["kubectl"], *arguments],
            input=given,
            env=os.environ | environment(cluster),
            capture_output=True,
            text=True,
            timeout=_KUBECTL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SimError(f"`kubectl {' '.join(arguments)}` has not ended after {_KUBECTL_SECONDS} s") from error
    if done.returncode:
        raise SimError(f"`kubectl {' '.join(arguments)}` failed:\n{done.stderr.strip()}")
    return done.stdout
