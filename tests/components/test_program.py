"""The whole program, without engine and cluster: which resources a stack has, in which order they come and go."""

import base64
import itertools
import json
import runpy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dynamo_stack import DynamoStack, DynamoStackArgs
from components.stack_preflight import OnCluster
from tests.golden.cases import config, on_its_engine
from tests.support.configs import LAB
from tests.support.engine import DIGEST, PROJECT, UNKNOWN, Engine, Secret, run
from tests.support.examples import examples
from tests.support.plans import ROOT, TOKEN, on_release, plan_of, settings_of
from wideep.plan import make_plan
from wideep.plan.takes import takes
from wideep.resource_names import DYNAMIC, NAMESPACE_READ, STACK_RESOURCES, dynamic_type
from wideep.rules import Accepted, accept
from wideep.settings.layout import Preset

POLICIES = ("frontend", "workers", "etcd-clients", "nats-clients")
GUARDS = ("guard", "guard-namespace", "guard-platform")
RESOURCES = {
    "sweep-stack": "pulumi-python:dynamic/dynamo-wideep:StackSweep",
    "namespace-namespace": "kubernetes:core/v1:Namespace",
    "platform-crds": "kubernetes:helm.sh/v3:Release",
    "platform-mpi-seed": "random:index/randomPassword:RandomPassword",
    "platform-mpi-secret": "kubernetes:core/v1:Secret",
    "platform-platform": "kubernetes:helm.sh/v3:Release",
    "image-build": "docker-build:index:Image",
    "token-secret": "kubernetes:core/v1:Secret",
    "cache-claim": "kubernetes:core/v1:PersistentVolumeClaim",
    "download-job": "kubernetes:batch/v1:Job",
    "drain-graph": "pulumi-python:dynamic/dynamo-wideep:GraphDrain",
    "graph-graph": "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment",
    "graph-ready": "pulumi-python:dynamic/dynamo-wideep:GraphReady",
    "takedown-graph": "pulumi-python:dynamic/dynamo-wideep:GraphTakedown",
    **{f"{name}-stack": "pulumi-python:dynamic/dynamo-wideep:StackGuard" for name in GUARDS},
    **{f"policies-{name}": "kubernetes:networking.k8s.io/v1:NetworkPolicy" for name in POLICIES},
}
GROVE = {"platform-grove": "pulumi-python:dynamic/dynamo-wideep:GroveCrds"}
"""Where a worker has several pods."""
ENGINE = {
    "engine-prefill": "kubernetes:core/v1:ConfigMap",
    "engine-decode": "kubernetes:core/v1:ConfigMap",
    "fabric-domain": "kubernetes:resource.nvidia.com/v1beta1:ComputeDomain",
}
"""Where the engine reads files, and its workers span nodes of an NVL72 rack."""
TRUE_EDGES = {
    "namespace-namespace": {"sweep-stack"},
    "platform-crds": {"sweep-stack"},
    "platform-mpi-secret": {"namespace-namespace", "platform-mpi-seed"},
    "platform-grove": {"sweep-stack"},
    "platform-platform": {
        "namespace-namespace",
        *(f"platform-{name}" for name in ("crds", "grove", "mpi-secret", "mpi-seed")),
    },
    "platform-operator": {"namespace-namespace", "platform-crd"},
    "token-secret": {"namespace-namespace"},
    "cache-claim": {"namespace-namespace"},
    "download-job": {"namespace-namespace", "cache-claim", "token-secret"},
    "drain-graph": {
        "namespace-namespace",
        "cache-claim",
        "token-secret",
        "platform-crd",
        "platform-operator",
        "pull-secret",
        "guard-namespace-stack",
        "guard-platform-stack",
        *ENGINE,
        *(name for name in (*RESOURCES, *GROVE) if name.startswith("platform-")),
        *(f"policies-{name}" for name in POLICIES),
    },
    **{name: {"namespace-namespace"} for name in ENGINE},
    "pull-secret": {"namespace-namespace"},
    **{f"policies-{name}": {"namespace-namespace"} for name in POLICIES},
    "graph-graph": {"namespace-namespace", "image-build", "download-job", "drain-graph"},
    "graph-ready": {"namespace-namespace", "graph-graph", "image-build"},
    "access-service": {"namespace-namespace", "graph-graph", "graph-ready"},
    "access-ingress": {"namespace-namespace", "graph-graph", "graph-ready"},
    "takedown-graph": {"namespace-namespace", "graph-graph", "access-service", "access-ingress"},
    "guard-namespace-stack": {"namespace-namespace"},
    "guard-platform-stack": {
        "platform-crd",
        "platform-operator",
        *(n for n in (*RESOURCES, *GROVE) if n.startswith("platform-")),
    },
    "guard-stack": {"takedown-graph"},
}
IMAGES = {
    "build": {"source": "build", "repository": "r.example.com/dynamo", "tag": "1"},
    "existing": {"source": "existing", "reference": f"r.example.com/dynamo@{DIGEST}"},
}

