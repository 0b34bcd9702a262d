"""What the graph promises, field by field, where facts of Dynamo 0.6.0 decide it."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from tests.golden.cases import ON_SGLANG, config
from tests.support.configs import stack
from wideep import load
from wideep.graph.dgd import DynamoGraphDeployment, Service
from wideep.plan import Plan
from wideep.settings.layout import Preset, Role

INFINIBAND = {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}


def graph(preset: Preset = Preset.LAB_16GPU_SINGLENODE, **changes: object) -> DynamoGraphDeployment:
    """The graph of a preset, with whole config keys changed."""
    return load(config(preset, **changes)).graph


def env(service: Service) -> dict[str, str | None]:
    """The container's own environment variables."""
    return {variable.name: variable.value for variable in service.extra_pod_spec.main_container.env or ()}


@pytest.mark.parametrize("preset", ON_SGLANG)
def test_one_pod_a_worker_leaves_multinode_out_and_several_name_their_number(preset: Preset) -> None:
    plan = load(config(preset))

    for role, planned in plan.roles.items():
        multinode = plan.graph.spec.services[role].multinode
        assert (multinode.node_count if multinode else 1) == planned.pods


@pytest.mark.parametrize("preset", ON_SGLANG)
def test_all_services_share_one_dynamo_namespace_and_state_their_replicas(preset: Preset) -> None:
    made = graph(preset)

    assert {service.dynamo_namespace for service in made.spec.services.values()} == {made.metadata.name}
    assert all("replicas" in service.manifest() for service in made.spec.services.values())


def test_the_engine_deletes_it_in_the_background() -> None:
    annotations = graph().metadata.annotations or {}

    assert annotations["pulumi.com/deletionPropagationPolicy"] == "background"


def test_a_deadline_that_the_stack_sets_is_kept_and_no_worker_is_ended_before_it() -> None:
    def planned(minutes: int) -> Plan:
        return load(config(Preset.LAB_16GPU_SINGLENODE, workers={"readyTimeoutMinutes": minutes}))

    def budget(plan: Plan) -> int:
        probe = plan.graph.spec.services["decode"].extra_pod_spec.main_container.startup_probe
        assert probe is not None
        return (probe.period_seconds or 0) * (probe.failure_threshold or 0)

    short, long = planned(10), planned(300)
    assert (short.ready_timeout_seconds, long.ready_timeout_seconds) == (600, 18000)
    assert budget(short) == 6410, "688.6 GB at 125 MB/s, and 900 s of warming up"
    assert budget(long) == 18000 - 900, "what pulling the image leaves"
    usual = load(config(Preset.LAB_16GPU_SINGLENODE))
    assert (budget(usual), usual.ready_timeout_seconds) == (6410, 6410 + 900)


@pytest.mark.parametrize(("cache", "claim"), [({}, "model-cache-pvc"), ({"existingClaim": "weights"}, "weights")])
def test_the_cache_is_a_claim_that_the_graph_does_not_own_and_that_its_pods_only_read(
    cache: dict[str, str], claim: str
) -> None:
    made = graph(modelCache={"size": "1Ti", **cache})

    for role in ("prefill", "decode"):
        pod = made.spec.services[role].extra_pod_spec
        (volume,), (mount,) = pod.volumes or (), pod.main_container.volume_mounts or ()
        assert volume.persistent_volume_claim is not None
        assert (volume.persistent_volume_claim.claim_name, volume.name) == (claim, mount.name)
        assert (mount.mount_path, mount.read_only) == ("/model-cache", True)
    assert "pvcs" not in made.spec.manifest()


def test_an_engine_that_counts_experts_has_a_folder_for_the_counts_and_writes_nowhere_else() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"eplb": {"recorderMode": "stat"}}}
    made = load(stack(layout=layout)).graph

    weights, counts = made.spec.services["decode"].extra_pod_spec.main_container.volume_mounts or ()
    assert (weights.mount_path, weights.read_only) == ("/model-cache", True)
    assert (counts.mount_path, counts.sub_path, counts.read_only) == ("/expert-counts", "expert-counts", None)
    assert len(made.spec.services["prefill"].extra_pod_spec.main_container.volume_mounts or ()) == 1


