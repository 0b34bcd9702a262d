"""The image of all pods: built and pushed, or an existing one; in both cases referenced by digest where it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

from components.base import Component
from components.lifecycle.error_context import ErrorContext
from components.registry import RegistryLogin
from wideep.image_reference import ImageReference
from wideep.plan import ImageBuild, ImageSource

if TYPE_CHECKING:
    import pulumi_docker_build as docker_build

__all__ = ["Image", "ImageArgs"]

BUILD_TIMEOUT: Final = "3h"
"""The build takes 30 to 60 minutes on a suitable machine."""


@dataclass(frozen=True)
class ImageArgs:
    """Which image, and where it comes from."""

    plan: ImageSource
    login: RegistryLogin | None = None
    """The login for the plan's registry, if it has one. None: Docker's own login."""


class Image(Component):
    """The DeepEP image.

    >>> image = Image("image", ImageArgs(plan.image_source))
    >>> image.reference    # registry.example.com/dynamo-wideep@sha256:…
    """

    reference: pulumi.Output[str]
    """The reference that the pods use. It is unknown in the preview of a build."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        plan = args.plan
        super().__init__(name, opts, ErrorContext(has_registry_login=plan.registry is not None))
        if plan.build is not None:
            self.reference = self._built(name, plan.build, args.login)
        elif plan.resolve_digest:
            self.reference = self._resolved(name, plan.reference, args.login)
        else:
            self.reference = pulumi.Output.from_input(plan.reference)
        self.register_outputs({"reference": self.reference})

    def _built(self, name: str, build: ImageBuild, login: RegistryLogin | None) -> pulumi.Output[str]:
        """Build the image from Dynamo's repository and push it. It stays in the registry when the stack is destroyed,
        because the build takes up to an hour."""
        import pulumi_docker_build as docker_build

        image = docker_build.Image(
            f"{name}-build",
            context=docker_build.BuildContextArgs(location=build.context),
            dockerfile=docker_build.DockerfileArgs(location=build.dockerfile),
            build_args=dict(build.args),
            platforms=[docker_build.Platform(build.platform)],
            builder=docker_build.BuilderConfigArgs(name=build.builder) if build.builder else None,
            cache_from=[docker_build.CacheFromArgs(raw=source) for source in build.cache_from],
            cache_to=[docker_build.CacheToArgs(raw=target) for target in build.cache_to],
            tags=list(build.tags),
            registries=[_credentials(login)] if login else None,
            push=True,
            build_on_preview=False,
            opts=self.api_child(retain=True, timeout=BUILD_TIMEOUT),
        )
        repository = ImageReference.parse(build.tags[0]).name
        return image.digest.apply(lambda digest: f"{repository}@{digest}")

    def _resolved(self, name: str, reference: str, login: RegistryLogin | None) -> pulumi.Output[str]:
        """Look up the digest that the tag has in the registry now, so that a moved tag is a diff in the preview."""
        import pulumi_docker as docker

        provider = None
        if login is not None:
            auth = docker.ProviderRegistryAuthArgs(
                address=login.plan.server,
                username=login.plan.username,
                password=pulumi.Output.secret(login.password),
            )
            provider = docker.Provider(f"{name}-registry", registry_auth=[auth], opts=self.child())
        options = pulumi.InvokeOutputOptions(parent=self, provider=provider)
        found = docker.get_registry_image_output(name=reference, opts=options)
        return found.apply(lambda image: f"{ImageReference.parse(reference).name}@{image.sha256_digest}")


def _credentials(login: RegistryLogin) -> docker_build.RegistryArgs:
    import pulumi_docker_build as docker_build

    return docker_build.RegistryArgs(
        address=login.plan.server,
        username=login.plan.username,
        password=pulumi.Output.secret(login.password),
    )
