"""What the stack uses of the cluster in place of making its own: commands that write it into the stack's config."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from wideep.download import MOUNT_PATH, model_path
from wideep.engines import engine_of
from wideep.resource_names import CACHE_CLAIM, SSH_KEY_SECRET, TOKEN_SECRET
from wideep.settings import Settings
from wideep.settings.image import BuildImage
from wideep_cluster.dynamo.graph_parts import graph_parts

__all__ = ["NO_DOWNLOAD", "NO_POLICIES", "USED", "graph_keys", "version_keys"]

SET: Final = "pulumi config set --path"
USED: Final = {
    CACHE_CLAIM.name: (f"{SET} modelCache.existingClaim {{name}}",),
    TOKEN_SECRET.name: ("pulumi config set --plaintext hfTokenSecret {name}", "pulumi config rm hfToken"),
    SSH_KEY_SECRET.name: (f"{SET} --plaintext platform.sshKeySecret {{name}}",),
}
"""Resources that are used and not taken over. A claim has fields that its storage class filled in, and a Secret is not
read, so that the next ``up`` would replace the one, and the weights with it, and change the other."""
NO_POLICIES: Final = f"{SET} access.networkPolicies false"
"""Where there are none: taking over adds nothing. Take it out again when the stack is adopted."""
NO_DOWNLOAD: Final = f"{SET} modelCache.download false"
KEEPS: Final = {"source", "registry", "pull_secret"}
"""What an image that is built and one that exists have in common."""


def graph_keys(settings: Settings, graph: Mapping[str, Any]) -> Iterator[str]:
    """From a graph that runs: its image, and where on the volume its weights are."""
    parts = graph_parts(graph["spec"])
    yield from _image(settings, {part.image for part in parts if part.image})
    yield from _path(settings, {path for part in parts for path in _model_paths(settings, part.args)})


def version_keys(settings: Settings, record: Mapping[str, Any]) -> Iterator[str]:
    """From Helm's record of a platform that runs: its release, in whose API its graphs are written."""
    there = str(record["chart"]["metadata"]["version"])
    if there != settings.platform.version:
        yield f"{SET} platform.version {shlex.quote(there)}"


def _image(settings: Settings, images: set[str]) -> Iterator[str]:
    if not isinstance(settings.image, BuildImage) or len(images) != 1:
        return
    yield f"{SET} image.source existing"
    yield f"{SET} image.reference {shlex.quote(images.pop())}"
    fields = BuildImage.model_fields
    for name in sorted(settings.image.model_fields_set - KEEPS):
        yield f"pulumi config rm --path image.{fields[name].alias or name}"


def _path(settings: Settings, paths: set[str]) -> Iterator[str]:
    """The claim is mounted where this program mounts it, or its path has to be changed by hand."""
    ours = model_path(settings.model, settings.model_cache)
    for path in paths - {ours} if len(paths) == 1 else set[str]():
        if path.startswith(f"{MOUNT_PATH}/"):
            yield f"{SET} modelCache.path {shlex.quote(path.removeprefix(MOUNT_PATH).strip('/'))}"


def _model_paths(settings: Settings, args: Sequence[str]) -> Iterator[str]:
    own = engine_of(settings).weights_flag
    yield from (value for flag, value in pairwise(args) if flag == own)
