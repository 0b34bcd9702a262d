"""What a stack needs outside its own resources, checked before the first of them is created, in previews too.

A source that this machine cannot reach is not a problem: the nodes may reach it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from components.preflight import refuse
from components.stack_config import registry_login
from wideep.plan import Plan
from wideep.pulumi_backend import backend_url, lack_of_room, state_folder
from wideep_cluster.charts import Chart
from wideep_cluster.dynamo.external import RefusedLoginError, chart_answer, image_answer
from wideep_cluster.errors import Answer
from wideep_cluster.registry import Login

__all__ = ["check_external", "external_answers"]


def check_external(plan: Plan) -> None:
    """Raise pulumi.RunError with everything that differs from the config, or if the disk with the state has no space
    left."""
    _check_room()
    refuse(external_answers(plan, registry_login(plan)))


def external_answers(plan: Plan, login: Login | None) -> Iterator[Answer]:
    """Yield the results for the charts whose digest the config gives (Helm itself looks for the others), and for an
    existing image."""
    platform = plan.platform
    for name, digest in platform.digests.items() if platform.install else ():
        yield chart_answer(Chart(platform.charts, name, platform.version), digest)
    image = image_answer(plan.image_source, login)
    if isinstance(image, RefusedLoginError):
        pulumi.log.warn(str(image))
    yield image


def _check_room() -> None:
    try:
        folder = state_folder(backend_url())
    except (OSError, ValueError) as error:
        pulumi.log.debug(f"could not determine the state's location ({error}); skipping the disk space check")
        return
    lack = lack_of_room(folder) if folder else None
    if lack:
        raise pulumi.RunError(f"{lack}\n  Nothing was changed. Free disk space there, then run `pulumi up` again.")
