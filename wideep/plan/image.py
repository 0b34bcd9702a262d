"""The image: how it is built, or which one exists."""

from __future__ import annotations

from typing import Final

from wideep.plan.parts import ImageBuild, ImagePlan
from wideep.settings.image import BuildImage, Image

__all__ = ["image_plan"]

REPOSITORY: Final = "https://github.com/ai-dynamo/dynamo.git"
DOCKERFILE: Final = "https://raw.githubusercontent.com/ai-dynamo/dynamo/{ref}/container/Dockerfile.sglang-wideep"
"""By its URL: pulumi-docker-build opens a location that is none on this machine, also where the context is remote
(``Dockerfile.validate`` in its provider/internal/dockerfile.go), and BuildKit fetches it beside the context."""
BUILD_ARGS: Final = {
    "SGLANG_IMAGE_TAG": "v0.5.3.post2",
    "BRANCH_TYPE": "local",  # unset, the Dockerfile installs whatever ai-dynamo is newest
}


def image_plan(image: Image) -> ImagePlan:
    """The part of the Plan that ``image`` of the stack config decides."""
    match image:
        case BuildImage():
            return ImagePlan(
                reference=image.reference, build=_build(image), resolve_digest=False, pull_secret=image.pull_secret
            )
        case _:
            return ImagePlan(
                reference=image.reference,
                build=None,
                resolve_digest=image.resolve_digest,
                pull_secret=image.pull_secret,
            )


def _build(image: BuildImage) -> ImageBuild:
    return ImageBuild(
        context=f"{REPOSITORY}#{image.git_ref}",
        dockerfile=DOCKERFILE.format(ref=image.git_ref),
        args=BUILD_ARGS,
        tags=(image.reference,),
        platform=image.platform,
        builder=image.builder,
        cache_from=image.cache_from,
        cache_to=image.cache_to,
    )
