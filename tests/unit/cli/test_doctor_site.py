"""What wideep doctor says of storage, platform and namespace: the cause, and the key with a value that would hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.cases import OPERATOR, ago, case, failures, obj, pod, seen, view
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.runner import run_checks
from wideep_cluster import ForbiddenError
from wideep_cluster.objects import (
    Claim,
    DaemonSet,
    Definition,
    Deployment,
    KubeObject,
    Namespace,
    NetworkPolicy,
    Quota,
    Secret,
    StatefulSet,
    StorageClass,
)

DEFAULT = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
CRD = "dynamographdeployments.nvidia.com"
WIDE = {"gpu": "H200", "nodes": 4, "gpusPerNode": 4, "interconnect": "infiniband"}


def before(**changed: Any) -> ClusterSnapshot:
    """The good cluster before the stack is deployed."""
    return view(deployed=False, **changed)


def storage_class(name: str, provisioner: str, meta: Mapping[str, object] | None = None) -> KubeObject:
    return obj(StorageClass, name, provisioner=provisioner, meta=dict(meta or {}))


def claim(
    phase: str = "Bound", *, mode: str = "ReadWriteMany", size: str = "1Ti", class_: str = "shared"
) -> KubeObject:
    spec = {"accessModes": [mode], "storageClassName": class_}
    status = {"phase": phase, "capacity": {"storage": size}}
    return obj(Claim, "model-cache-pvc", spec=spec, status=status, meta={"creationTimestamp": ago(900)})


def operator(
    image: str = "nvcr.io/x/kubernetes-operator:0.6.0", *, ready: int = 1, wanted: int = 1, **meta: Any
) -> KubeObject:
    spec = {"replicas": wanted, "template": {"spec": {"containers": [{"name": "manager", "image": image}]}}}
    return obj(Deployment, OPERATOR, spec=spec, status={"readyReplicas": ready}, meta=meta)


def one(found: list[Finding] | Any, check: str) -> Finding:
    (finding,) = [each for each in found if each.check == check]
    return finding


# Storage


def test_a_class_that_does_not_exist_is_told_with_one_that_does() -> None:
    cache = {"size": "1Ti", "storageClass": "fast"}

    found = one(failures(before(), modelCache=cache), "storage-class")

    assert found.what == (
        "The cluster has no storage class fast, and no volume of it (it has shared), so the claim would stay Pending."
    )
    assert found.fix == ("modelCache.storageClass: shared, or another class with ReadWriteMany volumes",)


def test_no_default_class_is_told_where_the_stack_names_none() -> None:
    classes = seen(storage_class("shared", "nfs.csi.k8s.io"))

    found = failures(before(classes=classes))

    assert one(found, "storage-class").fix == (
        "modelCache.storageClass: shared, or another class with ReadWriteMany volumes",
    )
    keys = {each.key for each in found if each.check == "platform-storage"}
    assert keys == {"platform.etcd.storageClass", "platform.nats.storageClass"}


def test_a_block_device_is_no_volume_for_many_nodes() -> None:
    classes = seen(storage_class("gp3", "ebs.csi.aws.com", DEFAULT), storage_class("efs", "efs.csi.aws.com"))

    found = one(failures(before(classes=classes)), "storage-class")

    assert found.what == "Volumes of gp3 (ebs.csi.aws.com) can be mounted on one node only, and the workers are on 2."
    assert found.fix == ("modelCache.storageClass: efs",)


@pytest.mark.parametrize(
    ("bound", "words", "key"),
    [
        (claim(size="500Gi"), "has 500Gi, and deepseek-ai/DeepSeek-R1 is 688.6 GB", "modelCache.size"),
        (
            claim(mode="ReadWriteOnce"),
            "is ReadWriteOnce, and the workers are on several nodes",
            "modelCache.accessMode",
        ),
        (claim("Pending", class_="fast"), "there is no storage class fast", "modelCache.storageClass"),
        (claim("Pending"), "no event explains why", "modelCache.storageClass"),
    ],
)
def test_a_claim_that_will_not_do_is_told(bound: KubeObject, words: str, key: str) -> None:
    found = one(failures(view(claims=seen(bound))), "model-cache")

    assert words in found.what
    assert found.key == key


def test_an_existing_claim_that_is_not_there_is_told() -> None:
    cache = {"size": "1Ti", "existingClaim": "weights"}

    assert one(failures(before(), modelCache=cache), "model-cache").key == "modelCache.existingClaim"


# Platform


def test_before_the_first_deployment_nothing_of_the_platform_is_missed() -> None:
    assert not failures(before())


@pytest.mark.parametrize(
    ("there", "words", "fix"),
    [
        (
            operator(ready=0, wanted=0),
            "is scaled to 0",
            f"kubectl -n dynamo-workshop scale deployment {OPERATOR} --replicas 1",
        ),
        (operator(ready=0), "none of its pods is ready", f"kubectl -n dynamo-workshop describe deployment {OPERATOR}"),
        (
            operator(namespace="other"),
            "Namespace other has a Dynamo operator",
            "set platform: {install: false} to use it as it is",
        ),
    ],
)
def test_an_operator_that_does_not_serve_the_stack_is_told(there: KubeObject, words: str, fix: str) -> None:
    found = one(failures(view(deployments=seen(there))), "operator")

    assert words in found.what
    assert found.fix == (fix,)


def test_an_operator_of_another_version_does_not_go_with_the_graph() -> None:
    look = view(deployments=seen(operator("nvcr.io/x/kubernetes-operator:0.9.1")))

    found = one(failures(look, platform={"install": False, "charts": "sim/charts"}), "operator")

    assert "has version 0.9.1, and the graph is written for 0.6.0" in found.what


@pytest.mark.parametrize("store", ["etcd", "nats"])
def test_a_platform_without_its_store_is_told(store: str) -> None:
    down = obj(StatefulSet, f"dynamo-platform-{store}", spec={"replicas": 0}, status={})

    found = one(failures(view(stateful_sets=seen(down))), "operator")

    assert f"No pod of StatefulSet dynamo-platform-{store} is ready" in found.what
    assert found.fix == (f"kubectl -n dynamo-workshop scale statefulset dynamo-platform-{store} --replicas 1",)


def test_an_operators_image_that_is_gone_names_the_value_to_change() -> None:
    image = "gcr.io/kubebuilder/kube-rbac-proxy:v0.15.0"
    status = {"name": "kube-rbac-proxy", "image": image, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    stuck = pod(f"{OPERATOR}-abc", on="cpu-0", gpus=0, status={"containerStatuses": [status]})
    look = view(deployments=seen(operator(ready=0)), own_pods=seen(stuck))

    found = one(failures(look), "operator")

    assert found.key == "platform.values.dynamo-operator.controllerManager.kubeRbacProxy.image.repository"


def test_no_platform_is_told_where_the_stack_brings_none() -> None:
    found = failures(before(), platform={"install": False, "charts": "sim/charts"})

    assert {(each.check, each.key) for each in found} == {("operator", "platform.install"), ("api", "platform.install")}


def test_a_release_that_an_interrupted_helm_left_is_told_with_the_command() -> None:
    labels = {"name": "dynamo-platform", "owner": "helm", "status": "pending-install", "version": "1"}

    found = one(failures(before(releases=seen(obj(Secret, "sh.helm", meta={"labels": labels})))), "release")

    assert found.fix == ("helm -n dynamo-workshop uninstall dynamo-platform, then `pulumi up --refresh`",)


def test_crds_of_another_release_are_told() -> None:
    annotations = {"meta.helm.sh/release-name": "dynamo-crds-old", "meta.helm.sh/release-namespace": "tools"}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    definition = obj(Definition, CRD, meta={"annotations": annotations, "labels": labels})

    found = one(failures(before(definitions=seen(definition), serves_graphs=True)), "api")

    assert "belongs to Helm release tools/dynamo-crds-old" in found.what


def test_images_that_are_gone_are_found_in_the_stacks_own_values() -> None:
    repository = "gcr.io/kubebuilder/kube-rbac-proxy"
    values = {"dynamo-operator": {"controllerManager": {"kubeRbacProxy": {"image": {"repository": repository}}}}}

    found = one(failures(before(), platform={"charts": "sim/charts", "values": values}), "images")

    assert found.key == "platform.values"


def test_workers_of_several_pods_need_grove_or_lws_with_volcano() -> None:
    wide: dict[str, Any] = {"layout": "lab-16gpu-multinode", "hardware": WIDE}

    assert one(failures(view(), **wide), "multi-node").key == "layout"
    for groups in (["grove.io"], ["leaderworkerset.x-k8s.io", "scheduling.volcano.sh"]):
        assert not [each for each in failures(view(groups=seen(*groups)), **wide) if each.check == "multi-node"]


def test_a_grove_that_should_be_there_is_told_when_it_is_not() -> None:
    wide: dict[str, Any] = {"layout": "lab-16gpu-multinode", "hardware": WIDE, "platform": {"grove": "existing"}}

    found = one(failures(before(), **wide), "multi-node")

    assert (found.key, found.fix) == ("platform.grove", ("set platform: {grove: auto}, which installs Grove",))


def test_weights_on_the_nodes_own_disks_need_no_claim() -> None:
    cache = {"size": "1Ti", "hostPath": "/var/lib/models"}

    assert not [each for each in failures(before(), modelCache=cache) if each.check in ("storage-class", "model-cache")]


# Namespace


def test_a_namespace_that_is_going_is_told_with_what_holds_it() -> None:
    held = {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: 2 dcd."}
    going = obj(Namespace, "dynamo-workshop", status={"phase": "Terminating", "conditions": [held]})

    assert "Some resources are remaining: 2 dcd." in one(failures(view(namespace=seen(going))), "namespace").what


def test_a_quota_that_is_too_small_is_told_with_the_numbers() -> None:
    quota = obj(
        Quota, "team", status={"hard": {"requests.nvidia.com/gpu": "8"}, "used": {"requests.nvidia.com/gpu": "0"}}
    )

    found = one(failures(before(quotas=seen(quota))), "quota")

    assert found.what == "quota team allows 8 requests.nvidia.com/gpu, 0 are used, and the stack needs 16 more."


def test_what_the_graph_has_already_does_not_count_against_the_quota_again() -> None:
    status = {
        "hard": {"requests.nvidia.com/gpu": "16", "pods": "10"},
        "used": {"requests.nvidia.com/gpu": "16", "pods": "7"},
    }

    assert not failures(view(quotas=seen(obj(Quota, "team", status=status))))


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"daemon_sets": seen(obj(DaemonSet, "calico-node"))}, Verdict.PASSED),
        ({"daemon_sets": seen(obj(DaemonSet, "kube-flannel"))}, Verdict.FAILED),
        ({}, Verdict.UNKNOWN),
        ({"policies": seen(obj(NetworkPolicy, "deny-all"))}, Verdict.UNKNOWN),
    ],
)
def test_whether_policies_keep_the_pods_apart_is_told_as_far_as_it_shows(
    changed: dict[str, Any], verdict: Verdict
) -> None:
    assert one(list(run_checks(case(view(**changed)))), "network-policy").verdict is verdict


def test_what_may_not_be_seen_is_neither_good_nor_bad() -> None:
    closed = seen(error=ForbiddenError("list", "storageclasses.storage.k8s.io", "on the cluster"))

    assert not failures(before(classes=closed, quotas=closed, deployments=closed, releases=closed))