@pytest.mark.parametrize("token", [{"hfTokenSecret": "hub", "hfToken": None}, {}])
def test_what_serves_has_no_token_and_asks_the_hub_for_nothing(token: dict[str, object]) -> None:
    plan = load(stack(**token))

    assert plan.token is not None
    text = json.dumps(plan.graph.manifest())
    assert plan.token.secret not in text
    assert plan.token.key not in text
    for service in plan.graph.spec.services.values():
        container = service.extra_pod_spec.main_container
        assert {each.name: each.value for each in container.env or ()}["HF_HUB_OFFLINE"] == "1"


def test_secrets_that_the_stack_names_are_the_engines_environment() -> None:
    made = graph(workers={"envFrom": ["wandb", "tracing"]})

    for role in ("prefill", "decode"):
        container = made.spec.services[role].extra_pod_spec.main_container
        assert [each.secret_ref.name for each in container.env_from or ()] == ["wandb", "tracing"]
    assert made.spec.services["Frontend"].extra_pod_spec.main_container.env_from is None


def test_code_of_the_models_repository_runs_only_where_the_stack_says_so() -> None:
    def flags(**workers: object) -> tuple[str, ...]:
        return graph(workers=workers).spec.services["decode"].extra_pod_spec.main_container.args or ()

    assert "--trust-remote-code" not in flags()
    assert "--trust-remote-code" in flags(trustRemoteCode=True)


def test_the_frontend_is_asked_over_http_so_that_its_image_needs_no_curl_and_jq() -> None:
    frontend = graph().spec.services["Frontend"]

    probe = frontend.readiness_probe
    assert probe is not None
    assert (probe.http_get.path, probe.http_get.port) == ("/health", 8000)


def test_a_worker_may_take_as_long_to_start_as_its_weights_take_to_read() -> None:
    seconds = {
        model: (probe.failure_threshold * probe.period_seconds)
        for model in ("deepseek-ai/DeepSeek-R1", "Qwen/Qwen3-30B-A3B")
        if (probe := graph(model=model).spec.services["decode"].extra_pod_spec.main_container.startup_probe)
    }

    assert seconds["deepseek-ai/DeepSeek-R1"] >= 688.6e9 / 125e6
    assert seconds["Qwen/Qwen3-30B-A3B"] < seconds["deepseek-ai/DeepSeek-R1"] / 3


@pytest.mark.parametrize(
    ("interconnect", "nodes", "rdma"),
    [("infiniband", 2, True), ("roce", 2, True), ("ethernet", 2, False), ("infiniband", 1, False)],
)
def test_pods_get_rdma_where_the_kv_cache_can_travel_between_nodes_over_it(
    interconnect: str, nodes: int, rdma: bool
) -> None:
    hardware = {"gpu": "H100-80", "nodes": nodes, "gpusPerNode": 8, "interconnect": interconnect}

    worker = graph(Preset.LAB_8GPU, hardware=hardware).spec.services["prefill"]

    security = worker.extra_pod_spec.main_container.security_context
    assert worker.resources is not None
    assert (worker.resources.limits.custom == {"rdma/ib": "4"}) == rdma
    assert (security is not None and security.capabilities.add == ("IPC_LOCK",)) == rdma
    assert ("UCX_TLS" in env(worker)) == rdma
    assert ("NCCL_IB_GID_INDEX" in env(worker)) == (interconnect == "roce")


def test_nvshmem_is_set_up_only_where_deepep_crosses_nodes() -> None:
    wide, lab = (graph(preset).spec.services["decode"] for preset in (Preset.WIDE_32GPU, Preset.LAB_16GPU_MULTINODE))

    assert "NVSHMEM_IB_ENABLE_IBGDA" in env(wide)
    assert "NVSHMEM_IB_ENABLE_IBGDA" not in env(lab)


