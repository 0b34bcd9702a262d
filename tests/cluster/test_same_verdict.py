"""What `pulumi up` refuses, `wideep doctor` says does not hold, and the other way round: by the same cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.dynamic.operator_check import PlatformError, find_operator
from components.preflight import cluster
from components.preflight.cluster import (
    check_conflicts,
    check_crds,
    check_operators,
    check_storage,
)
from components.preflight.external import external_answers
from tests.support.cases import NAMESPACE, OPERATOR, case, obj, seen, view
from tests.support.plans import plan_of
from tests.support.site import Site, serving
from wideep.errors import Problem
from wideep.plan import Plan
from wideep_cli.doctor.cluster_snapshot import ClusterSnapshot
from wideep_cli.doctor.external import outside_findings
from wideep_cli.doctor.finding import Verdict
from wideep_cli.doctor.runner import run_checks
from wideep_cluster.dynamo.operator import OperatorStatus, operator_status
from wideep_cluster.kinds import CLASSES, DEFINITIONS, DEPLOYMENTS, VOLUMES, Kind
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.listing import Listed, Listing
from wideep_cluster.objects import Definition, Deployment, KubeObject, StorageClass, Volume
from wideep_cluster.prometheus import PROMETHEUSES
from wideep_cluster.registry import Login


@dataclass(frozen=True)
class Snapshot:
    """A cluster for `up`, out of what the doctor has seen of it."""

    seen: ClusterSnapshot
    name: str = NAMESPACE

    @property
    def cluster(self) -> Snapshot:
        return self

    def listed(self, kind: Kind[KubeObject]) -> Listed[Any]:
        known = {
            CLASSES: self.seen.classes,
            DEFINITIONS: self.seen.definitions,
            DEPLOYMENTS: self.seen.deployments,
            PROMETHEUSES: Listed[Any](),
            VOLUMES: self.seen.volumes,
        }
        return cast("Listed[Any]", known[kind])

    def groups(self) -> Listed[str]:
        return self.seen.groups

    def operator(self) -> OperatorStatus:
        return operator_status(self.seen.deployments.items, self.seen.stateful_sets.items, self.name)

    def list(self, kind: object, namespace: str) -> Listing[Any]:
        return Listing((), "")


def _refusal(check: Callable[[], None]) -> str:
    """What `up` says; empty where it goes on."""
    try:
        check()
    except (pulumi.RunError, PlatformError) as error:
        return str(error)
    return ""


Check = Callable[[KubeNamespace, Plan], None]


def _operator(place: KubeNamespace, plan: Plan) -> None:
    if plan.platform.install:
        check_conflicts(place, (), restricted=plan.platform.restricted)
    else:
        find_operator(place, plan.platform.version, 0, lambda _: None)


CHECKS: dict[str, Check] = {
    "operator": _operator,
    "api": lambda place, plan: check_crds(place, "default", plan.platform.crds_release),
    "storage-class": lambda place, plan: check_storage(place, plan.cache, None),
    "platform-storage": lambda place, plan: check_storage(place, None, plan.platform),
    "multi-node": lambda _, plan: check_operators(plan),
    "monitoring": lambda _, plan: check_operators(plan),
}
"""By the doctor's names: what `up` calls."""


def operator(namespace: str, image: str = "nvcr.io/x/kubernetes-operator:0.6.0", restricted_to: str = "") -> Any:
    args = [f"--restrictedNamespace={restricted_to}"] if restricted_to else []
    spec = {"template": {"spec": {"containers": [{"name": "manager", "image": image, "args": args}]}}}
    return seen(obj(Deployment, OPERATOR, spec=spec, status={"readyReplicas": 1}, meta={"namespace": namespace}))


def crd(owner: str, **labels: str) -> dict[str, Any]:
    namespace, _, release = owner.partition("/")
    notes = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    one = obj(Definition, "dynamographdeployments.nvidia.com", meta={"annotations": notes, "labels": labels})
    return {"serves_graphs": True, "definitions": seen(one)}


HELM = {"app.kubernetes.io/managed-by": "Helm"}
SHARED = obj(StorageClass, "shared", provisioner="nfs.csi.k8s.io")
BY_HAND = obj(Volume, "disk-1", spec={"storageClassName": "by-hand"})
RESTRICTED = {"platform": {"namespaceRestriction": True, "charts": "sim/charts"}}
IS_THERE = {"platform": {"install": False, "charts": "sim/charts"}}
CACHE_BY_HAND = {"modelCache": {"size": "1Ti", "storageClass": "by-hand"}}
STORES = {"platform": {"etcd": {"storageClass": "shared"}, "nats": {"storageClass": "shared"}}}
OTHER_STORE = {"platform": {"etcd": {"storageClass": "gone"}, "nats": {"storageClass": "shared"}}}
SPANS = {
    "layout": "lab-16gpu-multinode",
    "hardware": {"gpu": "H200", "nodes": 4, "gpusPerNode": 4, "interconnect": "infiniband"},
}
GROVE = {"groups": seen("apps", "grove.io")}
PROMETHEUS = {"groups": seen("apps", "monitoring.coreos.com")}
WATCHED = {
    "monitoring": {
        "enabled": True,
        "install": False,
        "namespace": "observability",
        "selectorLabels": {"release": "kps"},
    }
}


