"""What a stack finds outside its own resources, looked at before the first of them is made, in previews too.

Each answers with Problems. What cannot be asked from here is none: the nodes may reach what this machine does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pulumi

from components.stack_config import registry_login
from wideep.errors import ConfigError, Problem
from wideep.plan import ImagePlan, Plan, PlatformPlan
from wideep_cluster.charts import Chart, ChartError
from wideep_cluster.http import WebError
from wideep_cluster.pulumi_backend import backend_url, lack_of_room, state_folder
from wideep_cluster.registry import Login, Reference, manifest, stored_login

__all__ = ["chart_problems", "check_surroundings", "image_problems"]

REFUSED: Final = (401, 403)


def check_surroundings(plan: Plan) -> None:
    """Raises pulumi.RunError with all that is not as the config says, or where the state has no room on its disk."""
    _check_room()
    problems = [*chart_problems(plan.platform), *image_problems(plan.image_plan, registry_login(plan))]
    if problems:
        raise pulumi.RunError(str(ConfigError(problems)))


def _check_room() -> None:
    try:
        folder = state_folder(backend_url())
    except (OSError, ValueError) as error:
        pulumi.log.debug(f"where the state is was not to be told: {error}")
        return
    lack = lack_of_room(folder) if folder else None
    if lack:
        raise pulumi.RunError(f"{lack}\n  Nothing was changed. Free some room there, then `pulumi up` again.")


def image_problems(plan: ImagePlan, login: Login | None) -> list[Problem]:
    """Whether the registry has the image that exists, by its own word."""
    if plan.build is not None:
        return []
    reference = Reference.parse(plan.reference)
    try:
        status, body = manifest(reference, login or stored_login(reference.host))
    except WebError as error:
        pulumi.log.debug(f"whether {plan.reference} exists was not asked: {error}")
        return []
    if login and status in REFUSED:
        pulumi.log.warn(f"{reference.host} refuses the login of image.registry ({status}): pods could not pull either")
    if status != 404 or not _is_registrys(body):
        return []
    rule = f"the registry {reference.host} answers that it has no such image, and the pods would wait for it for ever"
    return [Problem("image.reference", plan.reference, rule, "write reference: a tag or digest that is there")]


def chart_problems(plan: PlatformPlan) -> list[Problem]:
    """Whether the charts are those that the config names by digest."""
    return list(_other_charts(plan)) if plan.install else []


def _other_charts(plan: PlatformPlan) -> Iterator[Problem]:
    for chart, wanted in plan.digests.items():
        key = f"platform.digests.{chart.removeprefix('dynamo-')}"
        try:
            found = Chart(plan.charts, chart, plan.version).digest()
        except ChartError as error:
            rule = f"whether {chart} {plan.version} of {plan.charts} is this one cannot be told from here: {error}"
            fix = "write platform.charts: a place that can be read from here, or take the digest out"
            yield Problem(key, wanted, rule, fix)
            continue
        if found != wanted:
            rule = f"{chart} {plan.version} of {plan.charts} is another one: {found}"
            yield Problem(
                key, wanted, rule, "write that digest if the change is meant, or charts: where it is unchanged"
            )


def _is_registrys(body: bytes) -> bool:
    """An error as the registries' specification has it, and not one of what stands before the registry."""
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and "errors" in answer
