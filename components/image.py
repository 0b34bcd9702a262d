"""The image of all pods: built and pushed, or one that exists; either way named by its digest where that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi

from components.base import Component
from wideep.plan import ImageBuild, ImagePlan

__all__ = ["Image", "ImageArgs"]

BUILD_TIMEOUT: Final = "3h"
"""The build takes 30 to 60 minutes on a machine that is fit for it."""


@dataclass(frozen=True)
class ImageArgs:
    """Which image, and where it comes from."""

    plan: ImagePlan


class Image(Component):
    """The DeepEP image.

    >>> image = Image("image", ImageArgs(plan.image_plan))
    >>> image.reference    # registry.example.com/dynamo-wideep@sha256:…
    """

    reference: pulumi.Output[str]
    """What the pods run. Unknown in the preview of a build."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        plan = args.plan
        if plan.build is not None:
            self.reference = self._built(name, plan.build)
        elif plan.resolve_digest:
            self.reference = self._resolved(plan.reference)
        else:
            self.reference = pulumi.Output.from_input(plan.reference)
        self.register_outputs({"reference": self.reference})

    def _built(self, name: str, build: ImageBuild) -> pulumi.Output[str]:
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
            push=True,
            build_on_preview=False,
            opts=self.child(retain=True, timeout=BUILD_TIMEOUT),
        )
        repository = _repository(build.tags[0])
        return image.digest.apply(lambda digest: f"{repository}@{digest}")

    def _resolved(self, reference: str) -> pulumi.Output[str]:
        """The digest that the registry has for the tag now, so that a tag that moved is a diff in the preview."""
        import pulumi_docker as docker

        found = docker.get_registry_image_output(name=reference, opts=pulumi.InvokeOutputOptions(parent=self))
        return found.apply(lambda image: f"{_repository(reference)}@{image.sha256_digest}")


def _repository(reference: str) -> str:
    """The reference without its tag; a registry's port stays."""
    head, slash, last = reference.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
