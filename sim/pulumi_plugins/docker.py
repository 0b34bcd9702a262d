"""Stand-in for the pulumi-docker plugin, version 5.2.0: the function `getRegistryImage`.

The real plugin gets credentials from a Docker daemon and then queries the registry; this one only queries the registry.
"""

from __future__ import annotations

import re
from typing import Final

from pulumi.runtime.proto import provider_pb2

from sim.pulumi_plugins import values
from sim.pulumi_plugins.images import Registry, RegistryError, parse
from sim.pulumi_plugins.server import PluginError, ProviderBase

GET_REGISTRY_IMAGE: Final = "docker:index/getRegistryImage:getRegistryImage"


class Provider(ProviderBase):
    """The docker provider."""

    name, version = "docker", "v5.2.0"

    def invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """Resolve an image's name to the digest that its tag currently has."""
        if request.tok != GET_REGISTRY_IMAGE:
            raise PluginError(f"the simulated docker plugin has no function {request.tok}")
        arguments = values.reveal(values.decode(request.args))
        digest = self._digest(str(arguments["name"]))
        result = {**arguments, "id": digest, "sha256Digest": digest}
        result.setdefault("insecureSkipVerify", False)
        return _returning(result)

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Refuse every resource: the program creates none of this provider."""
        raise PluginError(f"the simulated docker plugin has no resource {request.type}")

    def _digest(self, name: str) -> str:
        image = parse(name)
        version = f"{image.repository}:{image.tag or 'latest'}"
        failed = f"Got error when attempting to fetch image version {version} from registry"
        registry = Registry.of_cluster()
        reachable = registry.locate(image)
        if reachable is None:
            raise PluginError(
                f"{failed}: Error during registry request: dial tcp: lookup {image.host}: no such host (the simulated "
                f"docker plugin knows {registry.alias} and registries on this machine only)"
            )
        try:
            return registry.crane(self.cancelled, "digest", str(reachable))
        except RegistryError as error:
            why = "got bad response from registry: 404 Not Found" if _is_unknown(str(error)) else str(error)
            raise PluginError(f"{failed}: {why}") from error


def _is_unknown(text: str) -> bool:
    return re.search(r"MANIFEST_UNKNOWN|NAME_UNKNOWN|404", text) is not None


def _returning(result: values.Properties) -> provider_pb2.InvokeResponse:
    """Return the function's response. The protocol's field is called `return`, a Python keyword, hence `getattr`."""
    response = provider_pb2.InvokeResponse()
    getattr(response, "return").CopyFrom(values.encode(result))
    return response
