"""Rules of the stack around the layout, and what is legal but unwise."""

import pytest

from tests.support.configs import EXAMPLE, broken, hardware, settings
from wideep.catalog.models import COUNTED_AS, MODELS
from wideep.rules import warnings
from wideep.rules.hardware import most_workers, nodes_needed
from wideep.rules.quantization import loaded_size_is_not_known
from wideep.settings.layout import Role, RoleLayout

WIDE = "wide-32gpu"


def advised(**changed: object) -> dict[str, str]:
    """The warnings of a stack that breaks no rule, by key."""
    return {warning.key: str(warning) for warning in warnings(settings(**changed))}


def role(replicas: int, nodes: int, gpus: int) -> RoleLayout:
    return RoleLayout(replicas=replicas, nodes=nodes, gpus_per_node=gpus, tp=nodes * gpus, dp=1, ep=1)


def test_a_layout_that_wants_more_gpus_than_there_are_is_told_how_many_nodes_it_needs() -> None:
    message = broken(WIDE, hardware=hardware(nodes=2))["hardware.nodes"]
    assert "needs 32 GPUs (prefill 1 × 2 × 8 + decode 1 × 2 × 8" in message
    assert "2 × 8 = 16" in message
    assert "set nodes: 4" in message


def test_a_pod_gets_its_gpus_from_one_node() -> None:
    message = broken("lab-16gpu-singlenode", hardware=hardware(gpus_per_node=4))["layout.prefill.gpusPerNode"]
    assert "hardware.gpusPerNode is 4" in message


@pytest.mark.parametrize(
    ("roles", "nodes"),
    [
        ((role(1, 1, 4), role(1, 1, 4)), 1),
        ((role(1, 2, 8), role(1, 2, 8)), 4),
        ((role(2, 1, 8), role(3, 1, 4)), 4),
        ((role(3, 1, 3), role(1, 1, 2)), 2),
        ((role(1, 1, 5), role(2, 1, 3)), 2),
        ((role(4, 1, 5), role(4, 1, 3)), 4),
    ],
)
def test_small_pods_fill_the_gaps_of_large_ones(roles: tuple[RoleLayout, RoleLayout], nodes: int) -> None:
    assert nodes_needed(roles, 8) == nodes == nodes_needed(reversed(roles), 8)


@pytest.mark.parametrize(
    ("layout", "nodes", "gpus_per_node", "most"),
    [
        ("lab-16gpu-singlenode", 4, 8, 3),
        ("lab-16gpu-singlenode", 2, 8, 1),
        ("lab-16gpu-singlenode", 1, 8, 0),
        ("lab-16gpu-singlenode", 2, 15, 1),
        ("lab-16gpu-singlenode", 2, 16, 3),
        ({"preset": "lab-16gpu-singlenode", "prefill": {"replicas": 2}}, 4, 8, 2),
        ({"preset": "lab-16gpu-singlenode", "decode": {"replicas": 4}}, 4, 8, 0),
        (WIDE, 7, 8, 2),
    ],
)
def test_a_role_has_as_many_workers_as_find_whole_pods_free_beside_the_other(
    layout: dict[str, object] | str, nodes: int, gpus_per_node: int, most: int
) -> None:
    stack = settings(layout=layout, hardware=hardware(nodes=nodes, gpus_per_node=gpus_per_node))
    assert most_workers(stack, Role.DECODE) == most


@pytest.mark.parametrize("arg", ["--flag value", "--flag='x'", "--name=$HOME", "a;b", 'say="hi"'])
def test_an_argument_that_the_operators_shell_line_would_break_is_refused(arg: str) -> None:
    assert "unquoted" in broken({"preset": WIDE, "decode": {"extraArgs": [arg]}})["layout.decode.extraArgs"]


def test_a_graphs_name_fits_groves_45_characters_when_workers_span_nodes() -> None:
    name = "a" * 28
    assert "Grove allows 45 characters" in broken(WIDE, name=name)["name"]
    assert "27 characters or fewer" in broken(WIDE, name=name)["name"]
    assert broken(WIDE, name=name[:-1]) == {}
    assert broken("lab-16gpu-singlenode", name=name) == {}


def test_a_namespace_that_breaks_the_etcd_chart_is_refused_where_the_platform_is_installed() -> None:
    assert "etcd chart" in broken(WIDE, namespace="ephemeral-7")["namespace"]
    assert broken(WIDE, namespace="ephemeral-7", platform={"install": False}) == {}


def test_grove_cannot_be_off_when_workers_span_nodes() -> None:
    off = {"values": {"grove": {"enabled": False}}}
    assert "prefill, decode" in broken(WIDE, platform=off)["platform.values.grove.enabled"]
    assert broken("lab-16gpu-singlenode", platform=off) == {}


def test_a_volume_smaller_than_the_model_is_refused_with_a_size_that_holds_it() -> None:
    message = broken(WIDE, modelCache={"size": "500Gi"})["modelCache.size"]
    assert "688.6 GB on disk, and the volume has 536.9 GB" in message
    assert "set size: 750Gi" in message
    assert broken(WIDE, modelCache={"size": "750Gi"}) == {}


