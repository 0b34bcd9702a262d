"""The Plan: what follows from a stack config, the same for the components and the command."""

from __future__ import annotations

import json
import sys

import pytest

from tests.golden.cases import IMAGES, ON_SGLANG, QWEN, config
from tests.support.process import run
from wideep import load
from wideep.errors import ConfigError
from wideep.plan import Plan, make_plan
from wideep.rules import accept_settings
from wideep.settings import parse
from wideep.settings.layout import Preset, Role

H200 = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}

TABLE = {
    Preset.LAB_8GPU: (8, 1, (1, 1, 4, 4, 1, 4, 0), (1, 1, 4, 4, 4, 4, 0)),
    Preset.LAB_16GPU_SINGLENODE: (16, 2, (1, 1, 8, 8, 1, 8, 0), (1, 1, 8, 8, 8, 8, 0)),
    Preset.LAB_16GPU_MULTINODE: (16, 4, (1, 2, 4, 8, 1, 8, 0), (1, 2, 4, 8, 8, 8, 0)),
    Preset.LAB_32GPU: (32, 4, (1, 2, 8, 16, 1, 16, 0), (1, 2, 8, 16, 16, 16, 0)),
    Preset.WIDE_32GPU: (32, 4, (1, 2, 8, 16, 16, 16, 32), (1, 2, 8, 16, 16, 16, 32)),
    Preset.WIDE_64GPU: (64, 8, (1, 4, 8, 32, 32, 32, 32), (1, 4, 8, 32, 32, 32, 32)),
    Preset.WIDE_104GPU: (104, 13, (1, 4, 8, 32, 32, 32, 32), (1, 9, 8, 72, 72, 72, 32)),
    Preset.VLLM_32GPU: (32, 4, (1, 2, 8, 16, 16, 16, 32), (1, 2, 8, 16, 16, 16, 32)),
    Preset.BEST_16GPU: (16, 2, (1, 1, 8, 8, 8, 8, 32), (1, 1, 8, 8, 8, 8, 0)),
    Preset.BEST_32GPU: (32, 4, (2, 1, 8, 8, 8, 8, 32), (1, 2, 8, 16, 16, 16, 0)),
    Preset.BEST_64GPU: (64, 8, (4, 1, 8, 8, 8, 8, 32), (2, 2, 8, 16, 16, 16, 0)),
    Preset.BEST_104GPU: (104, 13, (7, 1, 8, 8, 8, 8, 32), (3, 2, 8, 16, 16, 16, 0)),
}
"""GPUs, nodes; then prefill and decode: replicas, pods, GPUs a pod, TP, DP, EP, redundant experts."""


@pytest.mark.parametrize("preset", ON_SGLANG)
def test_a_preset_has_the_gpus_nodes_and_sizes_of_the_table(preset: Preset) -> None:
    plan = load(config(preset))

    sizes = {
        role: (r.replicas, r.pods, r.gpus_per_pod, r.tp, r.dp, r.ep, r.redundant_experts)
        for role, r in plan.roles.items()
    }
    gpus, nodes, prefill, decode = TABLE[preset]
    assert (plan.gpus, plan.nodes, sizes) == (gpus, nodes, {Role.PREFILL: prefill, Role.DECODE: decode})
    assert sum(role.gpus for role in plan.roles.values()) == gpus


def test_a_layout_in_a_line_names_workers_pods_gpus_and_sizes() -> None:
    one, several = (load(config(preset)).layout_summary for preset in (Preset.LAB_16GPU_SINGLENODE, Preset.WIDE_104GPU))

    assert one == "prefill 1 × 8 GPUs TP8 EP8 · decode 1 × 8 GPUs TP8 DP8 EP8"
    assert several == "prefill 1 × 4 × 8 GPUs TP32 DP32 EP32 · decode 1 × 9 × 8 GPUs TP72 DP72 EP72"


