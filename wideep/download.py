"""The Job that fills the model cache: Hugging Face's own downloader, at a pinned version."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict

from wideep import names
from wideep.settings.model import ModelShape
from wideep.settings.services import ModelCache
from wideep.versions import PYTHON_IMAGE

__all__ = [
    "COMMAND",
    "DELETED_CODE",
    "MOUNT_PATH",
    "SCRIPT",
    "DownloadPlan",
    "deadline_seconds",
    "download_env",
    "download_plan",
    "model_path",
    "model_revision",
]

MOUNT_PATH: Final = "/model-cache"
HUB_LOCK: Final = files("wideep").joinpath("downloader.lock").read_text(encoding="utf-8").strip()
"""huggingface_hub and what it needs, by hash (``scripts/lock_download.sh``). It brings ``hf download``, which goes on
where an interrupted run stopped, and ``hf cache verify``, which compares each file with the checksum that Hugging Face
has of it."""
COMMAND: Final = ("/bin/sh", "-c")
SLOWEST_BYTES_PER_SECOND: Final = 25e6
"""What the deadline allows for, download and check together: 200 Mbit/s."""
MIN_DEADLINE_SECONDS: Final = 3600
LASTING: Final = (
    "40[134] Client Error|Client error '40[134]|403 Forbidden|"
    "GatedRepoError|gated repo|Access to model|requires approval|"
    "RepositoryNotFoundError|RevisionNotFoundError|(Model|Repository)( '[^']*')? not found|Revision not found in|"
    "File not found in (model|repository)|Invalid (user|credentials|token)|Not logged in|"
    "No space left on device|Disk quota exceeded"
)
"""Errors of the downloader that the next try would meet again (grep -E): in the words of huggingface_hub on
``requests``, of the newer one on ``httpx``, and of ``hf`` itself (``huggingface_hub/cli/_errors.py``)."""
LASTING_CODE: Final = 64
"""The script's exit code then. It tries again by itself after any other error: a Job whose pods are tried again cannot
tell them apart in a way that the Kubernetes provider sees (it knows no reason PodFailurePolicy)."""
DELETED_CODE: Final = 143
"""The script's exit code when its pod is deleted: at once, and not after the pod's grace period. It does not count as a
failure of the Job, which starts another pod."""

SCRIPT: Final = """\
set -eu
want="$REPOSITORY@$REVISION"
marker="$TARGET/.complete"
mkdir -p "$TARGET"
if [ -n "${LOCK:-}" ]; then
  exec 9>"$LOCK"
  flock 9
fi
if [ "$(cat "$marker" 2>/dev/null)" = "$want" ]; then
  touch "$marker"
  echo "$want is complete in $TARGET: nothing to do"
  exit 0
fi
rm -f "$marker"
if [ -n "$REVISIONS" ]; then
  complete=$(ls -t "$REVISIONS"/*/.complete 2>/dev/null || true)
  if [ -n "$complete" ]; then
    echo "other revisions on the volume, to be deleted when no graph reads them:"
    echo "$complete" | sed 's|/.complete$||'
    newest=$(dirname "$(echo "$complete" | head -n 1)")
    echo "taking over the weights that did not change from $newest"
    for file in "$newest"/*.safetensors; do
      [ -e "$TARGET/${file##*/}" ] || ln "$file" "$TARGET/" || break
    done
  fi
