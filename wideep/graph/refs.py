"""Names of the objects that a graph refers to: itself, the claim with the weights, and the Secrets with the token and
the registry's credentials."""

from __future__ import annotations

from wideep import names
from wideep.dynamo import release_of
from wideep.engines import engine_of
from wideep.settings import Settings
from wideep.settings.image import Image, PublishedImage

__all__ = ["cache_claim", "graph_name", "image_reference", "pull_secret", "token_secret"]


def graph_name(settings: Settings) -> str:
    """Return the graph's name: the stack's own, or one derived from the model's."""
    return settings.name or names.graph(settings.model.name)


def token_secret(settings: Settings) -> str | None:
    """Return the Secret with the Hugging Face token; None if the stack has none."""
    if settings.hf_token_secret is not None:
        return settings.hf_token_secret
    return names.HF_TOKEN_SECRET if settings.hf_token is not None else None


def cache_claim(settings: Settings) -> str | None:
    """Return the claim with the weights: an existing one, or this stack's own. None if each node has its own copy."""
    if settings.model_cache.host_path:
        return None
    return settings.model_cache.existing_claim or names.CACHE_CLAIM


def image_reference(settings: Settings) -> str:
    """Return ``repository:tag`` of the image of all pods, or the reference in the stack config."""
    image = settings.image
    if not isinstance(image, PublishedImage):
        return image.reference
    repository = image.repository or release_of(settings).runtime_image(engine_of(settings).framework)
    return f"{repository}:{image.tag or settings.platform.version}"


def pull_secret(image: Image) -> str | None:
    """Return the Secret with which the pods pull the image; None if the image is public."""
    return image.pull_secret or (names.REGISTRY_SECRET if image.registry else None)
