"""The report of a plan, with a forecast if the stack states its traffic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from wideep.settings.backend import Backend
from wideep_cli.layouts.served import suggestion
from wideep_cli.options import OutputFormat
from wideep_cli.plan.scaling import scaling_lines
from wideep_cli.stack_context import StackContext

if TYPE_CHECKING:
    from rich.console import RenderableType

    from wideep_cli.advise.forecast import Forecast

__all__ = ["plan_report"]

TITLE = "What it serves"
COST = "What it takes"
SCALING = "Who scales the workers"


def plan_report(loaded: StackContext, output: OutputFormat, cluster: str | None = None) -> RenderableType:
    """Return the report: text for one screen, the Plan's JSON, or Markdown for a pull request. ``cluster`` is where
    `pulumi up` would act; only the text shows it, because it is specific to the caller."""
    found = _forecast(loaded)
    rate = _rate(found)
    match output:
        case OutputFormat.JSON:
            return _json(loaded, found)
        case OutputFormat.MARKDOWN:
            from wideep_cli.plan.markdown import plan_markdown

            parts = {
                SCALING: [f"{role}: {text}" for role, text in scaling_lines(loaded)],
                TITLE: _served_lines(loaded, found),
                COST: [f"{name}: {text}" for name, text in _takes(loaded, rate)],
            }
            listed = ((title, "".join(f"\n- {line}" for line in lines)) for title, lines in parts.items() if lines)
            return plan_markdown(loaded) + "".join(f"\n\n**{title}**\n{lines}" for title, lines in listed) + "\n"
        case OutputFormat.TEXT:
            from rich.console import Group
            from rich.text import Text

            from wideep_cli.plan.text import block, labelled, plan_text

            where = [("cluster", cluster)] if cluster else []
            lines = [Text(line) for line in _served_lines(loaded, found)]
            scaled = scaling_lines(loaded)
            return Group(
                plan_text(loaded),
                *block(SCALING, [labelled(scaled)] if scaled else []),
                *block(TITLE, lines),
                *block(COST, [labelled([*where, *_takes(loaded, rate)])]),
            )


def _json(loaded: StackContext, found: Forecast | str | None) -> str:
    from wideep_cli.plan.takes_report import takes_object

    body: dict[str, object] = json.loads(loaded.plan.model_copy(update={"warnings": loaded.warnings}).to_json())
    body["takes"] = takes_object(loaded, _rate(found))
    if found is not None:
        body["prediction"] = _prediction(found)
    return json.dumps(body, indent=2, ensure_ascii=False)


def _prediction(found: Forecast | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"reason": found}
    from wideep_cli.advise.forecast import forecast_object

    return forecast_object(found)


def _takes(loaded: StackContext, rate: float | None) -> list[tuple[str, str]]:
    from wideep_cli.plan.takes_report import takes_lines

    return takes_lines(loaded, rate)


def _forecast(loaded: StackContext) -> Forecast | str | None:
    """Return the prediction for the stack's traffic, or the reason why there is none; None if no traffic is stated."""
    if loaded.settings.traffic is None:
        return None
    from wideep_cli.advise.extra import HOW, estimator_version

    if estimator_version() is None:  # checked here, too, so as not to import the forecast for nothing
        return HOW
    from wideep_cli.advise.forecast import forecast

    return forecast(loaded.settings, loaded.settings.traffic)


def _rate(found: Forecast | str | None) -> float | None:
    """Return the predicted output tokens/s per GPU; None without a prediction."""
    return None if found is None or isinstance(found, str) else found.rate


def _served_lines(loaded: StackContext, found: Forecast | str | None) -> list[str]:
    """Return the lines of the forecast; without one, the reason and what is recorded for the presets."""
    settings = loaded.settings
    sglang = settings.backend is Backend.SGLANG
    known = suggestion(settings.layout, settings.model, settings.hardware.gpu) if sglang else None
    lines = [known] if known else []
    if found is None or isinstance(found, str):
        return [found, *lines] if found else lines
    from wideep_cli.advise.forecast import forecast_lines

    return forecast_lines(found)