def test_a_full_cluster_recreates_pods_and_one_with_room_rolls_them() -> None:
    full = graph().spec.services["decode"]
    room = graph(hardware={**INFINIBAND, "nodes": 3}).spec.services["decode"]

    assert full.annotations == {"nvidia.com/deployment-strategy": "Recreate"}
    assert room.annotations is None


def test_under_grove_scaling_onto_the_last_gpus_changes_nothing_in_the_pods_that_run() -> None:
    wide = {"preset": "best-32gpu"}
    spare = graph(hardware={**INFINIBAND, "nodes": 6}, layout=wide).spec.services["prefill"]
    full = graph(hardware={**INFINIBAND, "nodes": 6}, layout={**wide, "decode": {"replicas": 2}}).spec.services[
        "prefill"
    ]

    assert spare == full


def test_node_selector_and_tolerations_reach_the_workers_and_not_the_frontend() -> None:
    taint = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    selector = {"nvidia.com/gpu.product": "NVIDIA-H200"}

    services = graph(hardware={**INFINIBAND, "nodeSelector": selector, "tolerations": [taint]}).spec.services

    pod = services["prefill"].extra_pod_spec
    assert pod.node_selector == selector
    assert [toleration.manifest() for toleration in pod.tolerations or ()] == [taint]
    assert services["Frontend"].extra_pod_spec.node_selector is None
    assert services["Frontend"].extra_pod_spec.tolerations is None


def test_pods_that_could_share_a_node_are_asked_to_part_and_whole_nodes_part_by_themselves() -> None:
    shared = graph(Preset.LAB_16GPU_MULTINODE, hardware={**INFINIBAND, "nodes": 4}).spec.services["decode"]
    whole = graph(Preset.LAB_16GPU_MULTINODE).spec.services["decode"]

    affinity = shared.extra_pod_spec.affinity
    assert affinity is not None
    (wish,) = affinity.pod_anti_affinity.preferred_during_scheduling_ignored_during_execution
    assert wish.pod_affinity_term.topology_key == "kubernetes.io/hostname"
    assert whole.extra_pod_spec.affinity is None


def test_a_further_worker_leaves_the_pods_of_the_first_as_they_are() -> None:
    hardware = {**INFINIBAND, "nodes": 4}
    one, two = (
        graph(
            layout={"preset": "lab-16gpu-multinode", "decode": {"replicas": replicas}}, hardware=hardware
        ).spec.services["decode"]
        for replicas in (1, 2)
    )
    assert (one.replicas, two.replicas) == (1, 2)
    assert one.model_copy(update={"replicas": 2}) == two


def test_frontends_spread_over_nodes_and_more_of_them_leave_the_first_as_it_is() -> None:
    one, several = (graph(frontend={"replicas": replicas}).spec.services["Frontend"] for replicas in (1, 3))

    assert several.replicas == 3
    assert several.extra_pod_spec.topology_spread_constraints is not None
    assert one.model_copy(update={"replicas": 3}) == several


def test_a_kv_router_is_asked_for_by_the_frontends_arguments() -> None:
    container = graph(frontend={"routerMode": "kv"}).spec.services["Frontend"].extra_pod_spec.main_container

    assert container.command == ("python3", "-m", "dynamo.frontend")
    assert container.args == ("--router-mode", "kv", "--no-kv-events")


def test_no_pod_is_given_a_service_accounts_token() -> None:
    pods = [service.extra_pod_spec for service in graph().spec.services.values()]

    assert {pod.automount_service_account_token for pod in pods} == {False}


def test_every_pod_pulls_with_the_stacks_secret() -> None:
    made = graph(hfTokenSecret="my-token", image={"source": "existing", "reference": "a/b:c", "pullSecret": "pull"})

    for service in made.spec.services.values():
        assert [secret.name for secret in service.extra_pod_spec.image_pull_secrets or ()] == ["pull"]


def test_another_revision_of_the_model_changes_the_workers_and_not_the_frontend() -> None:
    one, two = (graph(modelCache={"size": "1Ti", "revision": rev * 40}).spec.services for rev in "ab")

    assert one["Frontend"] == two["Frontend"]
    assert one["decode"] != two["decode"]


