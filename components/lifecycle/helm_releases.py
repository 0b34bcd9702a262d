"""Records of Helm releases that an interrupted run left pending-install or pending-upgrade: unlocked, or deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi
import yaml

from components.lifecycle.own_cluster import connect_from_config
from components.lifecycle.ownership import is_owned_by
from wideep.resource_names import OWNER_ANNOTATION
from wideep_cluster.errors import ForbiddenError
from wideep_cluster.helm import Record, read_record, write_record
from wideep_cluster.kinds import NAMESPACES, RECORDS
from wideep_cluster.kube import KubeNamespace
from wideep_cluster.objects import RawObject

__all__ = ["PENDING", "HelmReleases", "release_note", "unlock_release_hook"]

PENDING: Final = "pending-"
"""Prefix of the status of a release that a Helm operation is, or was, working on. Helm then refuses everything but an
uninstall."""
POLICY: Final = "helm.sh/resource-policy"
NOT_FOUND: Final = 404
Progress = Callable[[str], None]


def release_note(stack: str) -> str:
    """Return the description of a stack's releases, which identifies those of an interrupted run."""
    return f"made by Pulumi stack {stack}"


@dataclass(frozen=True)
class HelmReleases:
    """The release records on one cluster. ``began``: an earlier run of the stack got as far as installing releases."""

    place: KubeNamespace
    say: Progress
    began: bool = False

    def delete_records(self, namespace: str, release: str, stack: str) -> None:
        """Delete the records of a release that this stack created, or began to, but its state does not know. Without
        them Helm installs the release anew, and adopts its objects by their labels."""
        for secret in self._own_records(namespace, release, stack):
            self.place.cluster.delete(RECORDS, secret.name, namespace)
            status = _status(secret)
            self.say(
                f"release {namespace}/{release}: orphaned by an interrupted run (status: {status}); deleting its "
                "Helm record"
            )

    def exists(self, namespace: str, release: str) -> bool:
        """Tell whether Helm knows the release, whoever installed it."""
        return bool(self._records(namespace, release))

    def chart_version(self, namespace: str, release: str) -> str | None:
        """Return the version of the chart that a release was last installed from; None if there is no such release."""
        newest = self._newest(namespace, release)
        return cast("str", newest["chart"]["metadata"]["version"]) if newest else None

    def manifest(self, namespace: str, release: str) -> str:
        """Return the manifest of a release as YAML; empty if there is no such release."""
        newest = self._newest(namespace, release)
        return cast("str", newest["manifest"]) if newest else ""

    def own_status(self, namespace: str, release: str, stack: str) -> str | None:
        """Return the status of a release that this stack created, or began to; None if there is none."""
        own = self._own_records(namespace, release, stack)
        return _status(own[-1]) if own else None

    def foreign_status(self, namespace: str, release: str, stack: str) -> str | None:
        """Return the status of a release that this stack did not create; None if there is none."""
        ours = {secret.name for secret in self._own_records(namespace, release, stack)}
        others = [each for each in self._records(namespace, release) if each.name not in ours]
        return _status(others[-1]) if others else None

    def uninstall(self, namespace: str, release: str, stack: str) -> None:
        """Delete the objects of a release of this stack, and its records. As with Helm, objects that a chart wants to
        keep stay."""
        for secret in self._own_records(namespace, release, stack):
            manifests: list[Any] = list(yaml.safe_load_all(_record(secret)["manifest"]))
            for manifest in filter(None, manifests):
                annotations: dict[str, str] = manifest["metadata"].get("annotations") or {}
                if annotations.get(POLICY) != "keep":
                    self._delete(manifest, namespace)
        self.delete_records(namespace, release, stack)

    def _delete(self, manifest: dict[str, Any], namespace: str) -> None:
        from kubernetes.client import ApiException
        from kubernetes.dynamic import DynamicClient

        client: Any = DynamicClient(self.place.cluster.api)
        kind = client.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
        metadata = manifest["metadata"]
        try:
            kind.delete(name=metadata["name"], namespace=metadata.get("namespace", namespace))
        except ApiException as error:
            if cast("int", error.status) != NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
                raise

    def unlock(self, namespace: str, release: str) -> None:
        """Mark an interrupted release as failed, as Helm itself would have done, so that it can be upgraded."""
        for secret in self._records(namespace, release):
            status = _status(secret)
            if not status.startswith(PENDING):
                continue
            record = _record(secret)
            record["info"] |= {"status": "failed", "description": f"interrupted while it was {status}"}
            change = {"metadata": {"labels": {"status": "failed"}}, "data": {"release": write_record(record)}}
            self.place.cluster.merge(RECORDS, secret.name, namespace, change)
            self.say(f"release {namespace}/{release}: an interrupted run left it {status}; upgrading it again")

    def _own_records(self, namespace: str, release: str, stack: str) -> list[RawObject]:
        """Return the records of a release whose description names this stack. A pending record has no description yet;
        it is included if everything else says that this stack began it."""
        records = self._records(namespace, release)
        note = release_note(stack)
        own = [each for each in records if _record(each)["info"].get("description") == note]
        pending = [each for each in records if _status(each).startswith(PENDING) and each not in own]
        return own + (pending if pending and (own or self._has_begun(namespace, stack)) else [])

    def _has_begun(self, namespace: str, stack: str) -> bool:
        """Tell whether only this stack can have begun a release there: it owns the namespace, or an earlier run of it
        was interrupted and no other stack owns a namespace on the cluster."""
        try:
            live = self.place.cluster.find(NAMESPACES, namespace)
            if live and is_owned_by(stack, live.metadata.annotations):
                return True
            everywhere = self.place.cluster.list(NAMESPACES).items if self.began else None
        except ForbiddenError:
            return False  # the namespace may not be read, so the release is not touched
        if everywhere is None:
            return False
        return {each.metadata.annotations.get(OWNER_ANNOTATION) for each in everywhere} <= {None, stack}

    def _newest(self, namespace: str, release: str) -> Record | None:
        records = self._records(namespace, release)
        newest = max(records, key=lambda each: int(each.labels.get("version", "0")), default=None)
        return _record(newest) if newest else None

    def _records(self, namespace: str, release: str) -> list[RawObject]:
        return list(self.place.cluster.list(RECORDS, namespace, labels=f"owner=helm,name={release}").items)


def unlock_release_hook(name: str) -> pulumi.ResourceHook:
    """Return the hook (``before_update``) that lets Helm upgrade a release whose upgrade was interrupted.

    Helm would refuse it: "another operation (install/upgrade/rollback) is in progress". An update always concerns a
    release in this stack's state.
    """

    def unlock(args: pulumi.ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        place = connect_from_config(inputs["namespace"])
        HelmReleases(place, pulumi.log.info).unlock(inputs["namespace"], inputs["name"])

    return pulumi.ResourceHook(name, unlock)


def _status(secret: RawObject) -> str:
    return secret.labels["status"]


def _record(secret: RawObject) -> Record:
    return read_record(secret.body["data"]["release"])