def test_the_size_of_a_volume_that_exists_is_not_ours() -> None:
    assert broken(WIDE, modelCache={"size": "1Gi", "existingClaim": "weights"}) == {}


def test_a_volume_for_one_node_is_refused_for_workers_on_several() -> None:
    once = {"size": "1Ti", "accessMode": "ReadWriteOnce"}
    assert "workers are on 4" in broken(WIDE, modelCache=once)["modelCache.accessMode"]
    qwen = {"model": "Qwen/Qwen3-30B-A3B", "hardware": hardware("H100-80", 1)}
    assert broken("lab-8gpu", modelCache=once, **qwen) == {}


def test_a_cache_below_one_full_sequence_is_advised_to_shorten_sequences() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"redundantExperts": 48}}
    message = advised(layout=layout)["layout.decode.contextLength"]
    assert "4.5 GB or 63,977 tokens" in message
    assert "(163,840)" in message
    shorter = {"preset": "lab-16gpu-singlenode", "decode": {"redundantExperts": 48, "contextLength": 63488}}
    assert "set contextLength: 63488" in message
    assert "layout.decode.contextLength" not in advised(layout=shorter)


def test_a_checkpoint_of_4_bits_that_nobody_measured_is_told_by_which_one_it_is_counted() -> None:
    qwen = {**MODELS["Qwen/Qwen3-30B-A3B"].model_dump(mode="json", by_alias=True), "name": "example/qwen-mxfp4"}
    both = {"hardware": hardware("H100-80", 1), "layout": "lab-8gpu"}
    message = advised(model={**qwen, "weightFormat": "mxfp4"}, **both)["model.weightFormat"]
    assert "example/qwen-mxfp4 is counted as openai/gpt-oss-120b is" in message
    assert "was not measured" in message
    assert "model.weightFormat" not in advised(model={**qwen, "weightFormat": "fp8-channel"}, **both)


@pytest.mark.parametrize("name", COUNTED_AS.values())
def test_one_of_the_same_numbers_under_another_name_is_counted_as_its_own(name: str) -> None:
    tuned = MODELS[name].model_copy(update={"name": "example/tuned", "revision": None, "disk_bytes": None})
    assert loaded_size_is_not_known(tuned) is None
    assert loaded_size_is_not_known(tuned.model_copy(update={"layers": tuned.layers + 1}))


def test_little_headroom_is_told_part_by_part() -> None:
    tight = {"preset": "lab-32gpu", "decode": {"memFractionStatic": 0.94}}
    message = advised(layout=tight)["layout.decode.memFractionStatic"]
    assert "8.8 GB stay outside the pool, and about 16.9 are needed" in message
    assert "runtime 0.5, requests 2.4, activations 12.9, cuda graphs 1.1" in message
    mended = {"preset": "lab-32gpu", "decode": {"memFractionStatic": 0.88}}
    assert "set memFractionStatic: 0.88," in message
    assert "layout.decode.memFractionStatic" not in advised(layout=mended)


def test_a_prefill_chunk_beyond_the_published_one_needs_room_for_its_activations() -> None:
    assert "layout.prefill.memFractionStatic" not in advised(layout=WIDE)
    larger = {"preset": WIDE, "prefill": {"chunkedPrefillSize": 16 * 65536}}
    assert "activations 30.8" in advised(layout=larger)["layout.prefill.memFractionStatic"]
    whole = {"preset": "lab-32gpu", "prefill": {"chunkedPrefillSize": 131072}}
    assert "activations 53.2" in advised(layout=whole)["layout.prefill.memFractionStatic"]


def test_experts_across_nodes_without_rdma_are_slow_but_legal_without_deepep() -> None:
    message = advised(layout="lab-32gpu", hardware=hardware(nodes=4, interconnect="ethernet"))["hardware.interconnect"]
    assert "over ethernet" in message
    halves = hardware(nodes=2, interconnect="ethernet")
    assert "over ethernet" in advised(layout="lab-16gpu-multinode", hardware=halves)["hardware.interconnect"]
    small_nodes = hardware(nodes=4, gpus_per_node=4, interconnect="ethernet")
    assert "over ethernet" in advised(layout="lab-16gpu-multinode", hardware=small_nodes)["hardware.interconnect"]


def test_redundant_experts_without_a_balancer_buy_nothing() -> None:
    idle = {"preset": WIDE, "decode": {"eplb": {"enabled": False}}}
    assert (
        "copies of experts 0 to 31 forever, for 5.1 GB on each GPU"
        in advised(layout=idle)["layout.decode.redundantExperts"]
    )
    placed = {"enabled": False, "initialExpertLocation": "/model-cache/experts.json"}
    assert "layout.decode.redundantExperts" not in advised(layout={"preset": WIDE, "decode": {"eplb": placed}})


def test_a_balancer_without_spare_slots_can_only_move() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "prefill": {"eplb": {"enabled": True}}}
    assert "only move experts" in advised(layout=layout)["layout.prefill.redundantExperts"]


def test_decode_without_cuda_graphs_is_unwise() -> None:
    layout = {"preset": WIDE, "decode": {"deepepMode": "normal"}}
    assert "CUDA graphs off" in advised(layout=layout)["layout.decode.deepepMode"]