def test_its_json_has_the_keys_that_the_interface_names() -> None:
    plan = json.loads(load(config(Preset.LAB_16GPU_SINGLENODE)).to_json())

    role = {
        "replicas", "pods", "gpus_per_pod", "tp", "dp", "ep", "redundant_experts", "expert_slots_per_gpu",
        "weights_gb", "kv_cache_gb", "kv_cache_tokens", "args",
    }  # fmt: skip
    assert {"gpus", "nodes", "model", "layout", "image", "roles", "manifests"} <= set(plan)
    assert set(plan["roles"]) == {"prefill", "decode"}
    assert all(role <= set(plan["roles"][name]) for name in plan["roles"])


@pytest.mark.parametrize("image", IMAGES)
def test_it_is_the_same_after_a_trip_through_json(image: str) -> None:
    plans = [load(config(preset, image=IMAGES[image])) for preset in ON_SGLANG]

    assert [Plan.model_validate_json(plan.to_json()) for plan in plans] == plans


def test_the_engines_arguments_are_those_of_the_container() -> None:
    plan = load(config(Preset.WIDE_32GPU))

    for role, planned in plan.roles.items():
        assert plan.graph.spec.services[role].extra_pod_spec.main_container.args == planned.args


def test_memory_of_option_a_is_that_of_the_published_table() -> None:
    plan = load(config(Preset.LAB_16GPU_SINGLENODE))

    prefill, decode = plan.roles[Role.PREFILL], plan.roles[Role.DECODE]
    assert prefill.weights_gb == pytest.approx(85.4, rel=0.01)
    assert decode.weights_gb == pytest.approx(98.0, rel=0.01)
    assert prefill.expert_slots_per_gpu == 32
    assert decode.kv_cache_tokens == pytest.approx(decode.kv_cache_gb * 1e9 / 70_272, rel=0.001)


@pytest.mark.parametrize("preset", ON_SGLANG)
def test_the_parts_of_a_gpus_memory_are_all_of_it(preset: Preset) -> None:
    for role in load(config(preset)).roles.values():
        memory = role.memory

        assert sum(memory.weights.values()) == pytest.approx(role.weights_gb, abs=0.01)
        shared = role.weights_gb + memory.kv_cache_gb + memory.headroom_gb
        assert shared + memory.taken_gb == pytest.approx(memory.total_gb, abs=0.01)


def test_small_pods_share_a_node_and_the_plan_counts_it_once() -> None:
    assert load(config(Preset.LAB_8GPU)).nodes == 1
    assert load(config(Preset.LAB_8GPU, hardware={**H200, "nodes": 4})).nodes == 1


def test_an_image_that_is_built_says_from_what_and_one_that_exists_does_not() -> None:
    built = load(config(Preset.LAB_8GPU)).image_source
    existing = load(config(Preset.LAB_8GPU, image=IMAGES["existing"])).image_source

    assert built.build is not None
    assert built.build.context == "https://github.com/ai-dynamo/dynamo.git#v0.6.0"
    assert built.build.args == {"SGLANG_IMAGE_TAG": "v0.5.3.post2", "BRANCH_TYPE": "local"}
    assert built.build.tags == (built.reference,) == ("registry.example.com/dynamo-wideep:0.6.0",)
    assert (existing.build, existing.pull_secret) == (None, "registry-pull")


def test_a_fresh_cluster_gets_the_values_without_which_the_chart_fails() -> None:
    values = json.dumps(load(config(Preset.LAB_8GPU)).platform.values)

    assert '"sshKeygen": {"enabled": false}' in values
    assert '"kubeRbacProxy": {"image": {"repository": "quay.io/brancz/kube-rbac-proxy"}}' in values


@pytest.mark.parametrize("preset", ON_SGLANG)
def test_grove_and_kai_come_with_workers_of_several_pods_and_only_with_them(preset: Preset) -> None:
    plan = load(config(preset))

    several = any(role.pods > 1 for role in plan.roles.values())
    assert plan.platform.grove == several
    assert plan.platform.values["grove"] == plan.platform.values["kai-scheduler"] == {"enabled": several}


