"""A plan in the form asked for, with a forecast where the stack says for which traffic."""

from __future__ import annotations

import json

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from wideep.settings.backend import Backend
from wideep_cli.layouts.served import suggestion
from wideep_cli.options import OutputFormat
from wideep_cli.stack_context import StackContext

__all__ = ["plan_report"]

TITLE = "What it serves"


def plan_report(loaded: StackContext, output: OutputFormat) -> RenderableType:
    """Text on one screen, the Plan's JSON, or Markdown for a pull request."""
    match output:
        case OutputFormat.JSON:
            return _json(loaded)
        case OutputFormat.MARKDOWN:
            from wideep_cli.plan.markdown import plan_markdown

            lines = _served_lines(loaded)
            listed = "".join(f"\n- {line}" for line in lines)
            return plan_markdown(loaded) + (f"\n\n**{TITLE}**\n{listed}\n" if lines else "")
        case OutputFormat.TEXT:
            from wideep_cli.plan.text import plan_text

            lines = _served_lines(loaded)
            block = [Text(f"\n{TITLE}", style="bold"), *(Padding(Text(line), (0, 0, 0, 2)) for line in lines)]
            return Group(plan_text(loaded), *block) if lines else plan_text(loaded)


def _json(loaded: StackContext) -> str:
    text = loaded.plan.model_copy(update={"warnings": loaded.warnings}).to_json()
    traffic = loaded.settings.traffic
    if traffic is None:
        return text
    from wideep_cli.advise.forecast import forecast, forecast_object

    found = forecast(loaded.settings, traffic)
    return json.dumps({**json.loads(text), "prediction": forecast_object(found)}, indent=2, ensure_ascii=False)


def _served_lines(loaded: StackContext) -> list[str]:
    """The forecast; where there is none, what is known of the presets."""
    settings = loaded.settings
    sglang = settings.backend is Backend.SGLANG
    known = suggestion(settings.layout, settings.model, settings.hardware.gpu) if sglang else None
    lines = [known] if known else []
    if settings.traffic is None:
        return lines
    from wideep_cli.advise.forecast import forecast, forecast_lines

    found = forecast(settings, settings.traffic)
    return [*forecast_lines(found), *(lines if isinstance(found, str) else [])]
