"""The image: how it is built, or which existing image is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wideep.engines import engine_of
from wideep.engines.base import ImageRecipe
from wideep.graph.refs import image_reference, pull_secret
from wideep.image_reference import ImageReference
from wideep.plan.parts import ImageBuild, ImageSource, RegistryPlan
from wideep.settings import Settings
from wideep.settings.image import BuildImage, Image

__all__ = ["image_source"]

REPOSITORY: Final = "https://github.com/ai-dynamo/dynamo.git"
DOCKERFILE: Final = "https://raw.githubusercontent.com/ai-dynamo/dynamo/{ref}/{path}"
"""URL of the Dockerfile: pulumi-docker-build opens a location that is not a URL on the local machine, even if the
context is remote (``Dockerfile.validate`` in its provider/internal/dockerfile.go), and BuildKit fetches the URL beside
the context."""


def image_source(settings: Settings) -> ImageSource:
    """Return the part of the Plan that the stack config's ``image`` decides."""
    image = settings.image
    built = isinstance(image, BuildImage)
    reference = image_reference(settings)
    return ImageSource(
        reference=reference,
        build=_build(image, engine_of(settings).image, settings.platform.version) if built else None,
        resolve_digest=False if built else image.resolve_digest,
        registry=_registry(image, reference),
        pull_secret=pull_secret(image),
    )


def _registry(image: Image, reference: str) -> RegistryPlan | None:
    registry = image.registry
    if registry is None:
        return None
    server = registry.server or ImageReference.parse(reference).registry
    return RegistryPlan(server=server, username=registry.username)


def _build(image: BuildImage, recipe: ImageRecipe | None, version: str) -> ImageBuild:
    ref = image.git_ref or f"v{version}"
    own: Mapping[str, str] = {} if image.dockerfile or recipe is None else recipe.args
    dockerfile = image.dockerfile or (recipe.dockerfile if recipe else "")
    return ImageBuild(
        context=f"{REPOSITORY}#{ref}",
        dockerfile=DOCKERFILE.format(ref=ref, path=dockerfile),
        args={**own, **image.build_args},
        tags=(image.reference,),
        platform=image.platform,
        builder=image.builder,
        cache_from=image.cache_from,
        cache_to=image.cache_to,
    )
