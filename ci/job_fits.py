"""Tells whether this machine can run the first `up` of a stack: build the image, and wait for the download.

    pulumi stack export --stack NAME | python -m ci.job_fits NAME

``JOB_MINUTES`` is the time limit of the job (a workflow's timeout-minutes); without it there is no limit. Exit code 2
means that the `up` cannot be done here and should not be started. A job that only may be too short is a warning,
because the deadlines allow for slow connections.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wideep.errors import WideepError
from wideep.plan import Plan
from wideep_cli.doctor.builder import builder_finding
from wideep_cli.doctor.finding import Verdict
from wideep_cli.stack_context import load, stack_file

IMAGE: Final = "docker-build:index:Image"
JOB: Final = "kubernetes:batch/v1:Job"
DISK_GB: Final = 60
"""Disk space that a build of Dynamo's SGLang image needs (docs/decisions/image.md)."""
BUILD_SECONDS: Final = 3600
"""Duration of a slow build (docs/decisions/image.md)."""
BY_HAND: Final = (
    "run the first `pulumi up` by hand on a machine that can, name a remote builder (image.builder), or build the "
    "image elsewhere (image: {source: existing, reference: …})"
)


@dataclass(frozen=True)
class Machine:
    """The machine that runs the job."""

    free_gb: float | None
    """Free space on Docker's disk, in GB. None: Docker runs elsewhere (DOCKER_HOST)."""
    minutes: int | None
    """The time limit of the job. None: no limit."""


def obstacles(plan: Plan, resources: list[dict[str, Any]], machine: Machine) -> Iterator[str]:
    """Yield what cannot be done here. ``resources`` are those of the state."""
    if not _builds(plan, resources) or plan.image_source.build is None:
        return
    if plan.image_source.build.builder is None:
        if machine.free_gb is not None and machine.free_gb < DISK_GB:
            fact = f"this `up` builds the image, which takes {DISK_GB} GB of disk, and {machine.free_gb:.0f} are free"
            yield f"image: {fact}. Instead, {BY_HAND}."
    elif (finding := builder_finding(plan)) is not None and finding.verdict is Verdict.FAILED:
        yield f"image.builder: {finding.what} Before this step: {finding.fix[0]}"


def warnings(plan: Plan, resources: list[dict[str, Any]], machine: Machine) -> Iterator[str]:
    """Yield what may not finish before the job is stopped. Image and download run in parallel, then the graph
    starts."""
    build = BUILD_SECONDS if _builds(plan, resources) else 0
    job = any(resource["type"] == JOB for resource in resources)
    download = 0 if plan.download is None or job else plan.download.deadline_seconds
    seconds = max(build, download) + plan.ready_timeout_seconds
    if machine.minutes is not None and (build or download) and seconds > machine.minutes * 60:
        parts = f"image {_hours(build)}, beside it the download {_hours(download)}, then the graph's start "
        yield (
            f"the first `up` may take {_hours(seconds)} ({parts}{_hours(plan.ready_timeout_seconds)}), and this job is "
            f"stopped after {_hours(machine.minutes * 60)}. An update that is stopped leaves pending operations, and "
            "the next one continues from there. To be sure, run the first `pulumi up` by hand or on your own runner."
        )


def _builds(plan: Plan, resources: list[dict[str, Any]]) -> bool:
    """Tell whether the image has to be built: the state has none with this tag from this source."""
    build = plan.image_source.build
    images = [resource.get("inputs", {}) for resource in resources if resource["type"] == IMAGE]
    built = [(image.get("tags"), image.get("context", {}).get("location")) for image in images]
    return build is not None and (list(build.tags), build.context) not in built


def _hours(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"


def this_machine(environ: Mapping[str, str]) -> Machine:
    """Return what is known of the machine that runs this program."""
    docker = Path("/var/lib/docker")
    elsewhere = "DOCKER_HOST" in environ
    free = None if elsewhere else shutil.disk_usage(docker if docker.is_dir() else "/").free / 1e9
    minutes = environ.get("JOB_MINUTES", "")
    return Machine(free, int(minutes) if minutes.isdigit() else None)


def main() -> int:
    """Read the state's export from stdin, print warnings and obstacles, and return the exit code."""
    exported = json.load(sys.stdin)
    resources = (exported.get("deployment") or {}).get("resources") or []
    try:
        plan = load(stack_file(sys.argv[1], None)).plan
    except WideepError as error:
        print(error, file=sys.stderr)
        return 2
    machine = this_machine(os.environ)
    for text in warnings(plan, resources, machine):
        print(f"warning: {text}", file=sys.stderr)
    found = list(obstacles(plan, resources, machine))
    for text in found:
        print(f"error: {text}", file=sys.stderr)
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main())
