"""The simulated operator makes of a graph what Dynamo 0.6.0 makes of it: components, pods, cliques, status."""

import asyncio
from typing import cast

import pytest

from sim.kubelet import container_log as journal
from sim.kubelet import pods, podstatus
from sim.operator import contract, graph, grove
from sim.operator.cliques import fits
from sim.operator.contract import Manifest
from sim.operator.kube import Kube
from sim.operator.operators import Operator, Operators, read_operator

NEARBY = pods.Surroundings(nats="nats://dynamo-platform-nats.dw:4222", etcd="dynamo-platform-etcd.dw:2379")
SGLANG = ["python3", "-m", "dynamo.sglang"]


def worker(**service: object) -> Manifest:
    main = {"image": "registry.example.com/w:1", "command": SGLANG, "args": ["--tp-size", "8"]}
    base: Manifest = {
        "componentType": "worker",
        "subComponentType": "decode",
        "replicas": 1,
        "resources": {"limits": {"gpu": "8", "custom": {"rdma/ib": "8"}}, "requests": {"gpu": "4", "cpu": "16"}},
        "extraPodSpec": {"mainContainer": main},
    }
    return base | service


def a_graph(**services: Manifest) -> Manifest:
    return {
        "apiVersion": contract.API,
        "kind": contract.GRAPH,
        "metadata": {"name": "sgl", "namespace": "dw", "uid": "u-1"},
        "spec": {"services": services},
    }


def main_of(template: Manifest) -> Manifest:
    return next(one for one in template["spec"]["containers"] if one["name"] == "main")


def test_a_component_is_named_after_graph_and_service_in_lower_case() -> None:
    made = graph.components(a_graph(Frontend={"componentType": "frontend"}, decode=worker()))
    assert {key: one["metadata"]["name"] for key, one in made.items()} == {
        "Frontend": "sgl-frontend",
        "decode": "sgl-decode",
    }
    assert made["decode"]["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    assert made["decode"]["metadata"]["labels"][contract.LABEL_GRAPH] == "sgl"


def test_services_of_different_dynamo_namespaces_are_refused() -> None:
    live = a_graph(Frontend={"componentType": "frontend"}, decode=worker(dynamoNamespace="other"))
    with pytest.raises(ValueError, match=r"graph uses namespace dynamo-sgl but component specifies other"):
        graph.components(live)


def test_gpu_of_the_limits_becomes_nvidia_gpu_and_that_of_the_requests_is_ignored() -> None:
    assert pods.resources(worker()) == {"limits": {"nvidia.com/gpu": "8", "rdma/ib": "8"}, "requests": {"cpu": "16"}}


def test_a_worker_pod_carries_the_labels_that_a_user_selects_by() -> None:
    labels = pods.pod_template(a_graph(), "decode", worker(), NEARBY)["metadata"]["labels"]
    assert labels == {
        "nvidia.com/selector": "sgl-decode",
        "nvidia.com/dynamo-graph-deployment-name": "sgl",
        "nvidia.com/dynamo-component": "decode",
        "nvidia.com/dynamo-namespace": "dynamo-sgl",
        "nvidia.com/dynamo-component-type": "worker",
        "nvidia.com/dynamo-sub-component-type": "decode",
        "nvidia.com/metrics-enabled": "true",
    }


def test_the_users_main_container_goes_over_the_defaults_and_keeps_the_standard_environment() -> None:
    service = worker()
    service["extraPodSpec"]["mainContainer"] |= {
        "startupProbe": {"httpGet": {"path": "/health", "port": 9090}},
        "env": [{"name": "NCCL_IB_HCA", "value": "mlx5"}, {"name": "NATS_SERVER", "value": "nats://mine:4222"}],
    }
    main = main_of(pods.pod_template(a_graph(), "decode", service, NEARBY))
    env = {one["name"]: one["value"] for one in main["env"]}
    assert main["image"] == "registry.example.com/w:1"
    assert main["startupProbe"] == {"httpGet": {"path": "/health", "port": 9090}}
    assert main["livenessProbe"]["httpGet"]["path"] == "/live"
    assert env["NCCL_IB_HCA"] == "mlx5"
    assert env["NATS_SERVER"] == "nats://mine:4222"
    assert env["ETCD_ENDPOINTS"] == "dynamo-platform-etcd.dw:2379"


def test_shared_memory_has_its_size_and_a_claim_its_mount() -> None:
    service = worker(
        sharedMemory={"size": "80Gi"}, volumeMounts=[{"name": "model-cache-pvc", "mountPoint": "/model-cache"}]
    )
    template = pods.pod_template(a_graph(), "decode", service, NEARBY)
    volumes = {one["name"]: one for one in template["spec"]["volumes"]}
    mounts = {one["name"]: one["mountPath"] for one in main_of(template)["volumeMounts"]}
    assert volumes["shared-memory"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "80Gi"}
    assert volumes["model-cache-pvc"]["persistentVolumeClaim"] == {"claimName": "model-cache-pvc"}
    assert mounts == {"shared-memory": "/dev/shm", "model-cache-pvc": "/model-cache"}  # noqa: S108


def test_a_mount_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="mountPoint is required"):
        pods.pod_template(a_graph(), "decode", worker(volumeMounts=[{"name": "c"}]), NEARBY)


