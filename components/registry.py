"""The credentials of the image's registry, and the Secret with which pods pull the image."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.lifecycle.error_context import ErrorContext
from wideep.plan import RegistryPlan

__all__ = ["PullSecret", "PullSecretArgs", "RegistryLogin", "docker_config"]

DOCKER_HUB: Final = "docker.io"
DOCKER_HUB_KEY: Final = "https://index.docker.io/v1/"
"""Docker Hub's key in a Docker config. It dates from before registries were named by their hosts."""


@dataclass(frozen=True)
class RegistryLogin:
    """The registry's user, and the password, which is never part of the Plan."""

    plan: RegistryPlan
    password: pulumi.Input[str]


def docker_config(registry: RegistryPlan, password: str) -> str:
    """Return the text of ``.dockerconfigjson``, as ``kubectl create secret docker-registry`` writes it."""
    server = DOCKER_HUB_KEY if registry.server == DOCKER_HUB else registry.server
    auth = base64.b64encode(f"{registry.username}:{password}".encode()).decode()
    entry = {"username": registry.username, "password": password, "auth": auth}
    return json.dumps({"auths": {server: entry}})


@dataclass(frozen=True)
class PullSecretArgs:
    """The name and namespace of the Secret, and the login that it stores."""

    namespace: pulumi.Input[str]
    secret: str
    login: RegistryLogin


class PullSecret(Component):
    """The login as a Secret for the pods' ``imagePullSecrets``. A new password updates the existing Secret.

    >>> login = RegistryLogin(plan.image_source.registry, config.require_secret("registryPassword"))
    >>> secret = PullSecret("pull", PullSecretArgs("dynamo-workshop", "registry-credentials", login))
    """

    def __init__(self, name: str, args: PullSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, ErrorContext(use_instead="image.pullSecret: {name} without image.registry"))
        registry = args.login.plan
        password = pulumi.Output.secret(args.login.password)
        k8s.core.v1.Secret(
            f"{name}-secret",
            type="kubernetes.io/dockerconfigjson",
            metadata=self.metadata(args.secret, args.namespace),
            string_data={".dockerconfigjson": password.apply(lambda text: docker_config(registry, text))},
            opts=self.api_child(),
        )
        self.register_outputs({})
