"""What the drain asks of a cluster, through the official client (imported when it is used: it takes a second)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, cast

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["Item", "Kind", "KubeNamespace", "Listing"]

OPERATOR: Final = "-dynamo-operator-controller-manager"
"""How the name of the operator's Deployment ends, whatever the release is called."""
NOT_FOUND: Final = 404
GONE: Final = 410
"""The API server no longer knows the version that a watch starts from."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A sort of object, of ``v1alpha1`` of its group, or of the core API where it has none."""

    name: str
    plural: str
    group: str | None


@dataclass(frozen=True)
class Item:
    """Of an object, what tells whose it is and why it does not go. ``owners`` are pairs of kind and name."""

    name: str
    finalizers: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    owners: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Listing:
    """All objects of a kind, at one version of the namespace."""

    version: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class KubeNamespace:
    """A namespace of a live cluster."""

    api: ApiClient
    name: str

    @classmethod
    def connect(cls, name: str, kubeconfig: str | None, context: str | None) -> Self:
        """The cluster of the Kubernetes provider's own config: ``kubernetes:kubeconfig`` (a path, or the file's
        content) and ``kubernetes:context``; else KUBECONFIG's; else, in a pod, the cluster around it."""
        import yaml
        from kubernetes import client, config

        load = cast("Callable[..., ApiClient]", config.new_client_from_config)  # pyright: ignore[reportUnknownMemberType]
        parse = cast("Callable[..., ApiClient]", config.new_client_from_config_dict)  # pyright: ignore[reportUnknownMemberType]
        if kubeconfig and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
            return cls(parse(yaml.safe_load(kubeconfig), context=context), name)
        try:
            return cls(load(kubeconfig or None, context=context), name)
        except config.ConfigException:
            inside = client.Configuration()
            config.load_incluster_config(client_configuration=inside)  # pyright: ignore[reportUnknownMemberType]
            return cls(client.ApiClient(inside), name)

    def list(self, kind: Kind) -> Listing:
        """The namespace's objects of a kind; none where the cluster does not know the kind."""
        from kubernetes.client import ApiException

        function, arguments = self._lister(kind)
        serialize = cast("Callable[[object], Json]", self.api.sanitize_for_serialization)  # pyright: ignore[reportUnknownMemberType]
        try:
            found = serialize(function(*arguments))
        except ApiException as error:
            if cast("int", error.status) == NOT_FOUND:  # pyright: ignore[reportUnknownMemberType]
                return Listing("", ())
            raise
        return Listing(found["metadata"]["resourceVersion"], tuple(_item(item["metadata"]) for item in found["items"]))

    def await_deletion(self, kind: Kind, version: str, seconds: int) -> None:
        """Until an object of the kind is deleted, or the time has passed, or the version is too old to watch from."""
        from kubernetes import watch
        from kubernetes.client import ApiException

        function, arguments = self._lister(kind)
        stream = cast("Callable[..., Any]", watch.Watch().stream)  # pyright: ignore[reportUnknownMemberType]
        try:
            for event in stream(function, *arguments, resource_version=version, timeout_seconds=seconds):
                if event["type"] == "DELETED":
                    return
        except ApiException as error:
            if cast("int", error.status) != GONE:  # pyright: ignore[reportUnknownMemberType]
                raise

    def operator_trouble(self) -> str | None:
        """What is wrong with the operator, whose Deployment may be in another namespace; None when nothing is."""
        from kubernetes.client import ApiException, AppsV1Api

        try:
            deployments = AppsV1Api(self.api).list_deployment_for_all_namespaces().items
        except ApiException as error:
            return f"whether the Dynamo operator runs cannot be seen: the API server says {error.reason}"  # pyright: ignore[reportUnknownMemberType]
        found = [item for item in deployments if item.metadata and (item.metadata.name or "").endswith(OPERATOR)]
        if not found:
            return f"there is no Dynamo operator on the cluster (no Deployment *{OPERATOR})"
        if any(item.status and item.status.ready_replicas for item in found):
            return None
        names = ", ".join(f"{item.metadata.namespace}/{item.metadata.name}" for item in found if item.metadata)
        return f"the Dynamo operator does not run: no pod of Deployment {names} is ready"

    def _lister(self, kind: Kind) -> tuple[Callable[..., object], tuple[str, ...]]:
        from kubernetes.client import CoreV1Api, CustomObjectsApi

        if kind.group is None:
            return CoreV1Api(self.api).list_namespaced_pod, (self.name,)
        custom = CustomObjectsApi(self.api).list_namespaced_custom_object
        return custom, (kind.group, "v1alpha1", self.name, kind.plural)


def _item(metadata: Json) -> Item:
    labels: dict[str, str] = metadata.get("labels") or {}
    return Item(
        name=metadata["name"],
        finalizers=tuple(metadata.get("finalizers") or ()),
        labels=tuple(labels.items()),
        owners=tuple((owner["kind"], owner["name"]) for owner in metadata.get("ownerReferences") or ()),
    )
