"""Runs the `run:` steps of a workflow file on this machine, as GitHub's runner would, so that tests cover the YAML.

It knows only what the workflows use; anything else is an error and is never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.process import run

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
STEP_KEYS = {"name", "uses", "with", "run", "env", "if", "id"}


@dataclass(frozen=True)
class Step:
    """A step that ran."""

    name: str
    code: int
    printed: str


@dataclass
class Job:
    """A job that ran; one whose condition was false has no steps."""

    steps: list[Step] = field(default_factory=list[Step])
    summary: str = ""
    uses: list[str] = field(default_factory=list[str])
    """Actions that a real runner would have run as well."""

    @property
    def good(self) -> bool:
        return all(step.code == 0 for step in self.steps)

    def printed(self, name: str) -> str:
        """Return the output of the step of that name."""
        return next(step.printed for step in self.steps if step.name == name)


def load(file: Path) -> dict[str, Any]:
    """Return the workflow. YAML reads its key `on` as a boolean, which is corrected here."""
    content = yaml.safe_load(file.read_text())
    content["on"] = content.pop(True)
    return content


def run_job(
    workflow: Mapping[str, Any],
    name: str,
    *,
    folder: Path,
    env: Mapping[str, str],
    context: Mapping[str, str],
    runs: Callable[[str], bool] = lambda name: True,
) -> Job:
    """Run a job's `run:` steps in a folder.

    Args:
        env: The machine's own environment.
        context: The value of each expression, by its text between ``${{`` and ``}}``; a missing one is an error.
        runs: Which steps run, by name; the others are skipped.
    """
    spec, done = workflow["jobs"][name], Job()
    if "if" in spec and _evaluated(spec["if"], context) != "true":
        return done
    files = {variable: folder / f".{variable.lower()}" for variable in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    base = {**env, **{key: str(file) for key, file in files.items()}, "CI": "true", "GITHUB_ACTIONS": "true"}
    for level in (workflow, spec):
        base |= _filled(level.get("env"), context)
    for step in spec["steps"]:
        _step(step, done, env=base, folder=folder, context=context, runs=runs)
        base |= _settings(files["GITHUB_ENV"])
    done.summary = files["GITHUB_STEP_SUMMARY"].read_text()
    for file in files.values():
        file.unlink()
    return done


def _step(
    step: Mapping[str, Any],
    done: Job,
    *,
    env: Mapping[str, str],
    folder: Path,
    context: Mapping[str, str],
    runs: Callable[[str], bool],
) -> None:
    assert set(step) <= STEP_KEYS, f"this runner does not know {set(step) - STEP_KEYS}"
    if step.get("if", "success()") not in ("always()", "success()"):
        raise AssertionError(f"this runner does not know `if: {step['if']}`")
    if "uses" in step:
        done.uses.append(step["uses"])
        return
    if not runs(step["name"]) or not (done.good or step.get("if") == "always()"):
        return
    assert "${{" not in step["run"], "an expression in a script is a way in: give it by env"
    env = {**env, **_filled(step.get("env"), context)}
    ran = run(*SHELL, step["run"], cwd=folder, env=env, seconds=900, fails=None)
    done.steps.append(Step(step["name"], ran.code, ran.text))


def _filled(env: Mapping[str, Any] | None, context: Mapping[str, str]) -> dict[str, str]:
    return {key: EXPRESSION.sub(lambda found: context[found[1]], str(value)) for key, value in (env or {}).items()}


def _evaluated(condition: str, context: Mapping[str, str]) -> str:
    """Evaluate a condition of the form A == B, in which each side is an expression of the context."""
    left, equal, right = condition.partition(" == ")
    assert equal, f"this runner does not know `if: {condition}`"
    return str(context[left] == context[right]).lower()


def _settings(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if line)
