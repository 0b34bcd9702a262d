"""What a stack needs outside its cluster: the charts of the platform, and an existing image."""

from __future__ import annotations

import json
from typing import Any, Final

from wideep.dynamo.api import PLATFORM_CHART
from wideep.errors import Problem
from wideep.plan import ImageSource, PlatformPlan
from wideep_cluster.charts import Chart, ChartError
from wideep_cluster.errors import Answer
from wideep_cluster.http import WebError
from wideep_cluster.registry import Login, Reference, manifest, stored_login

__all__ = ["RefusedLoginError", "chart_answer", "charts_of", "image_answer"]

NO_ENTRY: Final = (401, 403)
NOT_FOUND: Final = 404


class RefusedLoginError(WebError):
    """The registry rejects the login of the stack config."""


def charts_of(platform: PlatformPlan) -> tuple[str, ...]:
    """Return the names of the charts from which a platform is installed."""
    return (platform.crds_chart, PLATFORM_CHART) if platform.crds_chart else (PLATFORM_CHART,)


def chart_answer(chart: Chart, digest: str | None) -> Answer:
    """Return why a chart is missing or differs from the digest in the config; None if it is as it should be."""
    what = f"{chart.name} {chart.version} of {chart.charts}"
    try:
        found = chart.digest() if digest else chart.look()
    except ChartError as error:
        if digest:
            rule = f"cannot verify the digest of {what} from this machine: {error}"
            fix = "set platform.charts: a place that can be read from here, or take the digest out"
            return Problem(_digest_key(chart), digest, rule, fix)
        if error.status in NO_ENTRY:
            return error
        fix = f"set platform.charts: a repository, an oci:// registry or a folder with {chart.name}"
        return Problem("platform.charts", chart.charts, f"cannot get {what} from this machine: {error}", fix)
    if found == digest:
        return None
    fix = "write that digest if the change is intended, or charts: where it is unchanged"
    return Problem(_digest_key(chart), str(digest), f"{what} is another one: {found}", fix)


def image_answer(image: ImageSource, login: Login | None) -> Answer:
    """Return why the registry, according to its own answer, does not have an existing image; None if it has it, or if
    the stack builds the image. Without ``login``, the stack's own, the login that Helm or Docker has stored is
    tried."""
    if image.build is not None:
        return None
    reference = Reference.parse(image.reference)
    try:
        status, body = manifest(reference, login or stored_login(reference.host))
    except WebError as error:
        return WebError(f"the registry {reference.host} is unreachable from this machine: {error}")
    if status == NOT_FOUND and _is_registrys(body):
        rule = f"the registry {reference.host} has no such image: the pods would never start"
        return Problem("image.reference", image.reference, rule, "set reference: an existing tag or digest")
    if status in NO_ENTRY:
        if login:
            said = f"{reference.host} refuses the login of image.registry ({status}): pods could not pull either"
            return RefusedLoginError(said)
        return WebError(f"{reference.host} requires credentials for {image.reference} ({status})")
    return None if status == 200 else WebError(f"{reference.host} answers {status} for {image.reference}")


def _digest_key(chart: Chart) -> str:
    return f"platform.digests.{chart.name.removeprefix('dynamo-')}"


def _is_registrys(body: bytes) -> bool:
    """Tell whether the error has the form of the registry specification, and so is not that of a proxy before the
    registry."""
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and "errors" in answer
