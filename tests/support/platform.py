"""A Dynamo platform on the tests' simulated cluster, and what tests do with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sim.operator.contract import Manifest
from sim.sandbox import CRDS, RELEASE, WORKS_TODAY, install_platform, make_mpi_secret
from sim.state import Cluster
from tests.support.process import Said, env_on, run

GROVE_CRDS = [f"{kind}.grove.io" for kind in ("podcliquesets", "podcliques", "podcliquescalinggroups")]
WAIT_SECONDS = 60.0
HELD = "tests.wideep.dev/held"
ENDLESS = {"foregroundDeletion", HELD}


def a_graph(
    *,
    decode_replicas: int = 1,
    decode_gpus: str = "8",
    decode_nodes: int = 1,
    image: str = "registry.example.com/worker:1",
    strategy: str = "",
    secret: str = "hf-token-secret",  # noqa: S107 - a name
    engine: str = "nothing",
) -> Manifest:
    """Return a graph in the lab's shape, for two nodes of eight GPUs; with the engine `sglang` its workers answer."""

    def worker(role: str, gpus: str, replicas: int, nodes: int) -> Manifest:
        args = ["--model-path", "/model-cache/r1", "--served-model-name", "deepseek-ai/DeepSeek-R1"]
        args += ["--tp-size", "8", "--ep-size", "8", "--disaggregation-mode", role]
        main = {"image": image, "command": ["python3", "-m", f"dynamo.{engine}"], "args": args}
        service: Manifest = {
            "componentType": "worker",
            "subComponentType": role,
            "replicas": replicas,
            "resources": {"limits": {"gpu": gpus}},
            "annotations": {"nvidia.com/deployment-strategy": strategy} if strategy else {},
            "extraPodSpec": {"mainContainer": main | {"envFrom": [{"secretRef": {"name": secret}}]}},
        }
        return service | ({"multinode": {"nodeCount": nodes}} if nodes > 1 else {})

    frontend = {"componentType": "frontend", "replicas": 1, "extraPodSpec": {"mainContainer": {"image": image}}}
    services = {
        "Frontend": frontend,
        "decode": worker("decode", decode_gpus, decode_replicas, decode_nodes),
        "prefill": worker("prefill", "8", 1, 1),
    }
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": "sgl"},
        "spec": {"services": services},
    }


