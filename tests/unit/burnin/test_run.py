"""The way of a burn-in on a cluster: which nodes it takes, what it makes there, and that nothing of it stays."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.support.live import loaded
from wideep.burnin.judge import judge
from wideep.catalog import gpu_spec
from wideep.gpus import Gpu
from wideep_cli.burnin import run
from wideep_cli.burnin.jobs import Asked
from wideep_cli.burnin.places import find_places
from wideep_cli.burnin.report import Answer, burnin_json, burnin_text
from wideep_cli.burnin.run import BurnIn
from wideep_cli.errors import CallError
from wideep_cli.stack_context import StackContext
from wideep_cluster import ClusterError, Listed, Listing
from wideep_cluster.kinds import NODES
from wideep_cluster.objects import Job, Meta, Namespace, Node, Pod

RECORDED = Path(__file__).parent / "recorded"
HEALTHY = (RECORDED / "h100x4-quick.jsonl").read_text()
RESOURCES = ("nvidia.com/gpu", "rdma/ib")


def node(name: str, gpus: int = 8, **spec: object) -> Node:
    """A ready GPU node."""
    status = {
        "allocatable": dict.fromkeys(RESOURCES, str(gpus)),
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    metadata = {"name": name, "labels": {"kubernetes.io/hostname": f"{name}.lab"}}
    return Node.model_validate({"metadata": metadata, "spec": spec, "status": status})


def holder(name: str, on: str, gpus: int) -> Pod:
    """Somebody's pod with GPUs."""
    container = {"name": "main", "resources": {"limits": dict.fromkeys(RESOURCES, str(gpus))}}
    spec = {"nodeName": on, "containers": [container]}
    return Pod.model_validate({"metadata": {"name": name, "namespace": "theirs"}, "spec": spec})


@dataclass
class FakeCluster:
    """Takes Jobs; ``says`` is what a node's pod prints, or why it does not start."""

    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    says: dict[str, str] = field(default_factory=dict[str, str])
    waits: dict[str, str] = field(default_factory=dict[str, str])
    refused: str = ""
    """The node whose Job an admission rule refuses."""
    interrupted: bool = False
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    made: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def list(self, kind: object, _namespace: str | None = None, **_: str) -> Listing[Any]:
        """Nodes, or the pods of the Jobs."""
        if kind is NODES:
            return Listing(self.nodes, "1")
        if self.interrupted:
            raise KeyboardInterrupt
        return Listing(tuple(self._pod(name, job) for name, job in self.jobs.items()), "1")

    def find(self, _kind: object, name: str) -> Namespace | None:
        """The stack's namespace."""
        return Namespace(metadata=Meta(name=name)) if self.nodes else None

    def listed(self, _kind: object, **_: str) -> Listed[Pod]:
        """The pods that hold a part of a node."""
        return Listed(self.pods)

    def create(self, _kind: object, _namespace: str, manifest: dict[str, Any]) -> Job:
        """Keep a Job."""
        if self._node(manifest) == self.refused:
            raise ClusterError("admission webhook denies the Job")
        self.made.append(manifest)
        self.jobs[manifest["metadata"]["name"]] = manifest
        return Job.model_validate({"metadata": manifest["metadata"]})

    def delete(self, _kind: object, name: str, _namespace: str) -> None:
        """Delete a Job; none is none to delete."""
        self.jobs.pop(name, None)

    def logs(self, pod: Pod, container: str, **_: object) -> str | None:
        """What the node's pod has printed."""
        assert container == "burnin"
        return self.says.get(pod.metadata.labels["node"])

    def _node(self, manifest: dict[str, Any]) -> str:
        arguments = arguments_of(manifest)
        return arguments[arguments.index("--node") + 1]

    def _pod(self, name: str, job: dict[str, Any]) -> Pod:
        where = self._node(job)
        owners = [{"kind": "Job", "name": name}]
        metadata = {"name": f"{name}-x", "namespace": "lab", "labels": {"node": where}, "ownerReferences": owners}
        waiting = {"name": "burnin", "state": {"waiting": {"reason": self.waits.get(where, "")}}}
        pending = {"phase": "Pending", "containerStatuses": [waiting]}
        status = pending if where in self.waits else {"phase": "Succeeded", "podIP": "10.0.0.7"}
        spec = {"containers": [{"name": "burnin"}]}
        return Pod.model_validate({"metadata": metadata, "spec": spec, "status": status})


def arguments_of(manifest: dict[str, Any]) -> list[str]:
    """Of the measuring program."""
    return manifest["spec"]["template"]["spec"]["containers"][0]["args"]


def said(name: str) -> str:
    """The healthy recording as another node's."""
    return HEALTHY.replace('"gpu-0"', f'"{name}"')


@pytest.fixture
def stack(tmp_path: Path) -> StackContext:
    """Option A of the lab, over InfiniBand."""
    return loaded(tmp_path)


def burn(cluster: FakeCluster, stack: StackContext, seconds: int = 60, **options: Any) -> tuple[Any, Any, list[str]]:
    """A burn-in of the cluster's free nodes."""
    remarks: list[str] = []
    asked = Asked(options.get("only"), options.get("quick", True), seconds)
    found = find_places(cluster, stack, ())  # pyright: ignore[reportArgumentType]
    measured, unfit = BurnIn(cluster, stack, asked, remarks.append).run(found.places)  # pyright: ignore[reportArgumentType]
    return measured, unfit, remarks


