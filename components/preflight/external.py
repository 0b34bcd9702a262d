"""What a stack finds outside its own resources, looked at before the first of them is made, in previews too.

What cannot be asked from here is no problem: the nodes may reach what this machine does not.
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
    """Raise pulumi.RunError with all that is not as the config says, or where the state has no room on its disk."""
    _check_room()
    refuse(external_answers(plan, registry_login(plan)))


def external_answers(plan: Plan, login: Login | None) -> Iterator[Answer]:
    """Yield what is known of the charts that the config names by digest (Helm itself looks for the others), and of an
    image that exists."""
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