def test_the_stacks_own_values_lie_over_ours_key_by_key() -> None:
    own = {"dynamo-operator": {"dynamo": {"metrics": {"prometheusEndpoint": "http://p"}}}, "etcd": {"replicaCount": 3}}

    plan = load(config(Preset.LAB_8GPU, platform={"version": "0.6.0", "values": own}))

    operator = plan.platform.values["dynamo-operator"]
    assert operator == {
        "dynamo": {
            "mpiRun": {"secretName": "mpi-run-ssh-secret", "sshKeygen": {"enabled": False}},
            "metrics": {"prometheusEndpoint": "http://p"},
        },
        "controllerManager": {"kubeRbacProxy": {"image": {"repository": "quay.io/brancz/kube-rbac-proxy"}}},
    }
    assert plan.platform.values["etcd"] == {"networkPolicy": {"enabled": False}, "replicaCount": 3}


def test_a_token_is_named_and_never_held() -> None:
    secret = "hf_" + "x" * 30

    raw = config(Preset.LAB_8GPU) | {"hfToken": secret}
    del raw["hfTokenSecret"]
    plan = load(raw)

    assert plan.token is not None
    assert (plan.token.secret, plan.token.key, plan.token.create) == ("hf-token-secret", "HF_TOKEN", True)
    assert secret not in plan.to_json()


def test_a_secret_that_exists_is_used_and_not_made() -> None:
    token = load(config(Preset.LAB_8GPU, hfTokenSecret="theirs")).token

    assert token is not None
    assert (token.secret, token.create) == ("theirs", False)


def test_weights_that_are_there_already_are_not_downloaded() -> None:
    assert load(config(Preset.LAB_8GPU, modelCache={"size": "1Ti", "download": False})).download is None


def test_the_job_downloads_to_where_the_engine_reads() -> None:
    plan = load(config(Preset.LAB_8GPU))

    assert plan.download is not None
    args = plan.roles[Role.DECODE].args
    assert args[args.index("--model-path") + 1] == plan.download.target
    (mount,) = plan.graph.spec.services["decode"].extra_pod_spec.main_container.volume_mounts or ()
    assert mount.mount_path == plan.download.mount_path


def test_a_stack_that_breaks_rules_has_no_plan_but_all_of_its_mistakes() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "prefill": {"tp": 7}, "decode": {"ep": 3}}

    with pytest.raises(ConfigError) as refused:
        load(config(Preset.LAB_16GPU_SINGLENODE, layout=layout))

    keys = [problem.key for problem in refused.value.problems]
    assert {"layout.prefill.tp", "layout.decode.ep"} <= set(keys)


def test_the_order_of_keys_does_not_matter() -> None:
    raw = config(Preset.WIDE_32GPU)

    assert load(raw) == load(dict(reversed(raw.items())))


def test_making_a_plan_twice_gives_the_same_plan() -> None:
    settings = parse(config(Preset.WIDE_104GPU))

    assert make_plan(accept_settings(settings)) == make_plan(accept_settings(settings))


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("wideep", ("pulumi", "kubernetes", "rich", "yaml", "pydantic")),
        ("wideep.plan", ("pulumi", "kubernetes", "rich", "yaml", "typer")),
    ],
)
def test_the_domain_brings_in_nothing_that_it_does_not_use(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([name for name in {absent} if name in sys.modules])"

    assert run(sys.executable, "-c", code).out.strip() == "[]"


def test_a_small_model_waits_less_long_than_a_large_one() -> None:
    large = load(config(Preset.LAB_16GPU_SINGLENODE))
    small = load(config(Preset.LAB_16GPU_SINGLENODE, model=QWEN))

    assert small.ready_timeout_seconds < large.ready_timeout_seconds