def test_more_replicas_change_nothing_but_their_number() -> None:
    hardware = {**INFINIBAND, "nodes": 8}
    layouts = [{"preset": "lab-16gpu-singlenode", "decode": {"replicas": count}} for count in (1, 2)]

    one, two = (graph(hardware=hardware, layout=layout) for layout in layouts)

    assert one.metadata == two.metadata
    assert one.spec.services["decode"].model_copy(update={"replicas": 2}) == two.spec.services["decode"]
    assert one.spec.services["prefill"] == two.spec.services["prefill"]


def test_an_image_that_is_known_later_takes_the_place_of_every_image() -> None:
    made, late = graph(), object()

    spec = made.spec_with_image(late)

    services = spec["services"]
    assert isinstance(services, dict)
    assert [service["extraPodSpec"]["mainContainer"]["image"] for service in services.values()] == [late] * 3
    assert made.spec_with_image(load(config(Preset.LAB_16GPU_SINGLENODE)).image) == made.manifest()["spec"]


def test_a_field_that_the_types_do_not_have_is_refused() -> None:
    manifest = graph().manifest()
    services = manifest["spec"]["services"]  # pyright: ignore[reportIndexIssue]
    services["decode"]["startupProbe"] = {"httpGet": {"path": "/health", "port": 9090}}

    with pytest.raises(ValidationError, match="startupProbe"):
        DynamoGraphDeployment.parse(manifest)


def test_what_the_stack_gives_the_workers_is_in_both_roles_and_not_in_the_frontend() -> None:
    workers = {
        "env": {"SGLANG_LOG_LEVEL": "debug"},
        "resources": {"cpu": "64", "memory": "512Gi"},
        "sharedMemory": "128Gi",
        "priorityClass": "inference",
        "spreadOver": "topology.kubernetes.io/zone",
    }

    made = graph(workers=workers).spec.services

    for role in ("prefill", "decode"):
        service, pod = made[role], made[role].extra_pod_spec
        assert service.resources is not None
        assert (service.resources.limits.cpu, service.resources.limits.memory) == ("64", "512Gi")
        assert service.shared_memory is not None
        assert service.shared_memory.size == "128Gi"
        assert (env(service)["SGLANG_LOG_LEVEL"], pod.priority_class_name) == ("debug", "inference")
        (constraint,) = pod.topology_spread_constraints or ()
        assert constraint.topology_key == "topology.kubernetes.io/zone"
        assert constraint.label_selector.match_labels["nvidia.com/dynamo-sub-component-type"] == role
    frontend = made["Frontend"]
    assert (frontend.resources, frontend.extra_pod_spec.priority_class_name) == (None, None)


def test_the_stacks_variables_win_over_the_programs() -> None:
    made = graph(workers={"env": {"NCCL_IB_HCA": "mlx5_0"}}).spec.services["decode"]

    assert env(made)["NCCL_IB_HCA"] == "mlx5_0"


def test_a_frontend_gets_its_resources_as_limits_which_are_its_requests_too() -> None:
    resources = graph(frontend={"resources": {"cpu": "8", "memory": "16Gi"}}).spec.services["Frontend"].resources

    assert resources is not None
    assert resources.manifest() == {"limits": {"cpu": "8", "memory": "16Gi"}}


NODE_LOCAL = {"size": "1Ti", "hostPath": "/var/lib/models"}


def test_weights_on_the_nodes_own_disks_are_where_a_volume_would_have_them() -> None:
    made, shared = graph(modelCache=NODE_LOCAL), graph()

    for role in ("prefill", "decode"):
        pod = made.spec.services[role].extra_pod_spec
        (volume,), (mount,) = pod.volumes or (), pod.main_container.volume_mounts or ()
        assert volume.host_path is not None
        assert (volume.host_path.path, volume.host_path.type) == ("/var/lib/models", "DirectoryOrCreate")
        assert volume.name == mount.name
        assert (mount.mount_path, mount.read_only) == ("/model-cache", True)
        assert pod.main_container.args == shared.spec.services[role].extra_pod_spec.main_container.args


