"""The kubernetes plugin's service: Pulumi's protocol on one side, objects and releases on the other."""

from __future__ import annotations

import os
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sim.plugins import values
from sim.plugins.kubernetes import objects, reading, release, updating
from sim.plugins.kubernetes.api import Api, ApiError, UnreachableError
from sim.plugins.kubernetes.helm import Helm
from sim.plugins.kubernetes.kubeconfig import BadKubeconfigError, connect
from sim.plugins.kubernetes.objects import Written
from sim.plugins.kubernetes.waiting import Operation
from sim.plugins.server import Engine, Level, PluginError, ProviderBase

CONFIG: Final = "kubernetes:config:"


class Provider(ProviderBase):
    """One configured kubernetes provider: a cluster, or the knowledge that there is none to reach."""

    name, version = "kubernetes", "v4.34.2"

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._config: dict[str, str] = {}
        self._api: Api | None = None
        self._unreachable = "the provider is not configured"
        self._namespace: str | None = None

    def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Find the cluster. One that cannot be reached is no error yet: a preview does without."""
        self._config = {key.removeprefix(CONFIG): value for key, value in request.variables.items()}
        names = ("context", "cluster", "namespace")
        try:
            connection = connect(
                self._config.get("kubeconfig") or None, **{name: self._config.get(name) or None for name in names}
            )
            self._namespace = connection.namespace
            api = Api(connection)
            api.call("GET", "/version")
        except BadKubeconfigError as error:
            self._unreachable = f"failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- {error}"
        except (ApiError, UnreachableError) as error:
            self._unreachable = f"unable to load schema information from the API server: {error}"
        else:
            self._api, self._unreachable = api, ""
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """The functions (YAML, templates) that the real plugin has: none of them here."""
        raise PluginError(f"the simulated kubernetes plugin has no function {request.tok}")

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Normalize and complete the inputs."""
        news, olds = values.decode(request.news), values.decode(request.olds)
        if request.type == release.TYPE:
            namespace = self._namespace or "default"
            tool = Helm(self._api.connection if self._api else None, self.cancelled)
            inputs, failures = release.check(tool, request.name, news, olds, namespace)
            return provider_pb2.CheckResponse(inputs=values.encode(inputs), failures=failures)
        default = self._config.get("namespace") or self._namespace
        plain = objects.check(news, olds, request.name, default)
        values.mark_secrets(plain, news)
        return provider_pb2.CheckResponse(inputs=values.encode(plain))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Say what changes, and whether it needs a new object."""
        olds, news = values.decode(request.olds), values.decode(request.news)
        ignored = list(request.ignoreChanges)
        if request.type == release.TYPE:
            return release.diff(olds, news, ignored)
        how = reading.Comparison(request.urn, self._api, self.engine, ignored, self._mutable())
        return reading.diff(how, olds, news)

    def _mutable(self) -> frozenset[str]:
        kinds = ("Secret", "ConfigMap")
        return frozenset(kind for kind in kinds if self._flag(f"enable{kind}Mutable", f"{kind}_MUTABLE"))

    def _flag(self, key: str, variable: str) -> bool:
        """A switch of the provider: its configuration, else its environment variable."""
        name = f"PULUMI_K8S_{'ENABLE_' if key.startswith('enable') else ''}{variable.upper()}"
        return (self._config.get(key) or os.environ.get(name)) == "true"

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Create an object, or install a release."""
        inputs = values.decode(request.properties)
        written: Written | None = None
        if request.type == release.TYPE:
            if not request.preview and self._api is None:
                raise PluginError(f"can't create Helm Release with unreachable cluster: {self._unreachable}")
            written = Written(*self._releases().create(request.urn, inputs, preview=request.preview))
        elif not (request.preview and self._api is None):
            written = objects.create(self._operation(request), inputs, preview=request.preview)
        if written is None:
            return provider_pb2.CreateResponse(properties=request.properties)
        return provider_pb2.CreateResponse(id=written.id, properties=values.encode(written.state))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """The live object or release, for a refresh or an import; an empty answer says that it is gone."""
        if self._api is None:
            return self._read_unreachable(request)
        state, inputs = values.decode(request.properties), values.decode(request.inputs)
        if request.type == release.TYPE:
            found = self._releases().read(request.id, state)
        else:
            found = reading.read(self._operation(request), request.id, request.type, inputs, state)
        if found is None:
            return provider_pb2.ReadResponse()
        encoded = values.encode(found.state), values.encode(found.inputs)
        return provider_pb2.ReadResponse(id=found.id, properties=encoded[0], inputs=encoded[1])

    def _read_unreachable(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        self._warn_unreachable(request.urn)
        if self._flag("deleteUnreachable", "DELETE_UNREACHABLE"):
            return provider_pb2.ReadResponse()
        raise PluginError(
            "failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove "
            "this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE "
            'environment variable set to "true"'
        )

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Apply new inputs, or upgrade a release."""
        news, olds = values.decode(request.news), values.decode(request.olds)
        if request.type == release.TYPE:
            if not request.preview and self._api is None:
                raise PluginError(f"can't update Helm Release with unreachable cluster: {self._unreachable}")
            state = self._releases().update(news, preview=request.preview)
            return provider_pb2.UpdateResponse(properties=values.encode(state))
        if request.preview and self._api is None:
            return provider_pb2.UpdateResponse(properties=request.news)
        written = updating.update(self._operation(request), news, olds, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=values.encode(written.state) if written else request.news)

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Delete an object, or uninstall a release."""
        state = values.decode(request.properties)
        if self._api is None and self._flag("deleteUnreachable", "DELETE_UNREACHABLE"):
            self._warn_unreachable(request.urn)
            return empty_pb2.Empty()
        if request.type == release.TYPE:
            if self._api is None:
                raise PluginError(f'can\'t delete Helm Release with unreachable cluster. Reason: "{self._unreachable}"')
            self._releases().delete(request.urn, state)
        else:
            objects.delete(self._operation(request), request.id, state)
        return empty_pb2.Empty()

    def _warn_unreachable(self, urn: str) -> None:
        message = f"configured Kubernetes cluster is unreachable: {self._unreachable}"
        self.engine.log(Level.WARNING, message, urn)

    def _releases(self) -> release.Releases:
        return release.Releases(self._api, self.engine, self.cancelled)

    def _operation(self, request: Any) -> Operation:
        """What an object's call works with.

        Raises:
            PluginError: The cluster cannot be reached.
        """
        if self._api is None:
            raise PluginError(f"configured Kubernetes cluster is unreachable: {self._unreachable}")
        return Operation(self._api, self.engine, request.urn, self.cancelled, getattr(request, "timeout", 0.0))
