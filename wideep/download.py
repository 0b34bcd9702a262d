"""The Job that fills the model cache: Hugging Face's own downloader, at a pinned version."""

from __future__ import annotations

import math
from typing import Final

from pydantic import BaseModel, ConfigDict

from wideep import names
from wideep.settings.model import ModelShape
from wideep.settings.services import ModelCache

__all__ = ["MOUNT_PATH", "DownloadPlan", "download_plan", "model_path", "model_revision"]

MOUNT_PATH: Final = "/model-cache"
IMAGE: Final = "python:3.12-slim"
HUGGINGFACE_HUB: Final = "huggingface_hub==2.4.0"
"""Brings ``hf download``, which goes on where an interrupted run stopped, and ``hf cache verify``, which compares each
file with the checksum that Hugging Face has of it."""
SLOWEST_BYTES_PER_SECOND: Final = 25e6
"""What the deadline allows for, download and check together: 200 Mbit/s."""
MIN_DEADLINE_SECONDS: Final = 3600
BACKOFF_LIMIT: Final = 10
"""Retries, with Kubernetes' growing pause between them; each goes on where the last one stopped."""

SCRIPT: Final = """\
set -eu
want="$REPOSITORY@$REVISION"
marker="$TARGET/.complete"
if [ "$(cat "$marker" 2>/dev/null)" = "$want" ]; then
  echo "$want is complete in $TARGET: nothing to do"
  exit 0
fi
mkdir -p "$TARGET"
rm -f "$marker"
if ! command -v hf >/dev/null; then
  echo "installing $HUB_PACKAGE"
  pip install --quiet --no-cache-dir --disable-pip-version-check --root-user-action=ignore "$HUB_PACKAGE"
fi
echo "downloading $want into $TARGET"
(
  nap=
  trap 'test -z "$nap" || kill "$nap"; exit' TERM
  while :; do
    sleep 30 >/dev/null 2>&1 &
    nap=$!
    wait "$nap"
    echo "on the volume: $(du -sh "$TARGET" | cut -f1)"
  done
) &
progress=$!
trap 'kill $progress' EXIT
hf download "$REPOSITORY" --revision "$REVISION" --local-dir "$TARGET" \\
  --exclude "original/*" --exclude "metal/*" --exclude "consolidated*" >/dev/null
echo "comparing checksums"
if ! hf cache verify "$REPOSITORY" --revision "$REVISION" --local-dir "$TARGET"; then
  rm -rf "$TARGET/.cache"
  echo "a file is not as it is on Hugging Face; the next try fetches it again" >&2
  exit 1
fi
printf %s "$want" >"$marker"
echo "$want is complete in $TARGET: $(du -sh "$TARGET" | cut -f1)"
"""
"""For ``/bin/sh -c``. All that differs between models comes from the environment, so no value is a part of the script.
Without its notes in ``.cache``, ``hf download`` compares what it finds with the checksums, and fetches what differs.
Left out are second copies of the weights in their makers' own formats, which the engine does not read.
"""


class DownloadPlan(BaseModel):
    """What the Job runs, and for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    job: str
    image: str
    repository: str
    """Hugging Face repository."""
    revision: str
    """Commit of the repository, or the branch ``main`` where none is pinned."""
    mount_path: str
    """Where the cache volume is mounted; in the workers too."""
    target: str
    """Folder of the weights under ``mount_path``; the engine's ``--model-path``."""
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: dict[str, str]
    """Plain values; the token comes from its Secret."""
    deadline_seconds: int
    backoff_limit: int


def model_path(model: ModelShape) -> str:
    """The folder of the weights, the same in the Job and in all workers."""
    return f"{MOUNT_PATH}/{names.model_slug(model.name)}"


def model_revision(model: ModelShape, cache: ModelCache) -> str:
    """What is downloaded: the stack's own choice, the catalog's commit, or else whatever ``main`` is at that time."""
    return cache.revision or model.revision or "main"


def download_plan(model: ModelShape, cache: ModelCache, size_bytes: float) -> DownloadPlan:
    """The Job for a model of ``size_bytes`` on disk."""
    target = model_path(model)
    revision = model_revision(model, cache)
    return DownloadPlan(
        job=names.download_job(model.name),
        image=cache.download_image or IMAGE,
        repository=model.name,
        revision=revision,
        mount_path=MOUNT_PATH,
        target=target,
        command=("/bin/sh", "-c"),
        args=(SCRIPT,),
        env={
            "REPOSITORY": model.name,
            "REVISION": revision,
            "TARGET": target,
            "HUB_PACKAGE": HUGGINGFACE_HUB,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        },
        deadline_seconds=max(MIN_DEADLINE_SECONDS, math.ceil(size_bytes / SLOWEST_BYTES_PER_SECOND)),
        backoff_limit=BACKOFF_LIMIT,
    )
