"""What keeps a graph of Dynamo 1.6.1 from running on a fresh cluster: each is avoided, refused or told."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from docs.generate.releases import FRESH_CLUSTER
from tests.support.configs import broken, hardware, stack
from wideep import load
from wideep.dynamo import release
from wideep.dynamo.chart import at
from wideep.dynamo.releases import ROWS
from wideep.errors import ConfigError
from wideep.plan import Plan

TESTS = Path(__file__).parents[2]
NEWEST = ROWS[-1].version
STALENESS = ("kai-scheduler", "scheduler", "args", "default-staleness-grace-period")


def plan(
    layout: str | dict[str, Any] = "lab-16gpu-multinode", version: str = NEWEST, image: Any = None, **changed: Any
) -> Plan:
    platform = {"version": version, **changed.pop("platform", {})}
    image = image or {"source": "published"}
    return load(stack(layout=layout, platform=platform, image=image, **changed))


def said(made: Plan, words: str) -> bool:
    return any(words in warning for warning in made.warnings)


def test_each_trap_of_the_table_names_a_test_that_there_is() -> None:
    functions = {
        node.name
        for file in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

    assert {trap.test for trap in FRESH_CLUSTER if trap.test} <= functions


def test_from_1_0_on_a_webhook_admits_graphs() -> None:
    assert {row.version: release(row.version).webhooks for row in ROWS} == {
        row.version: row.minor >= (1, 0) for row in ROWS
    }


def test_grove_and_kai_of_1_6_come_together_with_the_staleness_period_as_a_text() -> None:
    wide, narrow = plan().platform, plan("lab-16gpu-singlenode").platform

    assert wide.sub_charts == ("grove", "kai-scheduler")
    assert at(wide.values, STALENESS) == "-1s"
    assert narrow.sub_charts == ()
    assert at(narrow.values, STALENESS) is None
    assert at(plan(version="1.0.2").platform.values, STALENESS) is None


def test_the_operator_is_told_of_grove_and_kai_whoever_installs_them() -> None:
    ours, theirs = plan().platform.values, plan(platform={"grove": "existing"}).platform.values

    assert at(ours, ("global", "grove")) == {"install": True, "enabled": True}
    assert at(theirs, ("global", "kai-scheduler")) == {"install": False, "enabled": True}
    assert said(plan(platform={"grove": "existing"}), "Grove v0.1.0-alpha.14 and KAI v0.17.0 or newer")
    volcano = {"global": {"grove": {"enabled": False}, "kai-scheduler": {"enabled": False}}}
    without = plan(platform={"grove": "existing", "values": volcano}).platform.values
    assert at(without, ("global", "grove", "enabled")) is False


def test_an_operator_of_another_release_is_said() -> None:
    mirror = "mirror.example.com/operator"

    assert said(plan(platform={"operatorImage": f"{mirror}:1.3.1"}), f"write the tag {NEWEST}")
    assert not said(plan(platform={"operatorImage": f"{mirror}:{NEWEST}"}), "write the tag")
    assert not said(plan(platform={"operatorImage": mirror}), "write the tag")


def test_neither_etcd_nor_nats_is_installed_unless_it_is_asked_for() -> None:
    asked = plan(platform={"etcd": {"install": True}, "nats": {"install": True, "replicas": 3}})

    assert not {"etcd", "nats"} & plan().platform.values.keys()
    assert {policy.role for policy in plan().network_policies} == {"frontend", "prefill-workers", "decode-workers"}
    assert at(asked.platform.values, ("global", "etcd", "install")) is True
    assert at(asked.platform.values, ("dynamo-operator", "discoveryBackend")) == "etcd"
    assert {"etcd-clients", "nats-clients"} <= {policy.role for policy in asked.network_policies}
    assert {"nats-clients"} == {
        policy.role for policy in plan(version="1.3.1").network_policies if policy.role.endswith("-clients")
    }
    assert said(plan(version="1.4.2"), "podsnapshots")
    assert not said(plan(), "podsnapshots")


def test_a_size_of_a_store_that_is_not_there_is_refused_and_so_is_one_less_than_needed() -> None:
    new = broken("lab-16gpu-singlenode", platform={"version": NEWEST, "nats": {"size": "1Gi"}})
    old = broken("lab-16gpu-singlenode", platform={"etcd": {"install": False}})

    assert "platform.nats.install: true" in new["platform.nats"]
    assert "does not work without it" in old["platform.etcd.install"]


@pytest.mark.parametrize("values", [{"grove": {"enabled": True}}, {"etcd": {"enabled": False}}])
def test_values_that_make_the_chart_fail_are_refused(values: Any) -> None:
    (name,) = values
    found = broken("lab-16gpu-singlenode", platform={"version": NEWEST, "values": values})

    assert "no longer has such a value" in found[f"platform.values.{name}.enabled"]
    assert not broken("lab-16gpu-singlenode", platform={"values": values})


def test_every_release_has_the_mpi_secret_that_its_operator_looks_for() -> None:
    path = ("dynamo-operator", "dynamo", "mpiRun", "secretName")

    for row in ROWS[2:]:
        made = plan(version=row.version).platform
        assert at(made.values, path) == made.mpi_secret == "mpi-run-ssh-secret"
        assert not made.mpi_secret_exists


def test_a_role_starts_with_a_replica_at_least() -> None:
    layout = {"preset": "lab-16gpu-singlenode", "decode": {"replicas": 0}}

    with pytest.raises(ConfigError, match=r"layout\.decode\.replicas"):
        plan(layout)


def test_a_gang_that_is_placed_in_part_is_said() -> None:
    words = "a leader and one more pod together"

    assert said(plan("wide-64gpu", "1.0.2"), words)
    assert not said(plan("wide-32gpu", "1.0.2"), words), "two pods a worker"
    assert not said(plan("wide-64gpu", "1.1.1"), words)


def test_pods_of_1_x_have_the_token_that_discovery_needs_and_no_account_of_their_own() -> None:
    for version in ("1.0.2", "1.2.1", NEWEST):
        for part in plan(version=version).graph.parts:
            assert "'automountServiceAccountToken': True" in str(part.manifest)
            assert "serviceAccountName" not in str(part.manifest)
    (frontend, *_) = plan(version="0.9.1").graph.parts
    assert "'automountServiceAccountToken': False" in str(frontend.manifest)


def test_the_image_without_efa_is_said() -> None:
    efa = {**hardware(), "rdmaResource": "vpc.amazonaws.com/efa"}
    variant = {"source": "published", "tag": f"{NEWEST}-efa"}

    assert said(plan(hardware=efa), f"set tag: {NEWEST}-efa")
    assert not said(plan(hardware=efa, image=variant), "set tag")


def test_a_restricted_operator_leaves_the_crds_to_another_and_that_is_said() -> None:
    made = plan(platform={"namespaceRestriction": True})

    assert at(made.platform.values, ("dynamo-operator", "upgradeCRD")) is False
    assert said(made, "for tests only")


def test_a_graph_says_how_grove_updates_it_and_up_to_1_0_how_it_is_deleted() -> None:
    releases = ("1.0.2", "1.1.1", NEWEST)
    annotations = {version: plan(version=version).graph.metadata.annotations or {} for version in releases}

    assert annotations["1.0.2"] == {"pulumi.com/deletionPropagationPolicy": "background"}
    assert annotations["1.1.1"] == {}
    assert annotations[NEWEST] == {"nvidia.com/grove-update-strategy": "RollingRecreate"}