def test_nodes_with_a_taken_gpu_or_a_cordon_are_skipped_with_the_reason(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b"), node("c", unschedulable=True)), (holder("train-0", "b", 2),))

    found = find_places(cluster, stack, ())  # pyright: ignore[reportArgumentType]

    assert [place.node.name for place in found.places] == ["a"]
    assert found.skipped == (
        "b: skipped (2 of 8 GPUs are taken: theirs/train-0 (2)).",
        "c: skipped (cordoned).",
    )


def test_a_cluster_without_a_free_node_is_told_and_nothing_is_made(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"),), (holder("train-0", "a", 8),))

    with pytest.raises(ClusterError, match=r"No GPU node is free.*\n  a: skipped \(8 of 8 GPUs are taken"):
        find_places(cluster, stack, ())  # pyright: ignore[reportArgumentType]


def test_before_the_namespace_is_there_the_way_to_it_is_told(stack: StackContext) -> None:
    with pytest.raises(ClusterError, match=r"Namespace \S+ does not exist.*\n  Run `pulumi up`"):
        find_places(FakeCluster(), stack, ())  # pyright: ignore[reportArgumentType]


def test_a_node_that_is_not_there_is_a_mistake_of_the_call(stack: StackContext) -> None:
    with pytest.raises(CallError, match=r"--nodes z: not a GPU node"):
        find_places(FakeCluster((node("a"),)), stack, ("z",))  # pyright: ignore[reportArgumentType]


def test_each_node_has_one_job_with_all_its_gpus_the_first_ones_address_and_a_deadline(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b"), node("c", 7)), says={name: said(name) for name in "abc"})

    measured, unfit, _ = burn(cluster, stack)

    first, second, alone = cluster.made
    assert measured.nodes == ("a", "b", "c")
    assert (unfit, cluster.jobs) == ((), {})
    assert arguments_of(first)[2:6] == ["--nodes", "a,b", "--gpus", "8"]
    assert "--master" not in arguments_of(first)
    assert arguments_of(second)[arguments_of(second).index("--master") + 1] == "10.0.0.7:29511"
    assert arguments_of(alone)[2:6] == ["--nodes", "c", "--gpus", "7"]
    spec = second["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 60 + 60, 120)
    pod = spec["template"]["spec"]
    assert pod["nodeSelector"] == {"kubernetes.io/hostname": "b.lab"}
    assert pod["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": "8", "rdma/ib": "8"}
    assert pod["containers"][0]["image"] == stack.plan.image


def test_the_program_travels_in_the_command_and_kubernetes_replaces_nothing_in_it(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"),), says={"a": said("a")})
    burn(cluster, stack)

    python, option, program = cluster.made[0]["spec"]["template"]["spec"]["containers"][0]["command"]

    assert (python, option) == ("python3", "-c")
    compile(program, "measure.py", "exec")
    assert "$(" not in program
    assert len(program) < 128 * 1024, "the longest argument that Linux takes"


def test_a_pod_that_never_starts_is_told_with_its_reason_and_the_others_figures_are_kept(
    stack: StackContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "POLL_SECONDS", 0.01)
    cluster = FakeCluster((node("a"), node("b")), says={"a": said("a")}, waits={"b": "ImagePullBackOff"})

    measured, (verdict,), _ = burn(cluster, stack, seconds=0)

    assert measured.nodes == ("a",)
    assert verdict.text.startswith("b: nothing was measured (ImagePullBackOff).")
    assert cluster.jobs == {}


def test_ctrl_c_leaves_nothing(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b")), interrupted=True)

    with pytest.raises(KeyboardInterrupt):
        burn(cluster, stack)

    assert len(cluster.made) == 1
    assert cluster.jobs == {}


def test_a_job_that_is_refused_takes_the_others_with_it(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b")), refused="b")

    with pytest.raises(ClusterError, match="admission webhook"):
        burn(cluster, stack)

    assert len(cluster.made) == 1
    assert cluster.jobs == {}


def test_the_answer_has_a_line_a_gpu_a_matrix_the_bounds_and_the_verdict(tmp_path: Path) -> None:
    stack = loaded(tmp_path)
    cluster = FakeCluster((node("gpu-0"),), says={"gpu-0": (RECORDED / "h100x4-straggler.jsonl").read_text()})
    measured, _, _ = burn(cluster, stack)
    verdicts = judge(measured, gpu_spec(Gpu.H100_80), rdma=False)
    hardware = stack.settings.hardware.model_copy(update={"gpu": Gpu.H100_80})
    told = Answer(stack.settings.model_copy(update={"hardware": hardware}), measured, verdicts, ("b: skipped.",))

    screen = StringIO()
    Console(file=screen, width=140).print(burnin_text(told))
    text = screen.getvalue()

    rows = [line.split() for line in text.splitlines()]

    assert ["gpu-0", "2", "1.40", "TB/s", "326", "TFLOP/s", "604", "TFLOP/s", "985", "GB/s"] in [
        row[:10] for row in rows
    ]
    assert ["data", "sheet", "3.35", "TB/s", "990", "TFLOP/s", "1979", "TFLOP/s", "–"] in rows
    assert ["2", "135", "135", "134"] in rows, "its links: none to itself"
    assert "all-to-all, decode dispatch" in text
    assert "decode: at most" in text
    assert "! gpu-0 GPU 2: memory bandwidth 1.40 TB/s" in text
    assert "? b: skipped." in text
    content = json.loads(burnin_json(told))
    assert (content["holds"], content["findings"][0]["gpu"]) == (False, 2)


def test_where_nothing_was_measured_the_answer_is_the_reason_alone(
    stack: StackContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "POLL_SECONDS", 0.01)
    measured, unfit, _ = burn(FakeCluster((node("b"),), waits={"b": "ImagePullBackOff"}), stack, seconds=0)

    screen = StringIO()
    Console(file=screen, width=200).print(burnin_text(Answer(stack.settings, measured, unfit, ())))

    step = "wideep doctor tells more; then run wideep burnin --nodes b."
    assert screen.getvalue() == f"! b: nothing was measured (ImagePullBackOff). {step}\n"
