"""The agent's client of the simulated cluster's API server; objects are plain dicts."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Self

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.config import new_client_from_config
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from sim.operator.contract import Manifest

FIELD_MANAGER = "dynamo-operator"


class Kind(Enum):
    """A kind that the agent works with, as API version and plural."""

    POD = ("v1", "pods")
    SERVICE = ("v1", "services")
    SECRET = ("v1", "secrets")
    CONFIG_MAP = ("v1", "configmaps")
    SERVICE_ACCOUNT = ("v1", "serviceaccounts")
    EVENT = ("v1", "events")
    NODE = ("v1", "nodes")
    DEPLOYMENT = ("apps/v1", "deployments")
    STATEFUL_SET = ("apps/v1", "statefulsets")
    CRD = ("apiextensions.k8s.io/v1", "customresourcedefinitions")
    GRAPH = ("nvidia.com/v1alpha1", "dynamographdeployments")
    COMPONENT = ("nvidia.com/v1alpha1", "dynamocomponentdeployments")
    GRAPH_V1 = ("nvidia.com/v1beta1", "dynamographdeployments")
    COMPONENT_V1 = ("nvidia.com/v1beta1", "dynamocomponentdeployments")
    ADAPTER = ("nvidia.com/v1alpha1", "dynamographdeploymentscalingadapters")
    CLIQUE_SET = ("grove.io/v1alpha1", "podcliquesets")
    CLIQUE = ("grove.io/v1alpha1", "podcliques")
    SCALING_GROUP = ("grove.io/v1alpha1", "podcliquescalinggroups")
    ROLE = ("rbac.authorization.k8s.io/v1", "roles")
    ROLE_BINDING = ("rbac.authorization.k8s.io/v1", "rolebindings")
    ACCESS = ("authorization.k8s.io/v1", "subjectaccessreviews")
    CLAIM = ("v1", "persistentvolumeclaims")
    PROMETHEUS = ("monitoring.coreos.com/v1", "prometheuses")
    POD_MONITOR = ("monitoring.coreos.com/v1", "podmonitors")
    SERVICE_MONITOR = ("monitoring.coreos.com/v1", "servicemonitors")
    PROMETHEUS_RULE = ("monitoring.coreos.com/v1", "prometheusrules")
    QUEUE = ("scheduling.run.ai/v2", "queues")

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        version, plural = self.value
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        parts = [root, f"namespaces/{namespace}" if namespace else "", plural, name, subresource]
        return "/".join(part for part in parts if part)


class ApiError(Exception):
    """An unsuccessful response: its HTTP status and the server's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotNowError(ApiError):
    """The server is unreachable or overloaded; the call is retried for a minute."""


def _message(body: bytes | None) -> str:
    """Return the server's message in an error response, which is plain text for an API that is not served."""
    text = (body or b"").decode(errors="replace")
    try:
        return json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        return text.strip()


STRICT = "?fieldValidation=Strict"
"""Makes a field that the schema does not know an error; otherwise the server drops it. An apply is always strict."""


