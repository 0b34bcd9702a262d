"""Check for the stack's buildx builder, which docker-build looks up by name on the machine that runs `up`."""

from __future__ import annotations

import subprocess
from typing import Final

from wideep.plan import Plan
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown

__all__ = ["builder_finding"]

KEY: Final = "image.builder"
SECONDS: Final = 30


def builder_finding(plan: Plan) -> Finding | None:
    """Tell whether this machine has the stack's builder; None if the stack names none."""
    builder = plan.image_source.build.builder if plan.image_source.build else None
    if builder is None:
        return None
    command = ["docker", "buildx", "inspect", builder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        why = (
            "docker is not installed"
            if isinstance(error, FileNotFoundError)
            else f"docker did not respond within {SECONDS} s"
        )
        return unknown(
            Section.OUTSIDE, "builder", f"Cannot tell whether builder {builder} exists on this machine: {why}."
        )
    if done.returncode == 0:
        return holds(Section.OUTSIDE, "builder", f"Builder {builder} exists on this machine.")
    what = f"There is no buildx builder {builder} on this machine, so no image can be built."
    make = f"docker buildx create --name {builder} --driver kubernetes, or --driver remote tcp://HOST:1234"
    return fails(Section.OUTSIDE, "builder", what, make, f"{KEY}: one of `docker buildx ls`", key=KEY)
