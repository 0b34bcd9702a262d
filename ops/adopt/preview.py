"""Every resource that a stack would make, by the engine's own account."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from ops.errors import CallError
from wideep.errors import WideepError

__all__ = ["import_entries"]

SECONDS: Final = 300
LAST_LINES: Final = 20


def import_entries(project: Path, stack: str) -> list[dict[str, Any]]:
    """The entries of ``pulumi preview --import-file``: types, names and parents, without ids.

    Raises:
        WideepError: the preview fails, with its last lines.
        CallError: there is no pulumi.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        command = ["pulumi", "preview", "--stack", stack, "--import-file", str(file), "--non-interactive"]
        try:
            done = subprocess.run(
                command,
                cwd=project,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise CallError(
                "There is no pulumi on the PATH.", "Install it: https://www.pulumi.com/docs/install"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise WideepError(f"`pulumi preview` has not ended within {SECONDS} s.") from error
        if done.returncode or not file.exists():
            said = "\n".join(f"  {line}" for line in done.stdout.splitlines()[-LAST_LINES:])
            raise WideepError(f"`pulumi preview` of stack {stack} fails:\n{said}")
        return json.loads(file.read_text(encoding="utf-8"))["resources"]
