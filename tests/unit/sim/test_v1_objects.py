"""The simulated operator makes of a v1beta1 graph what Dynamo 1.6.1 makes of it: pods, names, accounts, status."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sim.kubelet.container_log import Engine
from sim.kubelet.pods import Role
from sim.operator import grove
from sim.operator.contract import Manifest
from sim.operator.operators import Operator
from sim.operator.reconcilers import ByRelease
from sim.operator.v1 import graph, schema, template
from sim.operator.v1.template import Nearby
from tests.support.platform_v1 import IMAGE, a_graph, worker

NEARBY = Nearby()


def live(*components: Manifest, name: str = "moe", **meta: object) -> Manifest:
    made = a_graph(*components, name=name)
    return {**made, "metadata": {"name": name, "namespace": "dw", "uid": "u-1", "generation": 3, **meta}}


def decode(**changes: object) -> Manifest:
    return worker("decode") | changes


def pod(component: Manifest, role: Role = Role.MAIN, nearby: Nearby = NEARBY) -> Manifest:
    return template.pod_template(live(component), component, nearby, role)


def main(made: Manifest) -> Manifest:
    return made["spec"]["containers"][0]


def env(made: Manifest) -> dict[str, Any]:
    return {one["name"]: one.get("value") for one in main(made)["env"]}


def test_a_frontend_with_nothing_but_an_image_gets_command_port_and_probes() -> None:
    graph_ = live()
    made = main(template.pod_template(graph_, graph_["spec"]["components"][0], NEARBY))
    assert (made["image"], made["command"], made["args"]) == (IMAGE, ["python3"], ["-m", "dynamo.frontend"])
    assert made["ports"] == [{"name": "http", "containerPort": 8000, "protocol": "TCP"}]
    assert made["readinessProbe"]["httpGet"] == {"path": "/health", "port": "http"}


def test_the_container_main_goes_over_the_operators_own_and_a_probe_replaces_it_whole() -> None:
    component = decode()
    template.main_of(component).update(
        env=[{"name": "DYN_SYSTEM_PORT", "value": "9191"}], livenessProbe={"tcpSocket": {"port": 9090}}
    )
    made = pod(component)
    assert env(made)["DYN_SYSTEM_PORT"] == "9191"
    assert env(made)["DYN_NAMESPACE"] == "dw-moe"
    assert main(made)["livenessProbe"] == {"tcpSocket": {"port": 9090}}
    assert main(made)["readinessProbe"]["httpGet"]["path"] == "/health"


def test_a_component_is_asked_neither_for_etcd_nor_for_nats_unless_the_operator_has_them() -> None:
    assert not {"NATS_SERVER", "ETCD_ENDPOINTS"} & env(pod(decode())).keys()
    assert env(pod(decode(), nearby=Nearby(nats="nats://n:4222")))["NATS_SERVER"] == "nats://n:4222"


def test_a_mount_without_a_volume_becomes_the_claim_of_its_name_and_zero_turns_shared_memory_off() -> None:
    volumes = {one["name"]: one for one in pod(decode())["spec"]["volumes"]}
    assert volumes["model-cache"]["persistentVolumeClaim"] == {"claimName": "model-cache"}
    assert volumes["shared-memory"]["emptyDir"]["sizeLimit"] == "80Gi"
    assert "shared-memory" not in {one["name"] for one in pod(decode(sharedMemorySize="0"))["spec"]["volumes"]}


def test_a_planner_has_its_account_its_metrics_port_and_the_probes_of_its_system_port() -> None:
    planner: Manifest = {"name": "Planner", "type": "planner"}
    planner["podTemplate"] = {"spec": {"containers": [{"name": "main", "image": IMAGE}]}}
    made = pod(planner)
    assert made["spec"]["serviceAccountName"] == "planner-serviceaccount"
    assert {one["name"]: one["containerPort"] for one in main(made)["ports"]} == {"metrics": 9085, "system": 9090}
    assert main(made)["readinessProbe"]["httpGet"] == {"path": "/health", "port": "system"}
    assert graph.planner_account(live(planner))["metadata"] == {"name": "planner-serviceaccount", "namespace": "dw"}


def test_a_service_account_and_a_security_context_of_ones_own_stay() -> None:
    component = decode()
    assert pod(component)["spec"]["serviceAccountName"] == "moe-k8s-service-discovery"
    assert pod(component)["spec"]["securityContext"] == {"fsGroup": 1000}
    component["podTemplate"]["spec"] |= {"serviceAccountName": "mine", "securityContext": {"runAsUser": 0}}
    assert pod(component)["spec"]["serviceAccountName"] == "mine"
    assert pod(component)["spec"]["securityContext"] == {"runAsUser": 0}


def test_a_pod_carries_the_labels_that_a_user_selects_by() -> None:
    assert pod(decode())["metadata"]["labels"] == {
        "nvidia.com/selector": "moe-decode",
        "nvidia.com/dynamo-graph-deployment-name": "moe",
        "nvidia.com/dynamo-component": "decode",
        "nvidia.com/dynamo-component-type": "decode",
        "nvidia.com/dynamo-namespace": "dw-moe",
        "nvidia.com/dynamo-discovery-backend": "kubernetes",
        "nvidia.com/dynamo-discovery-enabled": "true",
        "nvidia.com/metrics-enabled": "true",
    }


def test_the_workers_of_several_nodes_keep_a_word_with_blanks_or_braces_in_one() -> None:
    component = worker("decode", nodes=2)
    template.main_of(component)["args"] += ["--json", '{"a": "it\'s"}']
    leader, follower = main(pod(component, Role.LEADER)), main(pod(component, Role.WORKER))
    assert leader["args"][-4:] == ["--nnodes", "2", "--node-rank", "0"]
    assert follower["command"] == ["sh", "-c"]
    assert "readinessProbe" not in follower
    assert """--json '{"a": "it'"'"'s"}' --dist-init-addr""" in follower["args"][0]
    assert Engine.of(follower).rank == 1


def test_each_node_of_a_vllm_worker_is_told_its_data_parallel_ranks() -> None:
    component = worker("decode", nodes=2)
    template.main_of(component).update(
        command=["python3", "-m", "dynamo.vllm"], args=["--model", "/models/r1", "--data-parallel-size", "8"]
    )
    leader, follower = (" ".join(main(pod(component, role))["args"]) for role in (Role.LEADER, Role.WORKER))
    assert "--data-parallel-hybrid-lb --data-parallel-size-local 4 --data-parallel-start-rank 0 " in leader
    assert leader.endswith("--data-parallel-rpc-port 13445")
    assert "--data-parallel-start-rank $((4 * (GROVE_PCLQ_POD_INDEX + 1))) " in follower
    assert "--nnodes" not in leader + follower


@pytest.mark.parametrize(
    ("name", "expected"),
    [("moe", "moe"), ("a" * 27, "a" * 27), ("a-graph-with-a-name-of-thirty-o", "a-graph-with-a-name-of-c91f")],
)
def test_a_long_name_is_cut_with_four_digits_of_its_hash(name: str, expected: str) -> None:
    several = (worker("prefill", nodes=2), worker("decode", nodes=2))
    assert graph.set_name(live(*several, name=name)) == expected


def test_the_hash_is_fnv_1a() -> None:
    """The digests that its authors publish for these words."""
    assert graph._fnv32a(b"") == 0x811C9DC5  # pyright: ignore[reportPrivateUsage]
    assert graph._fnv32a(b"foobar") == 0xBF9CF968  # pyright: ignore[reportPrivateUsage]


def test_what_grove_makes_of_a_cut_graph_is_found_by_the_graphs_whole_name() -> None:
    name = "a-graph-with-a-name-of-forty-characters-"
    made = graph.clique_set(live(worker("decode", nodes=2), name=name), NEARBY)
    made["metadata"]["uid"] = "u-2"
    (group,) = grove.scaling_groups(made)
    assert made["metadata"]["name"] != name
    assert group["metadata"]["labels"]["nvidia.com/dynamo-graph-deployment-name"] == name
    labels = [clique["metadata"]["labels"] for gang in grove.gangs(made) for clique in gang.cliques]
    assert {one["nvidia.com/dynamo-graph-deployment-name"] for one in labels} == {name}


def test_all_pods_of_a_worker_of_several_nodes_are_needed_together() -> None:
    made = graph.clique_set(live(worker("decode", nodes=9)), NEARBY)
    cliques = {one["name"]: one["spec"] for one in made["spec"]["template"]["cliques"]}
    assert (cliques["decode-wkr"]["replicas"], cliques["decode-wkr"]["minAvailable"]) == (8, 8)


def test_the_account_for_discovery_may_look_for_workers_and_say_what_it_serves() -> None:
    account, role, binding = graph.discovery(live())
    names = [one["metadata"]["name"] for one in (account, role, binding)]
    assert names == [f"moe-k8s-service-discovery{suffix}" for suffix in ("", "-role", "-binding")]
    assert {one["resources"][0] for one in role["rules"]} == {"endpoints", "endpointslices", "dynamoworkermetadatas"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": names[0], "namespace": "dw"}]


def clique(**status: int) -> Manifest:
    return {"kind": "PodClique", "spec": {"replicas": 2}, "status": status}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"readyReplicas": 2}, ""),
        ({"readyReplicas": 0, "scheduledReplicas": 1, "updatedReplicas": 2}, "insufficient_capacity"),
        ({"readyReplicas": 1, "scheduledReplicas": 2, "updatedReplicas": 1}, "updating"),
        ({"readyReplicas": 1, "scheduledReplicas": 2, "updatedReplicas": 2}, "pods_not_ready"),
    ],
)
def test_the_reason_says_why_a_clique_is_not_ready(status: dict[str, int], reason: str) -> None:
    assert graph.part_of_grove("PodClique", "moe-0-decode", clique(**status)).reason == reason


def test_different_reasons_are_called_mixed_and_each_part_is_named() -> None:
    parts = {
        "prefill": graph.part_of_grove("PodClique", "moe-0-prefill", None),
        "decode": graph.part_of_grove("PodClique", "moe-0-decode", clique(scheduledReplicas=2, updatedReplicas=2)),
    }
    report = graph.Report.of(parts)
    assert report.reason == "mixed_not_ready_reasons"
    assert "podclique/moe-0-prefill: resource not found" in report.message
    assert parts["decode"].status("dw-moe")["runtimeNamespace"] == "dw-moe"


@pytest.mark.parametrize(("flags", "who"), [({}, "0.6"), ({"operator-version": "1.6.1"}, "1.x"), (None, "0.6")])
def test_an_object_is_left_to_the_release_of_the_operator_of_its_namespace(
    flags: dict[str, str] | None, who: str
) -> None:
    called: list[str] = []

    def reconciler(name: str) -> Any:
        async def reconcile(_key: object) -> None:
            called.append(name)

        return reconcile

    operator = None if flags is None else Operator("dw", "p", flags, True, "g")
    operators: Any = SimpleNamespace(of=lambda _namespace: operator)
    asyncio.run(ByRelease(operators, reconciler("0.6"), reconciler("1.x"))(("dw", "moe")))
    assert called == [who]


PUBLISHED: dict[str, Manifest] = {
    schema.POD_TEMPLATE: {
        "type": "object",
        "description": "not kept",
        "properties": {
            "metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}]},
            "spec": {"allOf": [{"$ref": "#/components/schemas/Spec"}], "default": {}},
        },
    },
    "Spec": {
        "type": "object",
        "required": ["policy"],
        "properties": {"policy": {"type": "string", "default": "", "enum": ["Always"]}},
        "x-kubernetes-patch-strategy": "merge",
    },
    schema.ENV: {"type": "object", "properties": {"name": {"type": "string"}}},
}


def test_a_published_schema_is_made_structural() -> None:
    made = schema.structural(schema.POD_TEMPLATE, PUBLISHED)
    assert made["properties"]["spec"] == {
        "type": "object",
        "required": ["policy"],
        "properties": {"policy": {"type": "string", "enum": ["Always"]}},
    }
    assert set(made["properties"]["metadata"]["properties"]) == {
        "name",
        "namespace",
        "annotations",
        "labels",
        "finalizers",
    }


def test_graphs_are_stored_and_served_as_v1beta1_alone() -> None:
    (crd,) = [one for one in schema.crds(PUBLISHED) if one["spec"]["names"]["kind"] == "DynamoGraphDeployment"]
    assert crd["metadata"]["name"] == "dynamographdeployments.nvidia.com"
    assert [(one["name"], one["served"], one["storage"]) for one in crd["spec"]["versions"]] == [
        ("v1alpha1", False, False),
        ("v1beta1", True, True),
    ]
