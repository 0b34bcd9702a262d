"""The resource that all others come after: in the state before anything stands, gone when all is gone."""

from pathlib import Path

import dill
import pytest

from components.dynamic.stack_cleanup import Sweep, SweepArgs, SweepProvider
from components.lifecycle.orphans import OrphanCleaner
from tests.support.api import api_server, listed, namespace
from tests.support.engine import run
from tests.support.plans import plan_of
from tests.support.site import Site
from wideep_cluster.kube import KubeNamespace

OLD = {"namespace": "ns", "stack": "organization/dynamo-wideep/prod", "job": "download-1", "__provider": "a"}


def test_it_knows_what_the_stack_may_leave() -> None:
    plan = plan_of()
    made = run(lambda: Sweep("sweep", SweepArgs(plan))).resources["sweep-stack"].inputs
    assert plan.download is not None
    assert made["namespace"] == plan.namespace
    assert made["job"] == plan.download.job
    assert made["crdsRelease"] == "dynamo-crds"
    assert made["stack"].endswith("/dynamo-wideep/test")


def test_what_a_stack_does_not_make_it_does_not_look_for() -> None:
    plan = plan_of(platform={"install": False}, modelCache={"size": "1Ti", "download": False})
    made = run(lambda: Sweep("sweep", SweepArgs(plan))).resources["sweep-stack"].inputs
    assert {"job", "crdsRelease"}.isdisjoint(made)


@pytest.mark.parametrize("change", [{"job": "download-2"}, {"namespace": "other"}])
def test_a_change_is_noted_and_replaces_nothing(change: dict[str, str]) -> None:
    """Replacing it would sweep while the stack stands."""
    found = SweepProvider().diff("id", OLD, OLD | change)
    assert (found.changes, found.replaces or []) == (True, [])


def test_the_sdks_own_property_is_no_change() -> None:
    assert SweepProvider().diff("id", OLD, OLD | {"__provider": "b"}).changes is False


def test_creating_it_touches_no_cluster_and_its_id_is_the_stack() -> None:
    assert SweepProvider().create(OLD).id == OLD["stack"]


def test_it_is_kept_by_name_so_that_a_second_up_shows_no_change() -> None:
    assert dill.dumps(SweepProvider(), protocol=4, recurse=True) == dill.dumps(
        SweepProvider(), protocol=4, recurse=True
    )


class _Namespace:
    """A namespace with an object of somebody else in it, and the calls that delete."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, site: Site, others: bool, volumes: tuple[str, ...] = ()
    ) -> None:
        self.deleted: list[str] = []
        notes = {"dynamo-wideep/stack": OLD["stack"]}
        site.says("/api/v1/namespaces/ns", 200, namespace("ns", annotations=notes), Content_Type="application/json")
        claims = [{"metadata": {"name": "theirs", "namespace": "ns"}}] if others else []
        owned = [{"metadata": {"name": name, "namespace": "ns", "annotations": notes}} for name in volumes]
        path = "/api/v1/namespaces/ns/{}"
        for kind, items in (("pods", claims), ("persistentvolumeclaims", owned), ("secrets", [])):
            site.says(path.format(kind), 200, listed(*items), Content_Type="application/json")
        monkeypatch.setattr("wideep_cluster.client.Cluster.delete", self._delete)
        monkeypatch.setattr("components.lifecycle.orphans.GONE_SECONDS", 0)

    def _delete(self, _: object, name: str) -> None:
        self.deleted.append(name)


@pytest.mark.parametrize(("others", "deleted"), [(True, []), (False, ["ns"])])
def test_a_namespace_that_a_killed_run_left_goes_only_when_nothing_of_others_is_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: bool, deleted: list[str]
) -> None:
    with api_server(tmp_path) as (site, kubeconfig):
        there = _Namespace(monkeypatch, site, others)
        said: list[str] = []
        place = KubeNamespace.connect("ns", str(kubeconfig), None)
        OrphanCleaner(place, OLD["stack"], said.append).namespace()
    assert there.deleted == deleted
    assert any("for example Pod ns/theirs" in line for line in said) == others


def test_a_namespace_with_the_weights_in_it_is_kept_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with api_server(tmp_path) as (site, kubeconfig):
        there = _Namespace(monkeypatch, site, others=False, volumes=("model-cache",))
        said: list[str] = []
        place = KubeNamespace.connect("ns", str(kubeconfig), None)
        OrphanCleaner(place, OLD["stack"], said.append).namespace()
    assert there.deleted == []
    assert said == ["namespace ns is kept, with PersistentVolumeClaim model-cache: the next `pulumi up` uses it"]