@dataclass(frozen=True)
class Platform:
    """A namespace with its own platform."""

    cluster: Cluster
    namespace: str

    def run(self, *command: str, fails: bool | None = False, given: str = "") -> Said:
        """Run a command on the simulated cluster."""
        return run(*command, env=env_on(self.cluster), given=given, seconds=120, fails=fails)

    def kubectl(self, *arguments: str, given: str = "") -> str:
        return self.run("kubectl", "-n", self.namespace, *arguments, given=given).out

    def apply(self, manifest: Manifest) -> None:
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=json.dumps(manifest))

    def find(self, kind: str, labels: str = "") -> list[Manifest]:
        selector = ["-l", labels] if labels else []
        return json.loads(self.kubectl("get", kind, "-o", "json", *selector))["items"]

    def hold_graph(self) -> None:
        """Hold the graph with a finalizer, however fast its deletion is, until `delete_graphs`."""
        own = self.graph()["metadata"].get("finalizers", [])
        patch = json.dumps({"metadata": {"finalizers": [*own, HELD]}})
        self.kubectl("patch", "dgd", "sgl", "--type=merge", "-p", patch)

    def graph(self) -> Manifest:
        return json.loads(self.kubectl("get", "dgd", "sgl", "-o", "json"))

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until ``holds`` returns True; fail with the objects' state if that takes too long."""
        until = time.monotonic() + WAIT_SECONDS
        while not holds():
            if time.monotonic() > until:
                there = self.run("kubectl", "-n", self.namespace, "get", "dgd,dcd,pods", "-o", "wide").out
                pytest.fail(f"not in {WAIT_SECONDS:.0f} s: {what}\n{there}", pytrace=False)
            time.sleep(0.2)

    def rests(self, *kinds: str) -> None:
        """Wait until none of these objects is written for three seconds: a controller that reconciles in circles would
        load the API server as long as the graph exists."""

        def versions() -> list[str]:
            return [each["metadata"]["resourceVersion"] for kind in kinds for each in self.find(kind)]

        def at_rest() -> bool:
            before = versions()
            time.sleep(3)
            return versions() == before

        self.wait(at_rest, f"three seconds without a write of {', '.join(kinds)}")

    def wait_for_state(self, state: str) -> None:
        """Wait until the graph's status has this state."""
        self.wait(lambda: (self.graph().get("status") or {}).get("state") == state, f"the graph {state}")

    def pods_of(self, service: str) -> list[Manifest]:
        return self.find("pods", f"nvidia.com/dynamo-component={service}")

    def ready_pods(self, service: str) -> list[Manifest]:
        def is_ready(pod: Manifest) -> bool:
            conditions = (pod.get("status") or {}).get("conditions") or []
            return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

        return [pod for pod in self.pods_of(service) if is_ready(pod)]

    def pending_pods(self, service: str) -> list[Manifest]:
        return [pod for pod in self.pods_of(service) if not pod["spec"].get("nodeName")]

    def images(self, service: str) -> set[str]:
        return {pod["spec"]["containers"][0]["image"] for pod in self.pods_of(service)}

    def waiting_reasons(self, service: str) -> set[str]:
        """Return the reasons why the containers of a service's pods wait."""
        states = [one["state"] for pod in self.pods_of(service) for one in pod["status"].get("containerStatuses", [])]
        return {state["waiting"]["reason"] for state in states if "waiting" in state}

    def is_empty(self) -> bool:
        """Tell whether nothing is left of any graph."""
        label = "nvidia.com/dynamo-graph-deployment-name"
        return not (self.find("dgd") or self.find("dcd") or self.find("pods", label) or self.find("deployments", label))

    def scale_operator(self, replicas: int) -> None:
        name = f"{RELEASE}-dynamo-operator-controller-manager"
        self.kubectl("scale", f"deployment/{name}", f"--replicas={replicas}")
        self._wait_for_replicas(f"deployment/{name}", replicas)

    def scale_etcd(self, replicas: int) -> None:
        self.kubectl("scale", f"statefulset/{RELEASE}-etcd", f"--replicas={replicas}")
        self._wait_for_replicas(f"statefulset/{RELEASE}-etcd", replicas)

    def _wait_for_replicas(self, name: str, replicas: int) -> None:
        """Wait until exactly that many replicas exist and are ready."""

        def counts() -> list[int]:
            status = json.loads(self.kubectl("get", name, "-o", "json"))["status"]
            return [status.get("replicas", 0), status.get("readyReplicas", 0)]

        self.wait(lambda: counts() == [replicas, replicas], f"{replicas} of {name} ready")

    def make_mpi_secret(self) -> None:
        make_mpi_secret(self.run, self.namespace)

    def revive(self) -> None:
        """Restore operator, etcd and the MPI key, whatever state a test left them in."""
        if not [one for one in self.find("secrets") if one["metadata"]["name"] == "mpi-run-ssh-secret"]:
            self.make_mpi_secret()
        self.scale_etcd(1)
        self.scale_operator(1)

    def delete_graphs(self) -> None:
        """Delete all graphs, including those that are held, and end foreground deletions of graphs and components."""
        self.kubectl("delete", "dgd", "--all", "--wait=false")

        def is_empty() -> bool:
            for kind in ("dgd", "dcd"):
                self._end_deletions(kind)
            return self.is_empty()

        self.wait(is_empty, "nothing left of the graph")

    def _end_deletions(self, kind: str) -> None:
        for live in [one for one in self.find(kind) if ENDLESS & set(one["metadata"].get("finalizers", []))]:
            patch, name = json.dumps({"metadata": {"finalizers": None}}), live["metadata"]["name"]
            self.run("kubectl", "-n", self.namespace, "patch", kind, name, "--type=merge", "-p", patch, fails=None)


@contextmanager
def installed(cluster: Cluster, namespace: str, *values: str) -> Iterator[Platform]:
    """Yield a ready platform that is restricted to its own namespace; remove it afterwards, except the CRDs
    themselves."""
    platform = Platform(cluster, namespace)
    if not any("grove.enabled=true" in value for value in values):
        # Grove's CRDs outlive Grove, and an operator that finds them leaves every graph to a Grove that no longer runs.
        platform.run("kubectl", "delete", "crd", "--ignore-not-found", *GROVE_CRDS)
    platform.run("kubectl", "create", "namespace", namespace)
    try:
        platform.run("helm", "upgrade", "--install", *CRDS, "sim/charts/dynamo-crds", "--wait")
        platform.make_mpi_secret()
        platform.kubectl("create", "secret", "generic", "hf-token-secret", "--from-literal=HF_TOKEN=x")
        restricted = "--set=dynamo-operator.namespaceRestriction.enabled=true"
        chart = ("sim/charts/dynamo-platform", "-n", namespace, "--wait", "--timeout=60s")
        platform.run("helm", "install", RELEASE, *chart, restricted, *WORKS_TODAY, *values)
        yield platform
    finally:
        platform.run("helm", "uninstall", RELEASE, "-n", namespace, "--ignore-not-found")
        platform.run("helm", "uninstall", *CRDS, "--ignore-not-found")
        platform.run("kubectl", "delete", "namespace", namespace, "--timeout=60s")


@contextmanager
def everywhere(cluster: Cluster, namespace: str) -> Iterator[Platform]:
    """Yield a cluster-wide platform that was installed with Helm; remove it afterwards."""
    platform = Platform(cluster, namespace)
    install_platform(platform.run, namespace)
    yield platform
    platform.run("helm", "uninstall", RELEASE, "-n", namespace)
    platform.run("helm", "uninstall", *CRDS)
    platform.run("kubectl", "delete", "namespace", namespace, "--timeout=60s")
