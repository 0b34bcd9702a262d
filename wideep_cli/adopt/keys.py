"""Commands that set the stack's config to use what the cluster has instead of creating its own."""

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
"""Resources that the stack uses but does not import. The storage class fills in fields of a claim, and Secrets are not
read, so the next ``up`` would replace the claim, and the weights with it, and change the Secret."""
NO_POLICIES: Final = f"{SET} access.networkPolicies false"
"""For a cluster without policies, since adoption adds nothing. Remove the key again once the stack is adopted."""
NO_DOWNLOAD: Final = f"{SET} modelCache.download false"
KEEPS: Final = {"source", "registry", "pull_secret"}
"""Fields that an image to build and an existing image have in common."""


def graph_keys(settings: Settings, graph: Mapping[str, Any]) -> Iterator[str]:
    """Yield the commands that follow from a running graph: its image, and where its weights are on the volume."""
    parts = graph_parts(graph["spec"])
    yield from _image(settings, {part.image for part in parts if part.image})
    yield from _path(settings, {path for part in parts for path in _model_paths(settings, part.args)})


def version_keys(settings: Settings, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the command that sets a running platform's release, from Helm's record: graphs use that release's API."""
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
    """Yield the command for the path of the weights, if it is below this program's mount path; otherwise it has to be
    changed by hand."""
    ours = model_path(settings.model, settings.model_cache)
    for path in paths - {ours} if len(paths) == 1 else set[str]():
        if path.startswith(f"{MOUNT_PATH}/"):
            yield f"{SET} modelCache.path {shlex.quote(path.removeprefix(MOUNT_PATH).strip('/'))}"


def _model_paths(settings: Settings, args: Sequence[str]) -> Iterator[str]:
    own = engine_of(settings).weights_flag
    yield from (value for flag, value in pairwise(args) if flag == own)