GONE = ("platform-crds", "image-build", "policies-workers", "policies-etcd-clients", "policies-nats-clients")
NEWEST = {
    **{name: kind for name, kind in RESOURCES.items() if name not in GONE},
    **GROVE,
    "platform-ready": "pulumi-python:dynamic/dynamo-wideep:PlatformReady",
    "graph-graph": "kubernetes:nvidia.com/v1beta1:DynamoGraphDeployment",
    **{f"policies-{role}-workers": RESOURCES["policies-workers"] for role in ("prefill", "decode")},
}
"""From Dynamo 1.3 on, with several pods and the published image: no chart of CRDs, no etcd, no NATS."""

PASSWORD = "SyntheticPassword"

Deploy = Callable[[Accepted, OnCluster], None]


@pytest.fixture(scope="module")
def deploy() -> Deploy:
    return runpy.run_path(str(ROOT / "__main__.py"))["deploy"]


def _engine(deploy: Deploy, stack: Accepted, *, preview: bool = False) -> Engine:
    def program() -> None:
        image = json.dumps({"registry": {"username": "robot", "password": PASSWORD}})
        nowhere = {"kubernetes:kubeconfig": "no-such-kubeconfig"}
        config = {f"{PROJECT}:hfToken": TOKEN, f"{PROJECT}:image": image, **nowhere}
        pulumi.runtime.set_all_config(config, list(config))
        deploy(stack, OnCluster())

    return run(program, preview=preview)