def test_idle_gpus_are_counted() -> None:
    assert "uses 32 of 40 GPUs" in advised(layout=WIDE, hardware=hardware(nodes=5))["hardware.nodes"]


def test_a_full_cluster_is_told_how_updates_go() -> None:
    found = advised(layout="lab-16gpu-singlenode", hardware=hardware(nodes=2))["hardware.nodes"]
    assert "stops the old workers before" in found
    assert "nodes: 3 for updates without downtime" in found
    assert "hardware.nodes" not in advised(layout="lab-16gpu-singlenode", hardware=hardware(nodes=3)), "is enough"


def test_under_grove_more_workers_and_not_more_nodes_spare_an_update_the_outage() -> None:
    found = advised(layout=WIDE, hardware=hardware(nodes=4))
    assert "deletes a worker's pods before it makes new ones" in found["layout.prefill.replicas"]
    assert "replicas: 2 for both roles" in found["layout.prefill.replicas"]
    assert "hardware.nodes" not in found
    two = {"preset": WIDE, "prefill": {"replicas": 2}, "decode": {"replicas": 2}}
    assert not {"hardware.nodes", "layout.prefill.replicas"} & set(advised(layout=two, hardware=hardware(nodes=8)))


def test_a_release_that_was_only_read_is_at_ones_own_risk() -> None:
    for version in ("0.6.1", "0.7.1"):
        assert "none of it was run here" in advised(layout=WIDE, platform={"version": version})["platform.version"]
    assert "platform.version" not in advised(layout=WIDE, platform={"version": "0.6.0"})


def test_a_model_without_a_known_commit_is_not_pinned() -> None:
    found = advised(layout="lab-8gpu", model=EXAMPLE)
    assert "main is downloaded, which can change" in found["modelCache.revision"]
    pinned = {"size": "1Ti", "revision": "1" * 40}
    assert "modelCache.revision" not in advised(layout="lab-8gpu", model=EXAMPLE, modelCache=pinned)


def test_the_published_layout_on_its_own_hardware_needs_no_advice_but_for_updates() -> None:
    assert list(advised(layout=WIDE, hardware=hardware(nodes=4))) == ["layout.prefill.replicas"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("existingClaim", "weights"), ("storageClass", "fast"), ("protect", True), ("retain", True)],
)
def test_a_folder_of_the_nodes_has_nothing_of_a_volume(key: str, value: object) -> None:
    cache = {"size": "1Ti", "hostPath": "/var/lib/models", key: value}
    assert f"remove {key} or hostPath" in broken(WIDE, modelCache=cache)[f"modelCache.{key}"]


def test_a_nodes_own_disk_may_be_mounted_on_its_node_alone_and_must_hold_the_model() -> None:
    local = {"hostPath": "/var/lib/models", "accessMode": "ReadWriteOnce"}
    assert broken(WIDE, modelCache=local | {"size": "1Ti"}) == {}
    assert "688.6 GB on disk" in broken(WIDE, modelCache=local | {"size": "500Gi"})["modelCache.size"]


def test_keys_of_a_platform_that_is_not_installed_are_named_because_they_do_nothing() -> None:
    idle = {"install": False, "charts": "sim/charts", "etcd": {"replicas": 3}, "namespaceRestriction": True}
    assert "do nothing: charts, etcd, namespaceRestriction" in advised(platform=idle)["platform.install"]


@pytest.mark.parametrize("platform", [{"install": False, "version": "0.6.0", "grove": "existing"}, {"charts": "there"}])
def test_keys_of_a_platform_that_do_something_are_not(platform: dict[str, object]) -> None:
    assert "platform.install" not in advised(platform=platform)


@pytest.mark.parametrize(
    ("role", "changed", "key"),
    [
        ("decode", {"eplb": {"enabled": False, "algorithm": "deepseek"}}, "eplb.algorithm"),
        ("decode", {"eplb": {"enabled": False, "rebalanceIterations": 200}}, "eplb.rebalanceIterations"),
        ("prefill", {"maxDispatchTokensPerRank": 256}, "maxDispatchTokensPerRank"),
        ("prefill", {"cudaGraphBatchSizes": [1, 2]}, "cudaGraphBatchSizes"),
    ],
)
def test_a_key_that_does_nothing_is_said(role: str, changed: dict[str, object], key: str) -> None:
    assert "does nothing here" in advised(layout={"preset": WIDE, role: changed})[f"layout.{role}.{key}"]


@pytest.mark.parametrize("preset", ["lab-16gpu-singlenode", WIDE, "best-32gpu"])
def test_a_preset_has_no_key_that_does_nothing(preset: str) -> None:
    assert not [text for text in advised(layout=preset).values() if "does nothing here" in text]


def test_an_algorithm_that_places_recorded_experts_does_something_without_eplb() -> None:
    recorded = {"enabled": False, "algorithm": "deepseek", "initialExpertLocation": "/model-cache/experts.json"}
    assert "layout.decode.eplb.algorithm" not in advised(layout={"preset": WIDE, "decode": {"eplb": recorded}})