def test_the_workers_of_several_nodes_get_their_rank_from_a_shell_that_does_not_quote() -> None:
    service = worker(multinode={"nodeCount": 2})
    service["extraPodSpec"]["mainContainer"]["args"] = ["--served-model-name", "two words"]
    leader = main_of(pods.pod_template(a_graph(), "decode", service, NEARBY, pods.Role.LEADER))
    follower = main_of(pods.pod_template(a_graph(), "decode", service, NEARBY, pods.Role.WORKER))
    assert leader["args"][-4:] == ["--nnodes", "2", "--node-rank", "0"]
    assert follower["command"] == ["sh", "-c"]
    assert follower["args"][0].startswith(
        "exec python3 -m dynamo.sglang --served-model-name two words --dist-init-addr"
    )
    assert follower["args"][0].endswith("--nnodes 2 --node-rank $((GROVE_PCLQ_POD_INDEX + 1))")
    assert "readinessProbe" not in follower


def test_a_service_of_one_node_gets_no_multinode_flag() -> None:
    assert main_of(pods.pod_template(a_graph(), "decode", worker(), NEARBY))["args"] == ["--tp-size", "8"]


def test_only_a_frontend_has_a_service() -> None:
    made = graph.components(a_graph(Frontend={"componentType": "frontend"}, decode=worker()))
    live = {key: one | {"metadata": one["metadata"] | {"uid": f"u-{key}"}} for key, one in made.items()}
    service = graph.service(live["Frontend"])
    assert service is not None
    assert service["metadata"]["name"] == "sgl-frontend"
    assert service["spec"]["ports"][0]["port"] == 8000
    assert graph.service(live["decode"]) is None


@pytest.mark.parametrize("strategy", ["RollingUpdate", "Recreate"])
def test_the_strategy_of_a_deployment_follows_the_services_annotation(strategy: str) -> None:
    annotations = {"nvidia.com/deployment-strategy": strategy}
    component = graph.components(a_graph(decode=worker(annotations=annotations)))["decode"]
    component["metadata"]["uid"] = "u-2"
    assert graph.deployment(component, NEARBY)["spec"]["strategy"]["type"] == strategy


def test_a_deployment_is_ready_only_when_its_last_change_is() -> None:
    live: Manifest = {"metadata": {"generation": 2}, "spec": {"replicas": 1}}
    old = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1}
    assert not graph.deployment_ready(live | {"status": old})
    assert graph.deployment_ready(live | {"status": old | {"observedGeneration": 2}})


def test_the_outcome_names_each_resource_that_waits_and_why() -> None:
    outcome = graph.Outcome.of({"sgl-decode": "not there", "sgl-prefill": "nor this"})
    assert outcome.state is graph.State.PENDING
    assert outcome.message == "Resources not ready: sgl-decode: not there; sgl-prefill: nor this"
    assert graph.Outcome.of({}).state is graph.State.SUCCESSFUL