@dataclass
class Kube:
    """One client. Its calls raise ApiError for an unsuccessful response; `get`, `find`, `patch` and `delete` accept a
    404."""

    client: ApiClient

    @classmethod
    async def connect(cls, kubeconfig: Path) -> Self:
        return cls(await new_client_from_config(str(kubeconfig), persist_config=False))

    async def close(self) -> None:
        await self.client.close()

    @retry(
        retry=retry_if_exception_type(NotNowError),
        wait=wait_random_exponential(0.2, 5),
        stop=stop_after_delay(60),
        reraise=True,
    )
    async def _call(
        self, method: str, path: str, body: object = None, content: str = "application/json", user: str = ""
    ) -> Manifest:
        try:
            response = await self.client.rest_client.request(
                method,
                f"{self.client.configuration.host}{path}",
                headers={
                    "Content-Type": content,
                    "Accept": "application/json",
                    **({"Impersonate-User": user} if user else {}),
                },
                body=body,
                _request_timeout=30,
            )
            await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotNowError(503, f"{method} {path}: {type(error).__name__}: {error}") from error
        if not 200 <= response.status <= 299:
            kind = NotNowError if response.status in (429, 503) else ApiError
            raise kind(response.status, _message(response.data) or f"{method} {path}: HTTP {response.status}")
        answer: Manifest = json.loads(response.data)
        return answer

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        try:
            return await self._call("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def find(self, kind: Kind, namespace: str | None = None, labels: str = "") -> list[Manifest]:
        """Return all objects of a kind, with apiVersion and kind filled in; empty if the API is not served."""
        query = f"?labelSelector={labels}" if labels else ""
        try:
            answer = await self._call("GET", kind.path(namespace) + query)
        except ApiError as error:
            if error.status == 404:
                return []
            raise
        filled = {"apiVersion": kind.value[0], "kind": str(answer["kind"]).removesuffix("List")}
        return [{**filled, **item} for item in answer["items"]]

    async def published(self) -> dict[str, Manifest]:
        """Return the schemas of the API `v1`, by name."""
        answer = await self._call("GET", "/openapi/v3/api/v1")
        schemas: dict[str, Manifest] = answer["components"]["schemas"]
        return schemas

    async def may(self, user: str, namespace: str, verb: str, group: str, resource: str) -> bool:
        """Tell whether a user may perform a verb in a namespace, by the API server's own authorizer."""
        asked = {"namespace": namespace, "verb": verb, "group": group, "resource": resource}
        said = await self.create(Kind.ACCESS, {"metadata": {}, "spec": {"user": user, "resourceAttributes": asked}})
        return bool(said["status"]["allowed"])

    async def create(self, kind: Kind, body: Manifest) -> Manifest:
        return await self._call("POST", kind.path(body["metadata"].get("namespace")) + STRICT, body)

    async def apply(self, kind: Kind, body: Manifest) -> Manifest:
        """Apply an object server-side as the operator; fields of other managers that the object does not name stay.

        Empty maps in the metadata are left out: the API server does not store them, counts each such apply as a change,
        and the resulting watch event would trigger the next apply.
        """
        body = body | {"metadata": {name: value for name, value in body["metadata"].items() if value != {}}}
        path = kind.path(body["metadata"].get("namespace"), body["metadata"]["name"])
        query = f"?fieldManager={FIELD_MANAGER}&force=true"
        return await self._call("PATCH", path + query, body, "application/apply-patch+yaml")

    async def update(self, kind: Kind, body: Manifest, user: str) -> Manifest:
        """Replace the whole object as that user, with field manager "manager"; fail with 409 if it changed
        meanwhile."""
        path = kind.path(body["metadata"].get("namespace"), body["metadata"]["name"])
        return await self._call("PUT", f"{path}{STRICT}&fieldManager=manager", body, user=user)

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, body: Manifest, *, status: bool = False
    ) -> Manifest | None:
        """Send a merge patch (strategic for built-in kinds); return None if the object is gone."""
        built_in = kind.value[0] in ("v1", "apps/v1")
        content = "application/strategic-merge-patch+json" if built_in else "application/merge-patch+json"
        try:
            # Strict validation would reject the directives of a strategic patch as unknown fields.
            path = kind.path(namespace, name, "status" if status else "") + ("" if built_in else STRICT)
            return await self._call("PATCH", path, body, content)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def delete(self, kind: Kind, namespace: str | None, name: str) -> None:
        """Start a background deletion; an object that is already gone is no error."""
        try:
            await self._call("DELETE", kind.path(namespace, name), {"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status != 404:
                raise

    async def event(self, subject: Manifest, kind: str, reason: str, message: str, source: str) -> None:
        """Record an event of `subject`; a repeated one raises the count of the first, as client-go's recorder does.

        Errors 403, 404 and 409 at its creation are ignored: a namespace that is being deleted accepts no new events.
        """
        meta = subject["metadata"]
        namespace = meta.get("namespace") or "default"
        digest = hashlib.sha256(f"{meta['uid']}{kind}{reason}{message}".encode()).hexdigest()[:16]
        name, now = f"{meta['name']}.{digest}", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        seen = await self.get(Kind.EVENT, namespace, name)
        if seen:
            again = {"count": seen.get("count", 1) + 1, "lastTimestamp": now}
            await self.patch(Kind.EVENT, namespace, name, again)
            return
        subject_keys = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion") if key in meta}
        body = {
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {"apiVersion": subject["apiVersion"], "kind": subject["kind"], **subject_keys},
            "type": kind,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": source},
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
        }
        try:
            await self.create(Kind.EVENT, body)
        except ApiError as error:
            if error.status not in (403, 404, 409):
                raise
