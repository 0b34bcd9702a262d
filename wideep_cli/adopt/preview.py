"""Every resource that a stack would create, as reported by Pulumi's engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from wideep.errors import WideepError
from wideep.resource_names import ANY_CLUSTER
from wideep_cli.errors import CallError

__all__ = ["Wanted", "wanted_resources"]

SECONDS: Final = 300
LAST_LINES: Final = 20
OLDEST: Final = (3, 254)
"""The first Pulumi version that takes a resource's state from an import file (pulumi#23984)."""
INSTALL: Final = "Install it: https://www.pulumi.com/docs/install"

Json = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A resource that the stack would create: its entry in an import file, and its inputs as the provider checked them,
    without secret values. ``known`` maps the names by which entries refer to resources of the state to their URNs."""

    entry: Json
    inputs: Json
    known: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """The name of the resource in the program."""
        return str(self.entry.get("logicalName", self.entry["name"]))

    @property
    def type(self) -> str:
        """The Pulumi type: ``kubernetes:core/v1:Namespace``."""
        return str(self.entry["type"])

    @property
    def component(self) -> bool:
        """True if the resource is a component, which only groups other resources."""
        return bool(self.entry.get("component"))


def wanted_resources(project: Path, stack: str) -> list[Wanted]:
    """Return all resources that ``pulumi preview`` would create.

    Raises:
        WideepError: the preview fails; the message has its last lines.
        CallError: pulumi is not installed, or too old.
    """
    _check_version(project)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        stdout = _run(project, "preview", "--stack", stack, "--import-file", str(file), "--json", "--non-interactive")
        written: Json = json.loads(file.read_text(encoding="utf-8"))
    entries: list[Json] = written["resources"]
    known: Mapping[str, str] = written.get("nameTable") or {}
    states: list[Json] = [step["newState"] for step in json.loads(stdout)["steps"] if "newState" in step]
    inputs = {(state["type"], state["urn"].rpartition("::")[2]): state.get("inputs", {}) for state in states}
    return [Wanted(entry, inputs.get((entry["type"], Wanted(entry, {}).name), {}), known) for entry in entries]


def _check_version(project: Path) -> None:
    said = _run(project, "version").strip()
    found = re.match(r"v?(\d+)\.(\d+)\.", said)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        least = ".".join(map(str, OLDEST))
        raise CallError(f"Pulumi {said} takes no state from an import file: that needs {least} or newer.", INSTALL)


def _run(project: Path, *words: str) -> str:
    """Run pulumi and return its stdout."""
    try:
        done = subprocess.run(
            ["pulumi", *words],
            cwd=project,
            env=os.environ | {ANY_CLUSTER: "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise CallError("There is no pulumi on the PATH.", INSTALL) from error
    except subprocess.TimeoutExpired as error:
        raise WideepError(f"`pulumi {words[0]}` has not ended within {SECONDS} s.") from error
    if done.returncode:
        lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        said = "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
        raise WideepError(f"`pulumi {' '.join(words[:3])}` fails:\n{said}")
    return done.stdout
