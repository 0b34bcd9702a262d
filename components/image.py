"""The image of all pods: built and pushed, or one that exists; either way named by its digest where that is known."""

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
"""The build takes 30 to 60 minutes on a machine that is fit for it."""


@dataclass(frozen=True)
class ImageArgs:
    """Which image, and where it comes from."""

    plan: ImageSource
    login: RegistryLogin | None = None
    """Of the plan's registry, where it has one. None: whatever Docker is logged in to."""


class Image(Component):
    """The DeepEP image.

    >>> image = Image("image", ImageArgs(plan.image_source))
    >>> image.reference    # registry.example.com/dynamo-wideep@sha256:…
    """

    reference: pulumi.Output[str]
    """What the pods run. Unknown in the preview of a build."""

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
        """Built from Dynamo's repository, pushed, and kept in the registry when the stack goes: it took an hour."""
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
        """The digest that the registry has for the tag now, so that a tag that moved is a diff in the preview."""
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
