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
"""Requirements of huggingface_hub and its dependencies, pinned by hash (``scripts/lock_download.sh``). The package
provides ``hf download``, which resumes an interrupted run, and ``hf cache verify``, which compares each file with
Hugging Face's checksum."""
COMMAND: Final = ("/bin/sh", "-c")
SLOWEST_BYTES_PER_SECOND: Final = 25e6
"""The rate that the deadline allows for, download and verification together: 200 Mbit/s."""
MIN_DEADLINE_SECONDS: Final = 3600
LASTING: Final = (
    "40[134] Client Error|Client error '40[134]|403 Forbidden|"
    "GatedRepoError|gated repo|Access to model|requires approval|"
    "RepositoryNotFoundError|RevisionNotFoundError|(Model|Repository)( '[^']*')? not found|Revision not found in|"
    "File not found in (model|repository)|Invalid (user|credentials|token)|Not logged in|"
    "No space left on device|Disk quota exceeded"
)
"""Errors of the downloader that a retry would meet again, as a pattern for ``grep -E``. It covers the messages of
huggingface_hub on ``requests``, of newer versions on ``httpx``, and of ``hf`` itself
(``huggingface_hub/cli/_errors.py``)."""
LASTING_CODE: Final = 64
"""The script's exit code after such an error. The script itself retries after any other error, because a Job cannot
tell the two kinds apart in a way that the Kubernetes provider sees (it does not know the reason PodFailurePolicy)."""
DELETED_CODE: Final = 143
"""The script's exit code when its pod is deleted. The script exits at once instead of using up the grace period, and
the exit does not count as a failure of the Job, which starts another pod."""

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
"""The script for ``/bin/sh -c``. Everything that differs between models comes from the environment, so no value becomes
part of the script. Without its metadata in ``.cache``, ``hf download`` compares the files that it finds with the
checksums and downloads those that differ. The excluded patterns are second copies of the weights in their vendors' own
formats, which the engine does not read. Each revision has its own folder, so that pods that restart in the meantime
read the revision that they were started with. Files that did not change are hard links and take no additional space:
``hf download`` replaces a file that differs and does not write into it. Two pods of a node that share its copy wait for
each other (``LOCK``). A shell runs its ``trap`` only after the current command has ended, but at once while it is in
``wait``."""


class DownloadPlan(BaseModel):
    """What the download Job runs, and its deadline."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    job: str
    image: str
    repository: str
    """Hugging Face repository."""
    revision: str
    """A commit of the repository, or the branch ``main`` if none is pinned."""
    mount_path: str
    """Where the cache volume is mounted, in the Job and in the workers."""
    target: str
    """Folder of the weights under ``mount_path``, from which the engine reads them."""
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: dict[str, str]
    """Plain values; the token comes from its Secret instead."""
    deadline_seconds: int


def model_path(model: ModelShape, cache: ModelCache) -> str:
    """Return the folder of the weights, which is the same in the Job and in all workers: one folder per revision."""
    if cache.path:
        return f"{MOUNT_PATH}/{cache.path}"
    return f"{_revisions(model)}/{names.revision_folder(model_revision(model, cache))}"


def model_revision(model: ModelShape, cache: ModelCache) -> str:
    """Return the revision to download: the stack's own choice, else the catalog's commit, else ``main``."""
    return cache.revision or model.revision or "main"


def deadline_seconds(size_bytes: float) -> int:
    """Return how many seconds a download of ``size_bytes`` may take, including the verification."""
    return max(MIN_DEADLINE_SECONDS, math.ceil(size_bytes / SLOWEST_BYTES_PER_SECOND))


def download_env(model: ModelShape, cache: ModelCache) -> dict[str, str]:
    """Return the script's environment variables, without the token, which comes from its Secret."""
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
    """Return the plan of the Job that downloads a model of ``size_bytes`` on disk."""
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
    """Return the folder that contains one folder per revision."""
    return f"{MOUNT_PATH}/{names.model_slug(model.name)}"
