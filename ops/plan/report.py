"""A plan in the form asked for."""

from __future__ import annotations

from rich.console import RenderableType

from ops.load import Loaded
from ops.options import OutputFormat

__all__ = ["plan_report"]


def plan_report(loaded: Loaded, output: OutputFormat) -> RenderableType:
    """Text on one screen, the Plan's JSON, or Markdown for a pull request."""
    match output:
        case OutputFormat.JSON:
            return loaded.plan.model_copy(update={"warnings": loaded.warnings}).to_json()
        case OutputFormat.MARKDOWN:
            from ops.plan.markdown import plan_markdown

            return plan_markdown(loaded)
        case OutputFormat.TEXT:
            from ops.plan.text import plan_text

            return plan_text(loaded)