@pytest.mark.parametrize(
    ("check", "config", "there", "refused"),
    [
        ("operator", RESTRICTED, {"deployments": operator("team", restricted_to="team")}, False),
        ("operator", {}, {"deployments": operator("team", restricted_to="team")}, True),
        ("operator", {}, {"deployments": operator("dynamo-system")}, True),
        ("operator", RESTRICTED, {"deployments": operator("dynamo-system")}, True),
        ("operator", IS_THERE, {"deployments": operator("dynamo-system")}, False),
        ("operator", IS_THERE, {"deployments": operator("team", restricted_to="team")}, True),
        ("operator", IS_THERE, {"deployments": operator("x", "mirror.example.com/dynamo/op:0.9.1")}, True),
        ("operator", IS_THERE, {"deployments": operator("x", "mirror.example.com/dynamo/op:v0.6.0")}, False),
        ("operator", IS_THERE, {}, True),
        ("api", {}, crd("default/dynamo-crds", **HELM), False),
        ("api", {}, crd("default/dynamo-crds"), True),
        ("api", {}, crd("tools/dynamo-crds-old", **HELM), True),
        ("storage-class", CACHE_BY_HAND, {"volumes": seen(BY_HAND)}, False),
        ("storage-class", CACHE_BY_HAND, {}, True),
        ("storage-class", {}, {"classes": seen(SHARED)}, True),
        ("platform-storage", {}, {"classes": seen(SHARED)}, True),
        ("platform-storage", STORES, {"classes": seen(SHARED)}, False),
        ("platform-storage", OTHER_STORE, {"classes": seen(SHARED)}, True),
        ("multi-node", SPANS | IS_THERE, {}, True),
        ("multi-node", SPANS | IS_THERE, GROVE, False),
        ("multi-node", SPANS | {"platform": {"grove": "existing"}}, {}, True),
        ("multi-node", SPANS | {"platform": {"grove": "existing"}}, GROVE, False),
        ("multi-node", SPANS, {}, False),
        ("monitoring", WATCHED, {}, True),
        ("monitoring", WATCHED, PROMETHEUS, False),
        ("monitoring", {"monitoring": {"enabled": True}}, {}, False),
    ],
)
def test_up_and_doctor_give_the_same_verdict(
    monkeypatch: pytest.MonkeyPatch, check: str, config: dict[str, Any], there: dict[str, Any], refused: bool
) -> None:
    stack = case(view(deployed=False, **there), **config)
    place = cast("KubeNamespace", Snapshot(stack.view))
    monkeypatch.setattr(cluster, "connect_from_config", lambda _: place)

    told = [found for found in run_checks(stack) if found.check == check and found.verdict is Verdict.FAILED]
    said = _refusal(lambda: CHECKS[check](place, stack.plan))

    assert (bool(said), bool(told)) == (refused, refused), said
    assert all(found.key in said for found in told)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as there:
        yield there


def _both(plan: Plan, folder: Path, check: str) -> tuple[list[str], list[str]]:
    """The keys that `up` refuses, and those that the doctor says do not hold."""
    refused = [each.key for each in external_answers(plan, LOGIN) if isinstance(each, Problem)]
    told = outside_findings(plan, folder / "Pulumi.sim.yaml", pulled=False)
    return refused, [each.key for each in told if each.check == check and each.verdict is Verdict.FAILED]


LOGIN = Login("robot", "SyntheticPassword")
NO_DOWNLOAD = {"modelCache": {"size": "1Ti", "download": False}}
OTHER_CHART = {"version": "0.6.0-1", "urls": ["dynamo-platform-0.6.0.tgz"]}
"""The file's name is that of the version which is wanted, and it is another one."""
DIGEST = "sha256:" + "5" * 64


def test_a_chart_is_looked_for_in_the_index_and_by_its_digest(site: Site, tmp_path: Path) -> None:
    site.says("/index.yaml", 200, {"entries": {"dynamo-platform": [OTHER_CHART], "dynamo-crds": [OTHER_CHART]}})
    platform = {"charts": f"http://{site.address}", "digests": {"platform": DIGEST, "crds": DIGEST}}

    refused, told = _both(plan_of(platform=platform, **NO_DOWNLOAD), tmp_path, "charts")

    assert refused == told == ["platform.digests.crds", "platform.digests.platform"]


@pytest.mark.parametrize(("status", "keys"), [(404, ["image.reference"]), (200, [])])
def test_an_image_is_asked_for_with_the_stacks_login(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, keys: list[str]
) -> None:
    site.says("/v2/wideep/manifests/1", 401, WWW_Authenticate='Basic realm="here"')
    site.says("/v2/wideep/manifests/1+token", status, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
    monkeypatch.setattr("wideep_cli.doctor.external.stack_secret", lambda *_: LOGIN.password)
    registry = {"username": LOGIN.username, "password": {"secure": "AAABAA"}}
    image = {"source": "existing", "reference": f"{site.address}/wideep:1", "registry": registry}

    plan = plan_of(image=image, platform={"charts": "sim/charts"}, **NO_DOWNLOAD)

    assert _both(plan, tmp_path, "registry") == (keys, keys)
