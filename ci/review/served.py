"""What a change is worth: what the layout served and will serve, for a pull request's comment."""

from __future__ import annotations

from collections.abc import Iterator

from wideep.plan.takes import takes
from wideep.price import money
from wideep_cli.advise.extra import estimator_version
from wideep_cli.advise.forecast import Forecast, forecast, forecast_facts, forecast_lines
from wideep_cli.advise.words import asked_traffic
from wideep_cli.markdown import changed, table
from wideep_cli.stack_context import StackContext

__all__ = ["served"]


def served(before: StackContext | None, after: StackContext) -> Iterator[str]:
    """Lines of Markdown. None where the stack says of no traffic, or the estimator is not installed."""
    traffic = after.settings.traffic
    if traffic is None or estimator_version() is None:
        return
    found = forecast(after.settings, traffic)
    if isinstance(found, str) or not (facts := _facts(found, after)):
        yield from ("", *forecast_lines(found))
        return
    earlier = forecast(before.settings, traffic) if before else ""
    old = {} if isinstance(earlier, str) or before is None else _facts(earlier, before)
    rows = [[name, old.get(name, "–"), changed(old.get(name), value)] for name, value in facts.items()]
    yield from ("", f"**What it serves**, predicted for {asked_traffic(traffic)}", "")
    yield table(["", "before", "after"], rows)
    yield from ("", forecast_lines(found)[-1])


def _facts(found: Forecast, loaded: StackContext) -> dict[str, str]:
    """The forecast's figures, and what tokens cost where the stack says a price."""
    price = takes(loaded.settings, loaded.plan).price_per_million_tokens(found.rate) if found.rate else None
    facts = forecast_facts(found)
    return facts if price is None else {**facts, "cost per million output tokens": money(price)}