fi
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
child=
trap 'kill $progress' EXIT
trap 'test -z "$child" || kill "$child"; exit $DELETED_CODE' TERM
beside() {
  "$@" &
  child=$!
  wait "$child"
}
errors=$(mktemp)
attempt() {
  if ! command -v hf >/dev/null; then
    echo "installing Hugging Face's downloader"
    lock=$(mktemp)
    printf '%s\\n' "$HUB_LOCK" >"$lock"
    env -u HF_TOKEN pip install --quiet --no-cache-dir --disable-pip-version-check --root-user-action=ignore \\
      --only-binary :all: --require-hashes --requirement "$lock" || return 1
  fi
  echo "downloading $want into $TARGET"
  beside hf download "$REPOSITORY" --revision "$REVISION" --local-dir "$TARGET" \\
    --exclude "original/*" --exclude "metal/*" --exclude "consolidated*" >/dev/null 2>"$errors" || return 1
  echo "comparing checksums"
  if ! beside hf cache verify "$REPOSITORY" --revision "$REVISION" --local-dir "$TARGET"; then
    rm -rf "$TARGET/.cache"
    echo "a file is not as it is on Hugging Face; the next try fetches it again" >&2
    return 1
  fi
}
for pause in ${PAUSES-10 30 60 120 300 300 300 300 300 300}; do
  : >"$errors"
  if attempt; then
    printf %s "$want" >"$marker"
    echo "$want is complete in $TARGET: $(du -sh "$TARGET" | cut -f1)"
    exit 0
  fi
  cat "$errors" >&2
  if grep -Eq "$LASTING" "$errors"; then
    exit $LASTING_CODE
  fi
  echo "trying again in $pause s, from where it stopped"
  beside sleep "$pause"
done
exit 1
"""
"""For ``/bin/sh -c``. All that differs between models comes from the environment, so no value is a part of the script.
Without its notes in ``.cache``, ``hf download`` compares what it finds with the checksums, and fetches what differs.
Left out are second copies of the weights in their makers' own formats, which the engine does not read.
Each revision has its folder, so that pods which restart meanwhile read the one that they were started with. Files that
did not change are hard links and take no further room: ``hf download`` puts a file that differs in their place, and
does not write into them. Two pods of a node that share its copy wait for each other (``LOCK``).
A shell does what its ``trap`` says when the command before it has ended, and at once while it is in ``wait``.
"""


class DownloadPlan(BaseModel):
    """What the Job runs, and for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    job: str
    image: str
    repository: str
    """Hugging Face repository."""
    revision: str
    """Commit of the repository, or the branch ``main`` where none is pinned."""
    mount_path: str
    """Where the cache volume is mounted; in the workers too."""
    target: str
    """Folder of the weights under ``mount_path``; the engine reads them there."""
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: dict[str, str]
    """Plain values; the token comes from its Secret."""
    deadline_seconds: int


def model_path(model: ModelShape, cache: ModelCache) -> str:
    """The folder of the weights, the same in the Job and in all workers: one for each revision."""
    if cache.path:
        return f"{MOUNT_PATH}/{cache.path}"
    return f"{_revisions(model)}/{names.revision_folder(model_revision(model, cache))}"


def model_revision(model: ModelShape, cache: ModelCache) -> str:
    """What is downloaded: the stack's own choice, the catalog's commit, or else whatever ``main`` is at that time."""
    return cache.revision or model.revision or "main"


def deadline_seconds(size_bytes: float) -> int:
    """How long a download of ``size_bytes`` may take, with its check."""
    return max(MIN_DEADLINE_SECONDS, math.ceil(size_bytes / SLOWEST_BYTES_PER_SECOND))


def download_env(model: ModelShape, cache: ModelCache) -> dict[str, str]:
    """What the script wants to know; the token comes from its Secret."""
    return {
        "REPOSITORY": model.name,
        "REVISION": model_revision(model, cache),
        "TARGET": model_path(model, cache),
        "REVISIONS": "" if cache.path else _revisions(model),
        "HUB_LOCK": HUB_LOCK,
        "LASTING": LASTING,
        "LASTING_CODE": str(LASTING_CODE),
        "DELETED_CODE": str(DELETED_CODE),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def download_plan(model: ModelShape, cache: ModelCache, size_bytes: float) -> DownloadPlan:
    """The Job for a model of ``size_bytes`` on disk."""
    return DownloadPlan(
        job=names.download_job(model.name),
        image=cache.download_image or PYTHON_IMAGE,
        repository=model.name,
        revision=model_revision(model, cache),
        mount_path=MOUNT_PATH,
        target=model_path(model, cache),
        command=COMMAND,
        args=(SCRIPT,),
        env=download_env(model, cache),
        deadline_seconds=deadline_seconds(size_bytes),
    )


def _revisions(model: ModelShape) -> str:
    """The folder with one folder for each revision."""
    return f"{MOUNT_PATH}/{names.model_slug(model.name)}"
