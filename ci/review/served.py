"""The predicted throughput and latency of the layout before and after a change, for a pull request's comment."""

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
    """Yield lines of Markdown; none if the stack has no ``traffic``, or if the estimator is not installed."""
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
    """Return the forecast's figures, and the cost of tokens if the stack has a price."""
    price = takes(loaded.settings, loaded.plan).price_per_million_tokens(found.rate) if found.rate else None
    facts = forecast_facts(found)
    return facts if price is None else {**facts, "cost per million output tokens": money(price)}
