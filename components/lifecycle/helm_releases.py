"""Helm's records of its releases, where an interrupted run has left them so that Helm would go no further.

A record is a Secret of the release's namespace: JSON, gzipped, in base64, and once more as a Secret's data
(helm/helm, pkg/storage/driver).
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi
import yaml

from components.lifecycle.hooks import hook_all
from components.lifecycle.own_cluster import own_cluster
from wideep.resource_names import RELEASE_TYPE
from wideep_cluster.kube import KubeNamespace

__all__ = ["Releases", "release_interrupted", "release_note"]

PENDING: Final = "pending-"
"""How the status begins of a release that Helm is, or was, in the middle of; it then refuses all but an uninstall."""
POLICY: Final = "helm.sh/resource-policy"
NOT_FOUND: Final = 404
Progress = Callable[[str], None]


def release_note(stack: str) -> str:
    """The description of a stack's releases, by which those of an interrupted run are known."""
    return f"made by Pulumi stack {stack}"


@dataclass(frozen=True)
class Releases:
    """The records on one cluster."""

    place: KubeNamespace
    say: Progress

    def forget(self, namespace: str, release: str, stack: str) -> None:
        """Deletes the records of a release that no state knows and that this stack has made, or begun. Without them
        Helm installs it anew, and takes over its objects, by their own labels."""
        from kubernetes.client import CoreV1Api

        for secret in self._begun(namespace, release, stack):
            CoreV1Api(self.place.api).delete_namespaced_secret(secret.metadata.name, namespace)
            status: str = secret.metadata.labels["status"]
            self.say(f"release {namespace}/{release}: an interrupted run has left it {status}; its record goes")

    def has(self, namespace: str, release: str) -> bool:
        """Whether Helm knows the release, whoever has made it."""
        return bool(self._records(namespace, release))

    def status_of_others(self, namespace: str, release: str, stack: str) -> str | None:
        """The status of a release that this stack has not made; None where there is none."""
        ours = {secret.metadata.name for secret in self._begun(namespace, release, stack)}
        others = [each for each in self._records(namespace, release) if each.metadata.name not in ours]
        return others[-1].metadata.labels["status"] if others else None

    def uninstall(self, namespace: str, release: str, stack: str) -> None:
        """Deletes what such a release has brought, and its records. As with Helm, what a chart wants kept stays."""
        for secret in self._begun(namespace, release, stack):
            manifests: list[Any] = list(yaml.safe_load_all(_read(secret)["manifest"]))
            for manifest in filter(None, manifests):
                annotations: dict[str, str] = manifest["metadata"].get("annotations") or {}
                if annotations.get(POLICY) != "keep":
                    self._delete(manifest, namespace)
        self.forget(namespace, release, stack)

    def _delete(self, manifest: dict[str, Any], namespace: str) -> None:
        from kubernetes.client import ApiException
        from kubernetes.dynamic import DynamicClient

        client: Any = DynamicClient(self.place.api)
        kind = client.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
        metadata = manifest["metadata"]
        try:
            kind.delete(name=metadata["name"], namespace=metadata.get("namespace", namespace))
        except ApiException as error:
            if cast("int", error.status) != NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
                raise

    def release(self, namespace: str, release: str) -> None:
        """Notes a release as failed that Helm was interrupted over, as Helm itself would have: it can be upgraded."""
        from kubernetes.client import CoreV1Api

        for secret in self._records(namespace, release):
            status: str = secret.metadata.labels["status"]
            if not status.startswith(PENDING):
                continue
            record = _read(secret)
            record["info"] |= {"status": "failed", "description": f"interrupted while it was {status}"}
            change = {"metadata": {"labels": {"status": "failed"}}, "data": {"release": _packed(record)}}
            CoreV1Api(self.place.api).patch_namespaced_secret(secret.metadata.name, namespace, change)
            self.say(f"release {namespace}/{release}: an interrupted run has left it {status}; it is upgraded again")

    def _begun(self, namespace: str, release: str, stack: str) -> list[Any]:
        """The records of a release that this stack has made; one that is pending does not say yet whose it is."""
        return [
            secret
            for secret in self._records(namespace, release)
            if secret.metadata.labels["status"].startswith(PENDING)
            or _read(secret)["info"].get("description") == release_note(stack)
        ]

    def _records(self, namespace: str, release: str) -> list[Any]:
        from kubernetes.client import CoreV1Api

        core = CoreV1Api(self.place.api)
        found: Any = core.list_namespaced_secret(namespace, label_selector=f"owner=helm,name={release}")
        return found.items


def release_interrupted() -> None:
    """From here on, a release is looked at when it is about to be upgraded, and only then.

    The state knows one whose installation or upgrade was interrupted, and Helm would refuse to upgrade it: "another
    operation (install/upgrade/rollback) is in progress".
    """

    def release(args: pulumi.ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        Releases(own_cluster(inputs["namespace"]), pulumi.log.info).release(inputs["namespace"], inputs["name"])

    hook_all(
        RELEASE_TYPE, pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook("release-interrupted", release)])
    )


def _read(secret: Any) -> dict[str, Any]:
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret.data["release"]))))


def _packed(record: dict[str, Any]) -> str:
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
