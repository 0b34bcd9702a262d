"""Check what the stack needs outside the cluster, as far as this machine can reach it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wideep.plan import Plan
from wideep_cli.doctor.builder import builder_finding
from wideep_cli.doctor.finding import Finding, Section, answered, fails, holds, unknown
from wideep_cli.doctor.hub import find_token, hub_findings, stack_secret
from wideep_cli.doctor.state import state_findings
from wideep_cluster.charts import Chart, is_folder
from wideep_cluster.dynamo.external import chart_answer, charts_of, image_answer
from wideep_cluster.http import WebError
from wideep_cluster.registry import Login, Reference, ping

__all__ = ["outside_findings"]


def outside_findings(plan: Plan, stack_file: Path, *, pulled: bool) -> list[Finding]:
    """Check charts, registry, builder, Hugging Face and the state. ``pulled``: the nodes already have the image."""
    with ThreadPoolExecutor(3) as pool:
        charts = pool.submit(lambda: list(_charts(plan, stack_file.resolve().parent)))
        image = pool.submit(lambda: _push(plan, pulled) if plan.image_source.build else _image(plan, stack_file))
        hub = pool.submit(lambda: list(hub_findings(plan, find_token(stack_file))))
        builder = builder_finding(plan)
        here = [*([builder] if builder else []), *state_findings(stack_file)]
        return [*charts.result(), image.result(), *here, *hub.result()]


def _charts(plan: Plan, project: Path) -> Iterator[Finding]:
    """Check that the Helm repository, OCI registry or folder has the charts."""
    platform = plan.platform
    if not platform.install:
        return
    where = str(project / platform.charts) if is_folder(platform.charts) else platform.charts
    charts = {name: Chart(where, name, platform.version) for name in charts_of(platform)}
    answers = dict.fromkeys(chart_answer(chart, platform.digests.get(name)) for name, chart in charts.items())
    found = [finding for answer in answers if (finding := answered(Section.OUTSIDE, "charts", answer))]
    has = f"{platform.charts} has {' and '.join(charts)} {platform.version}."
    yield from found or [holds(Section.OUTSIDE, "charts", has)]


def _image(plan: Plan, stack_file: Path) -> Finding:
    """Check that the registry has the image."""
    registry = plan.image_source.registry
    password = stack_secret(stack_file, "image.registry.password") if registry else None
    answer = image_answer(plan.image_source, Login(registry.username, password) if registry and password else None)
    if isinstance(answer, WebError):
        fix = "" if plan.image_source.pull_secret else "image.pullSecret: a Secret with which the pods pull"
        what = f"Cannot tell whether image {plan.image} exists: {answer}."
        return unknown(Section.OUTSIDE, "registry", what, *filter(None, [fix]), key="image.pullSecret")
    has = holds(Section.OUTSIDE, "registry", f"The registry has {plan.image}.")
    return answered(Section.OUTSIDE, "registry", answer) or has


def _push(plan: Plan, pulled: bool) -> Finding:
    """Check that the registry to push to is reachable."""
    reference = Reference.parse(plan.image)
    try:
        ping(reference)
    except WebError as error:
        what = f"The registry {reference.host} is unreachable from this machine: {error}."
        if pulled:
            return unknown(Section.OUTSIDE, "registry", f"{what} The nodes may still reach it.")
        fix = "set image.repository to a registry that this machine can push to and the nodes can pull from"
        return fails(Section.OUTSIDE, "registry", what, fix, key="image.repository")
    return holds(Section.OUTSIDE, "registry", f"Registry {reference.host} is reachable.")
