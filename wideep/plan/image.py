"""The image: how it is built, or which one exists."""

from __future__ import annotations

from typing import Final

from wideep.engines import engine_of
from wideep.engines.base import ImageRecipe
from wideep.graph.refs import pull_secret
from wideep.image_reference import ImageReference
from wideep.plan.parts import ImageBuild, ImagePlan, RegistryPlan
from wideep.settings import Settings
from wideep.settings.image import BuildImage, Image

__all__ = ["image_plan"]

REPOSITORY: Final = "https://github.com/ai-dynamo/dynamo.git"
DOCKERFILE: Final = "https://raw.githubusercontent.com/ai-dynamo/dynamo/{ref}/{path}"
"""By its URL: pulumi-docker-build opens a location that is none on this machine, also where the context is remote
(``Dockerfile.validate`` in its provider/internal/dockerfile.go), and BuildKit fetches it beside the context."""


def image_plan(settings: Settings) -> ImagePlan:
    """The part of the Plan that ``image`` of the stack config decides."""
    image = settings.image
    built = isinstance(image, BuildImage)
    return ImagePlan(
        reference=image.reference,
        build=_build(image, engine_of(settings).image) if built else None,
        resolve_digest=False if built else image.resolve_digest,
        registry=_registry(image),
        pull_secret=pull_secret(image),
    )


def _registry(image: Image) -> RegistryPlan | None:
    registry = image.registry
    if registry is None:
        return None
    server = registry.server or ImageReference.parse(image.reference).registry
    return RegistryPlan(server=server, username=registry.username)


def _build(image: BuildImage, recipe: ImageRecipe) -> ImageBuild:
    return ImageBuild(
        context=f"{REPOSITORY}#{image.git_ref}",
        dockerfile=DOCKERFILE.format(ref=image.git_ref, path=recipe.dockerfile),
        args=dict(recipe.args),
        tags=(image.reference,),
        platform=image.platform,
        builder=image.builder,
        cache_from=image.cache_from,
        cache_to=image.cache_to,
    )