@st.composite
def _changes(draw: st.DrawFn) -> dict[str, Any]:
    """Stacks with each part this program's own, somebody else's, or left out."""

    def one_of(*choices: dict[str, Any]) -> dict[str, Any]:
        return draw(st.sampled_from(choices))

    image = one_of(*IMAGES.values()) | one_of({}, {"registry": {"username": "robot", "password": PASSWORD}})
    claims = ({}, {"existingClaim": "c"}, {"hostPath": "/models"}, {"retain": True}, {"protect": True})
    cache = {"size": "1Ti"} | one_of(*claims) | one_of({}, {"download": False})
    ways = one_of({}, {"service": {"type": "LoadBalancer"}}) | one_of(
        {}, {"ingress": {"host": "chat.example.com", "className": "nginx"}}
    )
    return {
        "hardware": {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"},
        "layout": draw(st.sampled_from(["lab-16gpu-singlenode", "lab-32gpu", "wide-32gpu"])),
        "image": image,
        "modelCache": cache,
        "frontend": {"replicas": draw(st.integers(1, 3))} | ways,
        "access": one_of({"allowFrom": ["10.0.0.0/8"]}, {"networkPolicies": False}),
        "platform": one_of({}, {"install": False}, {"sshKeySecret": "mine"}),
        **one_of({}, {"hfToken": None, "hfTokenSecret": "mine"}),
    }


MONITORS = ("frontend", "prefill", "decode", "operator", "etcd", "nats", "gpu")
MONITORING = {
    "monitoring-password": "random:index/randomPassword:RandomPassword",
    "monitoring-grafana": "kubernetes:core/v1:Secret",
    "monitoring-release": "kubernetes:helm.sh/v3:Release",
    "monitoring-alerts": "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
    **{f"monitoring-{slug}-dashboard": "kubernetes:core/v1:ConfigMap" for slug in ("serving", "wide-ep", "platform")},
    **{f"monitoring-{role}-monitor": "kubernetes:monitoring.coreos.com/v1:PodMonitor" for role in MONITORS},
}
"""Where the stack is monitored."""


def test_the_burn_in_runs_beside_the_download_and_before_the_graph(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of(burnin={"enabled": True}))

    assert engine.types() == RESOURCES | {"burnin-nodes": "pulumi-python:dynamic/dynamo-wideep:NodeBurnIn"}
    assert "burnin-nodes" in engine.before("graph-graph")
    waited = {"download-job", "cache-claim", "platform-platform", "drain-graph"}
    assert not waited & engine.before("burnin-nodes")
    assert "burnin-nodes" not in engine.before("download-job")
    assert engine.before("burnin-nodes") >= {"namespace-namespace", "image-build"}


def test_monitoring_comes_before_the_platform_and_its_monitors_after_their_crds(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of(monitoring={"enabled": True}))
    assert engine.types() == RESOURCES | MONITORING
    made = engine.resources
    assert made["monitoring-release"].after == {
        "namespace-namespace",
        "sweep-stack",
        "monitoring-grafana",
    }
    assert made["monitoring-release"].parent == "monitoring"
    for role in MONITORS:
        assert "monitoring-release" in made[f"monitoring-{role}-monitor"].after
    assert engine.before("platform-platform") >= MONITORING.keys()


@pytest.mark.parametrize(
    ("stack", "changed", "resources"),
    [
        ("dev", {}, RESOURCES),
        ("prod", {"platform": LAB, "image": IMAGES["build"]}, RESOURCES | GROVE),
        ("prod", {}, NEWEST),
        ("sim", {}, RESOURCES),
    ],
)
def test_a_stack_is_exactly_these_resources(
    deploy: Deploy, stack: str, changed: dict[str, Any], resources: dict[str, str]
) -> None:
    assert _engine(deploy, settings_of(stack, **changed)).types() == resources


def test_an_engine_that_reads_files_has_a_config_map_a_role_and_in_a_rack_a_domain(deploy: Deploy) -> None:
    """They are there before the graph's first pod, and until its last is gone."""
    rack = {"gpu": "GB200", "nodes": 9, "gpusPerNode": 4, "interconnect": "nvlink"}
    stack = settings_of("prod", backend="trtllm", model="nvidia/DeepSeek-R1-FP4", layout="trtllm-36gpu", hardware=rack)
    engine = _engine(deploy, stack)
    made = engine.resources
    assert {name: each.type for name, each in made.items() if name in ENGINE} == ENGINE
    for name in ENGINE:
        assert made[name].after == {"namespace-namespace"}
        assert name in made["drain-graph"].after
    assert made["engine-decode"].inputs["immutable"] is True
    assert 'backend: "CUTEDSL"' in made["engine-decode"].inputs["data"]["engine.yaml"]
    domain = made["fabric-domain"].inputs
    claims = {"resourceClaimTemplate": {"name": domain["metadata"]["name"]}}
    assert domain["spec"] == {"numNodes": 9, "channel": claims}


FROM_SOMEWHERE = {"access": {"allowFrom": ["10.0.0.0/8"]}}
PARENTS = {
    "Sweep": "sweep",
    "Namespace": "namespace",
    "Platform": "platform",
    "SshKey": "platform-mpi",
    "Image": "image",
    "HfToken": "token",
    "ModelCache": "cache",
    "ModelDownload": "download",
    "NetworkPolicies": "policies",
    "PullSecret": "pull",
    "Drain": "drain",
    "WideEp": "graph",
    "FrontendAccess": "access",
    "Takedown": "takedown",
}
"""By type, each component's name."""


def test_every_resource_keeps_the_urn_that_existing_stacks_know_it_by(deploy: Deploy) -> None:
    """A URN has the types of all parents. One that changes is a resource that is replaced: the graph, the weights."""
    image = IMAGES["build"] | {"registry": {"username": "robot", "password": PASSWORD}}
    ways = {"service": {"type": "LoadBalancer"}}
    stack = settings_of("prod", image=image, platform=LAB, frontend=ways, **FROM_SOMEWHERE)
    made = _engine(deploy, stack).resources.values()
    components = {each.name: each for each in made if each.type.startswith(f"{PROJECT}:index:")}
    names = {name: kind for kind, name in PARENTS.items()} | dict.fromkeys(GUARDS, "Guard") | {"dynamo": "DynamoStack"}
    assert {name: each.type.rpartition(":")[2] for name, each in components.items()} == names
    root = components["namespace"].parent
    assert {name for name, each in components.items() if each.parent != root} == {"platform-mpi"}
    assert components["platform-mpi"].parent == "platform"
    for each in made:
        if each.name not in components:
            assert each.parent in components
            assert each.name.startswith(f"{each.parent}-")
            assert each.parent != "platform" or not each.name.startswith("platform-mpi-")


def test_from_another_program_the_stack_is_the_same_with_one_parent(deploy: Deploy) -> None:
    def program() -> None:
        pulumi.runtime.set_all_config({"kubernetes:kubeconfig": "no-such-kubeconfig"})
        stack = DynamoStack("mine", DynamoStackArgs(settings_of("prod"), hf_token=TOKEN))
        pulumi.export("service", stack.outputs["frontendService"])

    own, others = _engine(deploy, settings_of("prod")), run(program)
    assert others.outputs["service"] == own.outputs["frontendService"]
    assert {name: replace(each, parent="") for name, each in others.resources.items() if name != "mine"} == {
        name: replace(each, parent="") for name, each in own.resources.items() if name != "dynamo"
    }
    components = {each for each in PARENTS.values() if each in others.resources} - {"platform-mpi"}
    assert {others.resources[name].parent for name in components} == {"mine"}


def test_hooks_are_bound_where_a_resource_is_made(deploy: Deploy) -> None:
    made = _engine(deploy, settings_of("prod")).resources
    bound = {name: {hook.rpartition(":")[2] for hook in each.hooks} for name, each in made.items() if each.hooks}
    for name, each in made.items():
        if each.type.startswith(("kubernetes:", "docker-build:")):
            assert {"orphan", "error"} <= bound.pop(name)
    assert bound == {}
    assert {hook.rpartition(":")[2] for hook in made["graph-graph"].hooks} == {"orphan", "error", "previous"}
    assert {hook.rpartition(":")[2] for hook in made["platform-platform"].hooks} == {"orphan", "error", "unlock"}
    assert {hook.rpartition(":")[2] for hook in made["download-job"].hooks} == {"orphan", "error", "volume"}


def test_recovery_and_adopt_look_for_resources_by_the_names_and_types_that_the_program_gives_them(
    deploy: Deploy,
) -> None:
    """One that is renamed on one side only would switch both off, and say nothing."""
    made = _engine(deploy, settings_of()).types()
    assert {each.name: each.type for each in STACK_RESOURCES}.items() <= made.items()
    assert {each.name: each.type for each in STACK_RESOURCES}.items() <= RESOURCES.items()
    assert NAMESPACE_READ.name == "namespace-existing"
    others = _engine(deploy, settings_of(platform={"install": False}, burnin={"enabled": True})).types()
    several = _engine(deploy, settings_of("prod")).types()
    newest = _engine(deploy, settings_of(**on_release("1.6.1"))).types()
    kinds = (*made.values(), *others.values(), *several.values(), *newest.values())
    dynamic = {kind for kind in kinds if kind.startswith("pulumi-python:dynamic/")}
    assert dynamic == set(map(dynamic_type, DYNAMIC))


def test_the_operator_starts_when_the_api_is_there_that_it_looks_for_at_its_start(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of("prod"))
    assert engine.resources["platform-grove"].after == {"sweep-stack"}
    assert "platform-grove" in engine.resources["platform-platform"].after


@examples(40)
@given(changes=_changes())
def test_only_true_dependencies_are_edges_and_destroy_takes_graph_drain_platform(
    deploy: Deploy, changes: dict[str, Any]
) -> None:
    engine = _engine(deploy, settings_of(**changes))
    there = {*engine.types(), *engine.reads}
    for name in engine.types():
        assert engine.resources[name].after == TRUE_EDGES.get(name, set()) & there
    for name, goes_after_it in itertools.pairwise(("guard-stack", "takedown-graph", "graph-graph", "drain-graph")):
        assert goes_after_it in engine.resources[name].after
    to_the_last = ("platform-", "cache-", "token-", "pull-", "policies-")
    assert {name for name in there if name.startswith(to_the_last)} <= engine.resources["drain-graph"].after


def test_image_platform_and_download_run_side_by_side(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of())
    long = ("image-build", "platform-platform", "download-job")
    for one, other in itertools.permutations(long, 2):
        assert one not in engine.before(other)
    assert engine.before("graph-graph") >= set(long)


def test_what_another_stack_brought_is_used_and_not_made(deploy: Deploy) -> None:
    stack = settings_of(
        image=IMAGES["existing"],
        hfToken=None,
        hfTokenSecret="mine",
        modelCache={"size": "1Ti", "existingClaim": "weights", "download": False},
        platform={"install": False},
    )
    assert set(_engine(deploy, stack).types()) == {
        "sweep-stack",
        "namespace-namespace",
        "platform-operator",
        "policies-frontend",
        "policies-workers",
        "drain-graph",
        "graph-graph",
        "graph-ready",
        "takedown-graph",
        *(f"{name}-stack" for name in GUARDS),
    }


def test_a_stack_with_all_that_may_be_has_that_and_only_true_edges(deploy: Deploy) -> None:
    image = IMAGES["build"] | {"registry": {"username": "robot", "password": PASSWORD}}
    ways = {"service": {"type": "LoadBalancer"}, "ingress": {"host": "chat.example.com", "className": "nginx"}}
    engine = _engine(deploy, settings_of(image=image, frontend=ways, access={"allowFrom": ["10.0.0.0/8"]}))
    more = {"pull-secret", "access-service", "access-ingress"}
    assert set(engine.types()) == {*RESOURCES, *more}
    assert all(
        engine.resources[name].after == TRUE_EDGES.get(name, set()) & {*engine.types()} for name in engine.types()
    )


def test_a_registrys_password_is_nowhere_but_where_it_is_used(deploy: Deploy) -> None:
    image = IMAGES["build"] | {"registry": {"username": "robot", "password": PASSWORD}}
    engine = _engine(deploy, settings_of(image=image))
    holders = {r.name for r in engine.resources.values() if PASSWORD in str(r.inputs)}
    assert holders == {"pull-secret", "image-build"}
    build, pull = engine.resources["image-build"].inputs, engine.resources["pull-secret"].inputs
    assert build["registries"] == [{"address": "r.example.com", "username": "robot", "password": Secret(PASSWORD)}]
    assert isinstance(pull["stringData"], Secret)
    login = json.loads(pull["stringData"].value[".dockerconfigjson"])["auths"]["r.example.com"]
    assert (login["password"], base64.b64decode(login["auth"])) == (PASSWORD, f"robot:{PASSWORD}".encode())
    assert PASSWORD not in str(engine.outputs) + "\n".join(engine.log)


def test_destroy_keeps_the_weights_of_production_and_is_not_stopped(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of("prod"))
    assert engine.resources["cache-claim"].retain
    assert [resource.name for resource in engine.resources.values() if resource.protect] == []


def test_weights_that_are_kept_keep_their_namespace(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of(modelCache={"size": "1Ti", "retain": True}))
    kept = {resource.name for resource in engine.resources.values() if resource.retain}
    assert kept == {"namespace-namespace", "cache-claim", "image-build"}


def test_the_outputs_say_where_the_graph_is_and_how_to_reach_it(deploy: Deploy) -> None:
    plan = plan_of()
    outputs = _engine(deploy, settings_of()).outputs
    service = plan.frontend.service
    assert outputs["portForward"] == f"kubectl port-forward -n dynamo-workshop svc/{service} 8000:8000"
    assert outputs["image"] == f"registry.sim/dynamo-wideep@{DIGEST}"
    known = {key: outputs[key] for key in ("namespace", "model", "gpus", "nodes", "frontendService", "frontendPort")}
    assert known == {
        "namespace": "dynamo-workshop",
        "model": "deepseek-ai/DeepSeek-R1",
        "gpus": 16,
        "nodes": 2,
        "frontendService": service,
        "frontendPort": 8000,
    }


def test_a_preview_knows_all_outputs_but_the_digest(deploy: Deploy) -> None:
    outputs = _engine(deploy, settings_of(), preview=True).outputs
    assert [name for name, value in outputs.items() if value == UNKNOWN] == ["image"]


def test_a_preview_does_not_guess_what_the_cluster_will_give(deploy: Deploy) -> None:
    resources = _engine(deploy, settings_of(), preview=True).resources
    (owner,) = resources["download-job"].inputs["metadata"]["ownerReferences"]
    assert (owner["uid"], resources["graph-ready"].inputs["revision"]) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_the_token_is_nowhere_but_in_its_secret(deploy: Deploy, preview: bool) -> None:
    engine = _engine(deploy, settings_of(), preview=preview)
    holders = [r.name for r in engine.resources.values() if TOKEN in str(r.inputs)]
    assert holders == ["token-secret"]
    assert isinstance(engine.resources["token-secret"].inputs["stringData"], Secret)
    assert TOKEN not in str(engine.outputs)
    assert TOKEN not in "\n".join(engine.log)


def test_on_1_6_the_graph_waits_until_the_platform_admits_it_and_no_release_of_crds_is_made(deploy: Deploy) -> None:
    engine = _engine(deploy, settings_of(**on_release("1.6.1")))
    assert "platform-crds" not in engine.resources
    assert "platform-ready" in engine.before("graph-graph")
    assert engine.resources["graph-graph"].type == "kubernetes:nvidia.com/v1beta1:DynamoGraphDeployment"
    assert "crdsRelease" not in engine.resources["sweep-stack"].inputs
    assert engine.resources["sweep-stack"].inputs["platformRelease"] == "dynamo-platform"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "layout": {"preset": "lab-16gpu-multinode"},
            "frontend": {"service": {"type": "LoadBalancer"}},
            "access": {"allowFrom": ["10.0.0.0/8"]},
        },
        {"platform": {"install": False}, "access": {"networkPolicies": False}},
        {"monitoring": {"enabled": True}},
        {"image": IMAGES["build"] | {"registry": {"username": "robot", "password": PASSWORD}}},
        on_release("1.6.1"),
    ],
)
def test_a_plan_counts_the_objects_that_the_program_makes(deploy: Deploy, changes: dict[str, Any]) -> None:
    _assert_counted(deploy, settings_of(**changes))


@pytest.mark.parametrize("preset", Preset)
def test_a_plan_counts_the_objects_of_each_preset_with_monitoring_and_a_burn_in(deploy: Deploy, preset: Preset) -> None:
    engine = on_its_engine(preset) if preset.backend else {}
    both = {"monitoring": {"enabled": True}, "burnin": {"enabled": True}}
    _assert_counted(deploy, accept(config(preset, **engine, **both)))


def _assert_counted(deploy: Deploy, settings: Accepted) -> None:
    """The Plan counts what the program makes, and the ConfigMap in which the burn-in's provider keeps its figures."""
    kinds = [kind.partition(":") for kind in _engine(deploy, settings).types().values()]
    made = Counter(kind.rpartition(":")[2] for package, _, kind in kinds if package == "kubernetes")
    made["Helm release"] = made.pop("Release", 0)
    made["ConfigMap"] += sum(kind.endswith(":NodeBurnIn") for _, _, kind in kinds)
    assert takes(settings, make_plan(settings)).objects == +made
