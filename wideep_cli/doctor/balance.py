"""Check how evenly the experts' load is spread over the GPUs, as the engine logs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.engines import engine_of
from wideep.rules import RoleContext, check_role
from wideep.settings.layout import Role
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.finding import Finding, Section, fails, holds

__all__ = ["balance_findings"]

UNEVEN: Final = 0.5
"""The busiest GPU of a layer has twice the mean load: the others spend half of their time waiting for it."""


def balance_findings(case: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each role whose log reports the balance, which takes metrics that extraArgs turns on."""
    average = engine_of(case.settings).log.average_balance
    for role in case.plan.roles:
        pods = [pod for pod in case.graph_pods if pod.component == role and pod.ready]
        logs = (case.view.logs(pod, False) for pod in pods[:1])
        found = [average.findall(log) for log in logs if log and average]
        if found and found[0]:
            widest = max(int(size) for size, _ in found[0])
            value = [float(text) for size, text in found[0] if int(size) == widest][-1]
            yield _finding(case, role, value, widest)


def _finding(case: CheckContext, role: Role, value: float, passes: int) -> Finding:
    what = f"{role}: the GPUs' load over the last {passes} passes is {value:.0%} of the busiest one's."
    if value >= UNEVEN:
        return holds(Section.GRAPH, "balance", what)
    site = case.site(role)
    key = f"layout.{role}.redundantExperts" if site.role.eplb.enabled else f"layout.{role}.eplb"
    return fails(Section.GRAPH, "balance", what, *_fixes(site), key=key)


def _fixes(site: RoleContext) -> Iterator[str]:
    if not site.role.eplb.enabled:
        balanced = site.changed(eplb=site.role.eplb.model_copy(update={"enabled": True}))
        if not check_role(balanced):
            yield f"layout.{site.name}.eplb: {{enabled: true}}"
    more = site.changed(redundant_experts=site.role.redundant_experts + site.role.ep)
    problems = check_role(more)
    if not problems:
        memory = more.memory
        yield (
            f"layout.{site.name}.redundantExperts: {more.role.redundant_experts} "
            f"leaves {memory.kv_cache_gb:.1f} GB for KV ({memory.kv_cache_tokens:,} tokens)"
        )
    else:
        yield f"No room for more redundant experts: {problems[0].rule}. Record a distribution: wideep eplb record."
