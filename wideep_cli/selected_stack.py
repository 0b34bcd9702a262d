"""The stack that is selected in the Pulumi CLI, read from where the CLI keeps it.

Source: ``workspace/workspace.go``, ``workspace/settings.go`` and ``backend/state/stacks.go`` of pulumi/pkg v3.259.0.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from wideep.pulumi_backend import backend_url, pulumi_home
from wideep_cli.errors import CallError
from wideep_cli.stack_file import Project, stack_of

__all__ = ["selected_stack"]


def selected_stack(project: Project, environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of the selected stack: ``PULUMI_STACK``, or what ``pulumi stack select`` wrote for this project.

    Raises:
        CallError: no stack is selected, or there is no Pulumi.yaml.
    """
    named = environ.get("PULUMI_STACK")
    if named:
        return named
    if project.path is None:
        raise CallError("There is no Pulumi.yaml in this folder or above it.", "Name a file: --file Pulumi.NAME.yaml")
    settings = _json(_workspace_file(pulumi_home(environ), project.name, project.path))
    stacks = _strings(settings.get("stacks"))
    backend = _backend(project, environ)
    stack = stacks.get(backend or "") or (next(iter(stacks.values())) if len(stacks) == 1 else None)
    stack = stack or settings.get("stack")
    if not isinstance(stack, str):
        raise CallError("No stack is selected.", f"{_named(project)}, or `pulumi stack select NAME`.")
    return stack


def _named(project: Project) -> str:
    """Return the advice that lists the options for the project's stacks."""
    stacks = [stack_of(path) for path in sorted(project.stack_folder.glob("Pulumi.*.yaml"))]
    return f"Name one: {', '.join(f'--stack {stack}' for stack in stacks)}" if stacks else "Name one with --stack NAME"


def _workspace_file(home: Path, project: str, path: Path) -> Path:
    digest = hashlib.sha1(str(path).encode(), usedforsecurity=False).hexdigest()
    return home / "workspaces" / f"{project}-{digest}-workspace.json"


def _backend(project: Project, environ: Mapping[str, str]) -> str | None:
    try:
        return backend_url(project.backend, environ)
    except (OSError, ValueError) as exc:
        raise CallError(f"Pulumi's credentials cannot be read: {exc}.", "Name the stack: --stack NAME") from exc


def _json(path: Path) -> Mapping[str, object]:
    """Return the object in one of the CLI's JSON files; empty if the file does not exist."""
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise CallError(f"{path} cannot be read: {exc}.", "Name the stack: --stack NAME") from exc
    return cast(Mapping[str, object], content) if isinstance(content, dict) else {}


def _strings(value: object) -> dict[str, str]:
    entries = cast(dict[object, object], value) if isinstance(value, dict) else {}
    return {str(key): entry for key, entry in entries.items() if isinstance(entry, str)}
