"""What the stack needs outside the cluster, as far as it can be reached from this machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wideep.plan import Plan
from wideep_cli.doctor.builder import builder_finding
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.hub import find_token, hub_findings
from wideep_cli.doctor.state import state_findings
from wideep_cluster.http import WebError, ask
from wideep_cluster.registry import Reference, manifest_status, reaches

__all__ = ["outside_findings"]

CHART = "dynamo-platform"


def outside_findings(plan: Plan, stack_file: Path, *, pulled: bool) -> list[Finding]:
    """Charts, registry, builder, hub and the state, asked side by side. ``pulled``: the nodes have the image."""
    with ThreadPoolExecutor(3) as pool:
        charts = pool.submit(lambda: list(_charts(plan, stack_file.resolve().parent)))
        image = pool.submit(lambda: list(_image(plan, pulled)))
        hub = pool.submit(lambda: list(hub_findings(plan, find_token(stack_file))))
        builder = builder_finding(plan)
        here = [*([builder] if builder else []), *state_findings(stack_file)]
        return [*charts.result(), *image.result(), *here, *hub.result()]


def _charts(plan: Plan, project: Path) -> Iterator[Finding]:
    """A Helm repository, an OCI registry, or a folder."""
    charts, version = plan.platform.charts, plan.platform.version
    if not plan.platform.install:
        return
    if "://" not in charts:
        yield _folder(project / charts, version)
        return
    try:
        found = _in_registry(charts, version) if charts.startswith("oci://") else _in_index(charts, version)
    except WebError as error:
        what = f"The chart repository {charts} does not answer from here: {error}."
        fix = "platform.charts: a mirror, an oci:// registry or a folder with the two charts"
        yield fails(Section.OUTSIDE, "charts", what, fix, key="platform.charts")
        return
    if found is None:
        what = f"{charts} wants credentials, so whether it has {CHART} {version} cannot be told."
        yield unknown(Section.OUTSIDE, "charts", what)
    elif found:
        yield holds(Section.OUTSIDE, "charts", f"{charts} has {CHART} {version}.")
    else:
        what = f"{charts} has no {CHART} {version}."
        yield fails(Section.OUTSIDE, "charts", what, "platform.charts: a repository that has it", key="platform.charts")


def _folder(folder: Path, version: str) -> Finding:
    if (folder / CHART / "Chart.yaml").is_file() or (folder / f"{CHART}-{version}.tgz").is_file():
        return holds(Section.OUTSIDE, "charts", f"{folder.name} has the chart {CHART}.")
    what = f"There is no chart {CHART} in {folder}."
    fix = f"platform.charts: a folder with {CHART}/ or {CHART}-{version}.tgz"
    return fails(Section.OUTSIDE, "charts", what, fix, key="platform.charts")


def _in_index(charts: str, version: str) -> bool | None:
    answer = ask(f"{charts.rstrip('/')}/index.yaml")
    if answer.status in (401, 403):
        return None
    return answer.status == 200 and f"{CHART}-{version}.tgz".encode() in answer.body


def _in_registry(charts: str, version: str) -> bool | None:
    path = charts.removeprefix("oci://").rstrip("/")
    status = manifest_status(Reference.parse(f"{path}/{CHART}:{version}"))
    return None if status in (401, 403) else status == 200


def _image(plan: Plan, pulled: bool) -> Iterator[Finding]:
    """A registry to push to; or an image that exists."""
    reference = Reference.parse(plan.image)
    key = "image.repository" if plan.image_plan.build else "image.reference"
    try:
        status = reaches(reference) if plan.image_plan.build else manifest_status(reference)
    except WebError as error:
        what = f"The registry {reference.host} does not answer from here: {error}."
        if plan.image_plan.build and not pulled:
            fix = f"{key}: of a registry that this machine pushes to, and the nodes pull from"
            yield fails(Section.OUTSIDE, "registry", what, fix, key=key)
        else:
            yield unknown(Section.OUTSIDE, "registry", f"{what} The nodes may reach it.")
        return
    if plan.image_plan.build:
        yield holds(Section.OUTSIDE, "registry", f"The registry {reference.host} answers.")
    elif status == 200:
        yield holds(Section.OUTSIDE, "registry", f"The registry has {plan.image}.")
    elif status in (401, 403):
        what = f"{reference.host} wants credentials for {plan.image}, so whether it is there cannot be told."
        fix = "" if plan.image_plan.pull_secret else "image.pullSecret: a Secret with which the pods pull"
        yield unknown(Section.OUTSIDE, "registry", what, *filter(None, [fix]), key="image.pullSecret")
    else:
        what = f"The registry has no {plan.image} ({status})."
        yield fails(Section.OUTSIDE, "registry", what, f"{key}: an image that exists", key=key)
