"""Pods and logs as a cluster would return them, for commands that read a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.support.configs import settings, stack
from wideep.plan import make_plan
from wideep.rules import accept_settings
from wideep.rules.registry import sites
from wideep_cli.deployment import DeployedGraph
from wideep_cli.plan.view import RoleView
from wideep_cli.stack_context import StackContext, load
from wideep_cli.stack_file import read_stack_file
from wideep_cluster.objects import Pod

METRICS = "--enable-expert-distribution-metrics"


def loaded(folder: Path, **changed: object) -> StackContext:
    """Return a stack's Plan, loaded from a file that is written to ``folder``: the lab's option A, some keys
    changed."""
    hardware = {"gpu": "H200", "nodes": 16, "gpusPerNode": 8, "interconnect": "infiniband", "rdmaResource": "rdma/ib"}
    config = {f"dynamo-wideep:{key}": value for key, value in stack(hardware=hardware, **changed).items()}
    path = folder / "Pulumi.test.yaml"
    path.write_text(yaml.safe_dump({"config": config}))
    return load(read_stack_file(path))


def pod(name: str, role: str = "", *, labels: dict[str, str] | None = None, **parts: Any) -> Pod:
    """Return a pod of the graph; ``parts`` are its ``spec``, ``status`` and ``metadata`` in the API's format."""
    kind = {"nvidia.com/dynamo-sub-component-type": role} if role else {"nvidia.com/dynamo-component-type": "frontend"}
    spec = {"containers": [{"name": "main"}], "nodeName": "gpu-0"} | parts.get("spec", {})
    metadata = {"name": name, "namespace": "lab", "labels": kind | (labels or {})} | parts.get("metadata", {})
    return Pod.model_validate({"metadata": metadata, "spec": spec, "status": parts.get("status", {})})


class Logs:
    """A cluster that has only logs, by pod."""

    def __init__(self, **by_pod: str) -> None:
        self.by_pod = {name.replace("_", "-"): text for name, text in by_pod.items()}

    def logs(self, pod: Pod, container: str | None = None, **_: object) -> str | None:
        """Return the pod's log."""
        return self.by_pod.get(pod.name)


def live(found: StackContext, cluster: object) -> DeployedGraph:
    """Return a stack with a stand-in for its cluster."""
    return DeployedGraph(found, cluster)  # pyright: ignore[reportArgumentType]


def decode_view(preset: str = "wide-32gpu", **changed: object) -> RoleView:
    """Return the decode role of a preset, with the engine's balancedness metrics enabled."""
    stack = settings(layout={"preset": preset, "decode": {"extraArgs": [METRICS], **changed}})
    site = next(each for each in sites(stack) if each.name == "decode")
    return RoleView(site, make_plan(accept_settings(stack)).roles[site.name])