def test_the_transition_time_of_a_condition_moves_with_its_status_only() -> None:
    first = graph.with_condition({}, graph.condition("Ready", False, "a", "b"), "2026-01-01T00:00:00Z")
    second = graph.with_condition({"status": {"conditions": first}}, graph.condition("Ready", False, "c", "d"), "later")
    third = graph.with_condition({"status": {"conditions": second}}, graph.condition("Ready", True, "e", "f"), "later")
    assert second[0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert second[0]["reason"] == "c"
    assert third[0]["lastTransitionTime"] == "later"


def test_several_nodes_become_a_scaling_group_of_a_leader_and_workers() -> None:
    live = a_graph(Frontend={"componentType": "frontend"}, decode=worker(multinode={"nodeCount": 9}, replicas=2))
    made = grove.clique_set(live, NEARBY)
    made["metadata"]["uid"] = "u-3"
    cliques = {one["name"]: one["spec"]["replicas"] for one in made["spec"]["template"]["cliques"]}
    assert cliques == {"frontend": 1, "decode-ldr": 1, "decode-wkr": 8}
    gangs = [[clique["metadata"]["name"] for clique in gang.cliques] for gang in grove.gangs(made)]
    assert gangs == [
        ["sgl-0-frontend"],
        ["sgl-0-decode-0-decode-ldr", "sgl-0-decode-0-decode-wkr"],
        ["sgl-0-decode-1-decode-ldr", "sgl-0-decode-1-decode-wkr"],
    ]


def test_a_pod_of_a_clique_knows_its_place_and_is_gated() -> None:
    made = grove.clique_set(a_graph(decode=worker(multinode={"nodeCount": 2}, replicas=2)), NEARBY)
    made["metadata"]["uid"] = "u-3"
    clique = grove.gangs(made)[1].cliques[1]
    clique["metadata"]["uid"] = "u-4"
    pod = grove.pod(clique, 0)
    env = {one["name"]: one.get("value") for one in main_of(pod)["env"]}
    assert pod["metadata"]["name"] == "sgl-0-decode-1-decode-wkr-0"
    assert (env["GROVE_PCSG_NAME"], env["GROVE_PCSG_INDEX"], env["GROVE_PCLQ_POD_INDEX"]) == ("sgl-0-decode", "1", "0")
    assert pod["spec"]["schedulingGates"] == [{"name": "grove.io/podgang-pending-creation"}]


def test_grove_refuses_names_of_more_than_45_characters() -> None:
    live = a_graph(prefill=worker(multinode={"nodeCount": 2}))
    live["metadata"]["name"] = "a" * 27
    grove.clique_set(live, NEARBY)
    live["metadata"]["name"] = "a" * 28
    with pytest.raises(ValueError, match=r"length 46 exceeds 45-character limit"):
        grove.clique_set(live, NEARBY)


def test_a_gang_fits_only_where_all_of_its_pods_do() -> None:
    assert fits([8, 8], [8, 8])
    assert fits([4, 4, 4, 4], [8, 8])
    assert not fits([8, 8], [8, 4, 4])
    assert fits([], [])


def test_an_operator_is_read_from_its_deployment() -> None:
    args = ["--leader-elect", "--restrictedNamespace=dw", "--etcdAddr=dynamo-platform-etcd.dw:2379"]
    live = {
        "metadata": {"name": "p-dynamo-operator-controller-manager", "namespace": "dw", "uid": "u"},
        "spec": {"template": {"spec": {"containers": [{"name": "manager", "args": args}]}}},
        "status": {"readyReplicas": 1},
    }
    operator = read_operator(live)
    assert (operator.release, operator.ready, operator.restricted_to) == ("p", True, "dw")
    assert operator.etcd == ("dw", "dynamo-platform-etcd")


class Api:
    """As much of an API server as an operator asks for Grove."""

    def __init__(self) -> None:
        self.pods, self.grove = ["a"], False

    async def find(self, *_: object) -> list[Manifest]:
        return [{"metadata": {"uid": uid}} for uid in self.pods]

    async def get(self, *_: object) -> Manifest | None:
        return {} if self.grove else None


def test_an_operator_looks_for_grove_when_its_pod_starts_and_only_then() -> None:
    api = Api()
    operators, operator = Operators(cast(Kube, api)), Operator("dw", "p", {}, True, "as its Deployment says")

    def has_grove() -> bool:
        return asyncio.run(operators.has_grove(operator))

    assert not has_grove()
    api.grove = True
    assert not has_grove()
    api.pods = ["b"]
    assert has_grove()


def test_an_engine_is_read_from_its_command_line_joined_or_not() -> None:
    args = ["--tp-size", "16", "--dp-size=16", "--moe-a2a-backend", "deepep", "--ep-num-redundant-experts", "32"]
    args += ["--enable-eplb", "--served-model-name", "deepseek-ai/DeepSeek-R1", "--disaggregation-mode", "prefill"]
    alone = journal.Engine.of({"command": SGLANG, "args": args})
    joined = " ".join([*SGLANG, *args, "--nnodes 2 --node-rank $((GROVE_PCLQ_POD_INDEX + 1))"])
    assert alone.about() == "prefill TP16 DP16 EP16 R32"
    assert alone.rank == 0
    assert journal.Engine.of({"command": ["sh", "-c"], "args": [f"exec {joined}"]}).rank == 1


def test_the_log_says_that_eplb_works_only_where_it_is_enabled() -> None:
    without = journal.Engine.of({"command": SGLANG, "args": ["--tp-size", "8"]})
    with_it = journal.Engine.of({"command": SGLANG, "args": ["--tp-size", "8", "--enable-eplb"]})
    assert not any("EPLBManager" in line for line in without.loading())
    assert any("[EPLBManager] system started" in line for line in with_it.loading())


def test_a_finished_pod_is_not_ready_and_a_ready_one_is_running() -> None:
    pod = {"spec": {"containers": [{"name": "main", "image": "i"}]}}
    ready, done = podstatus.running(pod, ready=True)["status"], podstatus.finished(pod)["status"]
    assert (ready["phase"], ready["conditions"][0]["status"]) == ("Running", "True")
    assert (done["phase"], done["conditions"][0]["status"]) == ("Succeeded", "False")
    assert done["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0