def test_a_pod_downloads_to_its_node_before_the_engine_starts_and_waits_for_its_neighbour() -> None:
    plan = load(config(Preset.LAB_16GPU_MULTINODE, modelCache=NODE_LOCAL))

    (download,) = plan.graph.spec.services["decode"].extra_pod_spec.init_containers or ()
    assert download.name == "model-download"
    assert download.security_context is not None
    assert download.security_context.allow_privilege_escalation is False
    given = {variable.name: variable for variable in download.env}
    args = plan.roles[Role.DECODE].args
    assert given["TARGET"].value == args[args.index("--model-path") + 1]
    assert given["LOCK"].value == f"{given['TARGET'].value}/.lock"
    token = given["HF_TOKEN"].value_from
    assert token is not None
    assert (given["HF_TOKEN"].value, token.secret_key_ref.name) == (None, "hf-token-secret")
    assert [(mount.mount_path, mount.read_only) for mount in download.volume_mounts] == [("/model-cache", None)]
    assert (plan.download, plan.cache.create, plan.cache.host_path) == (None, False, "/var/lib/models")


def test_without_a_token_a_pod_downloads_anonymously() -> None:
    made = graph(modelCache=NODE_LOCAL | {"anonymous": True}, hfTokenSecret=None)

    (download,) = made.spec.services["decode"].extra_pod_spec.init_containers or ()
    assert "HF_TOKEN" not in {variable.name for variable in download.env}


def test_a_graph_that_downloads_first_may_take_that_much_longer() -> None:
    shared, local = (
        load(config(Preset.LAB_16GPU_SINGLENODE, modelCache=cache)) for cache in ({"size": "1Ti"}, NODE_LOCAL)
    )

    assert shared.download is not None
    assert local.ready_timeout_seconds == shared.ready_timeout_seconds + shared.download.deadline_seconds
    there = load(config(Preset.LAB_16GPU_SINGLENODE, modelCache=NODE_LOCAL | {"download": False}))
    assert there.ready_timeout_seconds == shared.ready_timeout_seconds
    assert there.graph.spec.services["decode"].extra_pod_spec.init_containers is None


def test_an_adapter_of_the_older_api_is_switched_on_and_only_where_it_is_asked_for() -> None:
    scaled = {"managedBy": "keda", "initial": 1, "scalingAdapter": True}
    made = graph(
        platform={"version": "0.9.1"},
        image={"source": "published"},
        layout={"preset": "lab-16gpu-singlenode", "decode": {"replicas": scaled}},
    ).manifest()

    services = made["spec"]["services"]  # pyright: ignore[reportIndexIssue]
    assert {role: one.get("scalingAdapter") for role, one in services.items()} == {
        "Frontend": None,
        "prefill": None,
        "decode": {"enabled": True},
    }


def test_prefill_is_told_no_limit_of_dispatched_tokens_whichever_kernels_it_has() -> None:
    layout = {"preset": "wide-32gpu", "prefill": {"deepepMode": "auto", "eplb": {"enabled": False}}}
    services = graph(Preset.WIDE_32GPU, layout=layout).spec.services

    limit = "SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK"
    assert (limit in env(services["prefill"]), limit in env(services["decode"])) == (False, True)


def test_registry_credentials_wire_a_pull_secret_into_every_pod() -> None:
    image = {
        "source": "existing",
        "reference": "registry.example.com/dynamo-wideep:0.6.0",
        "registry": {"username": "robot", "password": "hunter2"},
    }
    named = image | {"pullSecret": "mine"}

    for given, expected in ((image, "registry-credentials"), (named, "mine")):
        plan = load(config(Preset.LAB_8GPU, image=given))
        pods = [service.extra_pod_spec for service in plan.graph.spec.services.values()]
        assert [[secret.name for secret in pod.image_pull_secrets or ()] for pod in pods] == [[expected]] * 3
        assert plan.image_source.registry is not None
        assert (plan.image_source.registry.server, plan.image_source.pull_secret) == ("registry.example.com", expected)
        assert "hunter2" not in plan.to_json()
