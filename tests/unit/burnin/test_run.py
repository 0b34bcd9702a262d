"""The way of a burn-in on a cluster: which nodes it takes, what it makes there, and that nothing of it stays."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.burnin import RECORDED, FakeCluster, arguments_of, holder, node, said
from tests.support.live import loaded
from wideep.burnin.judge import judge
from wideep.burnin.kept import kept_nodes
from wideep.catalog import gpu_spec
from wideep.gpus import Gpu
from wideep.plan import burnin_plan
from wideep.plan.burnin import BurnInPlan
from wideep.settings.burnin import Floor
from wideep_cli.burnin.places import chosen_places
from wideep_cli.burnin.report import Answer, burnin_json, burnin_text
from wideep_cli.errors import CallError
from wideep_cli.stack_context import StackContext
from wideep_cluster import ClusterError
from wideep_cluster.burnin import run
from wideep_cluster.burnin.keep import nodes_of
from wideep_cluster.burnin.outcome import Outcome, burn_in
from wideep_cluster.burnin.run import BurnIn
from wideep_cluster.objects import ConfigMap


@pytest.fixture
def stack(tmp_path: Path) -> StackContext:
    """Option A of the lab, over InfiniBand."""
    return loaded(tmp_path)


def plan_of(stack: StackContext, seconds: int = 60) -> BurnInPlan:
    """The burn-in of a stack."""
    return burnin_plan(stack.settings).model_copy(update={"seconds": seconds})


def burn(cluster: FakeCluster, stack: StackContext, seconds: int = 60) -> tuple[Outcome, list[str]]:
    """A burn-in of the cluster's free nodes."""
    remarks: list[str] = []
    plan = plan_of(stack, seconds)
    found = chosen_places(cluster, plan, ())  # pyright: ignore[reportArgumentType]
    return burn_in(BurnIn(cluster, plan, "command", remarks.append), found), remarks  # pyright: ignore[reportArgumentType]


def test_nodes_with_a_taken_gpu_or_a_cordon_are_skipped_with_the_reason(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b"), node("c", unschedulable=True)), (holder("train-0", "b", 2),))

    found = chosen_places(cluster, plan_of(stack), ())  # pyright: ignore[reportArgumentType]

    assert [place.node.name for place in found.places] == ["a"]
    assert found.skipped == (
        "b: skipped (2 of 8 GPUs are taken: theirs/train-0 (2)).",
        "c: skipped (cordoned).",
    )


def test_a_cluster_without_a_free_node_is_told_and_nothing_is_made(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"),), (holder("train-0", "a", 8),))

    with pytest.raises(ClusterError, match=r"No GPU node is free.*\n  a: skipped \(8 of 8 GPUs are taken"):
        chosen_places(cluster, plan_of(stack), ())  # pyright: ignore[reportArgumentType]


def test_before_the_namespace_is_there_the_way_to_it_is_told(stack: StackContext) -> None:
    with pytest.raises(ClusterError, match=r"Namespace \S+ does not exist.*\n  Run `pulumi up`"):
        chosen_places(FakeCluster(), plan_of(stack), ())  # pyright: ignore[reportArgumentType]


def test_a_node_that_is_not_there_is_a_mistake_of_the_call(stack: StackContext) -> None:
    with pytest.raises(CallError, match=r"--nodes z: not a GPU node"):
        chosen_places(FakeCluster((node("a"),)), plan_of(stack), ("z",))  # pyright: ignore[reportArgumentType]


def test_each_node_has_one_job_with_all_its_gpus_the_first_ones_address_and_a_deadline(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b"), node("c", 7)), says={name: said(name) for name in "abc"})

    found, _ = burn(cluster, stack)

    first, second, alone = cluster.made
    assert found.measured.nodes == ("a", "b", "c")
    assert cluster.jobs == {}
    assert arguments_of(first)[2:6] == ["--nodes", "a,b", "--gpus", "8"]
    assert "--master" not in arguments_of(first)
    assert arguments_of(second)[arguments_of(second).index("--master") + 1] == "10.0.0.7:29511"
    assert arguments_of(alone)[2:6] == ["--nodes", "c", "--gpus", "7"]
    assert arguments_of(first)[6:8] == ["--worker-nodes", "1"], "each worker of the layout has one node"
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

    found, _ = burn(cluster, stack, seconds=1)

    assert found.measured.nodes == ("a",)
    assert [verdict.text for verdict in found.verdicts if "nothing was measured" in verdict.text] == [
        "b: nothing was measured (ImagePullBackOff). wideep doctor shows more; then run wideep burnin --nodes b."
    ]
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
    measured = burn(cluster, stack)[0].measured
    verdicts = judge(measured, gpu_spec(Gpu.H100_80), Floor(), rdma=False)
    found = Outcome(measured, verdicts, tuple(kept_nodes(measured, verdicts, "now")))
    hardware = stack.settings.hardware.model_copy(update={"gpu": Gpu.H100_80})
    told = Answer(stack.settings.model_copy(update={"hardware": hardware}), found, ("b: skipped.",))

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
    found, _ = burn(FakeCluster((node("b"),), waits={"b": "ImagePullBackOff"}), stack, seconds=1)

    screen = StringIO()
    Console(file=screen, width=200).print(burnin_text(Answer(stack.settings, found, ())))

    step = "wideep doctor shows more; then run wideep burnin --nodes b."
    assert screen.getvalue() == f"! b: nothing was measured (ImagePullBackOff). {step}\n"


def test_figures_are_kept_by_node_and_a_later_run_replaces_its_own_nodes_only(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"), node("b")), says={name: said(name) for name in "ab"})
    burn(cluster, stack)
    first = nodes_of(ConfigMap.model_validate(cluster.maps[f"{stack.plan.name}-burnin"]))
    cluster.nodes = (node("b"),)

    burn(cluster, stack)

    later = nodes_of(ConfigMap.model_validate(cluster.maps[f"{stack.plan.name}-burnin"]))
    assert [kept.node for kept in later] == ["a", "b"]
    assert later[0] == first[0]
    assert [gpu.gpu for gpu in later[1].gpus] == [0, 1, 2, 3]
    assert all(gpu.memory and gpu.bf16 and gpu.fp8 and gpu.expert for gpu in later[1].gpus)
    assert later[1].nvlink
    assert later[1].verdicts, "it has four of eight GPUs"


def test_a_user_who_may_not_keep_figures_measures_all_the_same(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"),), says={"a": said("a")}, read_only=True)

    found, remarks = burn(cluster, stack)

    assert found.measured.nodes == ("a",)
    assert [remark for remark in remarks if "configmaps" in remark]


def test_a_part_alone_is_not_kept(stack: StackContext) -> None:
    cluster = FakeCluster((node("a"),), says={"a": said("a")})
    plan = plan_of(stack).model_copy(update={"only": "memory"})
    places = chosen_places(cluster, plan, ())  # pyright: ignore[reportArgumentType]

    burn_in(BurnIn(cluster, plan, "command", str), places)  # pyright: ignore[reportArgumentType]

    assert cluster.maps == {}
