"""The Job that fills the model cache: Hugging Face's own downloader at a pinned version and a pinned revision."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["DownloadPlan"]


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
