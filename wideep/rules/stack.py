"""Rules of the stack around the layout: names and extra arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from wideep import names
from wideep.backends.sglang import OPERATOR_FLAGS, survives_shell
from wideep.errors import Problem
from wideep.settings.root import Settings

__all__ = ["stack_problems"]

OWN_FLAGS: Final[Mapping[str, str]] = {
    "--tp-size": "tp",
    "--tensor-parallel-size": "tp",
    "--tp": "tp",
    "--dp-size": "dp",
    "--data-parallel-size": "dp",
    "--dp": "dp",
    "--ep-size": "ep",
    "--expert-parallel-size": "ep",
    "--ep": "ep",
    "--enable-dp-attention": "dp",
    "--enable-dp-lm-head": "dpLmHead",
    "--moe-dense-tp-size": "moeDenseTp",
    "--moe-a2a-backend": "moeA2aBackend",
    "--enable-deepep-moe": "moeA2aBackend: deepep",
    "--deepep-mode": "deepepMode",
    "--enable-two-batch-overlap": "twoBatchOverlap",
    "--ep-num-redundant-experts": "redundantExperts",
    "--enable-eplb": "eplb.enabled",
    "--eplb-algorithm": "eplb.algorithm",
    "--eplb-rebalance-num-iterations": "eplb.rebalanceIterations",
    "--ep-dispatch-algorithm": "eplb.dispatchAlgorithm",
    "--expert-distribution-recorder-mode": "eplb.recorderMode",
    "--init-expert-location": "eplb.initialExpertLocation",
    "--mem-fraction-static": "memFractionStatic",
    "--chunked-prefill-size": "chunkedPrefillSize",
    "--context-length": "contextLength",
    "--cuda-graph-bs": "cudaGraphBatchSizes",
}
"""Flags of the engine that a config key sets."""
PROGRAM_FLAGS: Final = (
    "--model-path",
    "--model",
    "--served-model-name",
    "--host",
    "--disaggregation-mode",
    "--disaggregation-transfer-backend",
    "--disaggregation-bootstrap-port",
)
"""Flags that follow from the stack; above all one path of the cache for both roles."""


def stack_problems(settings: Settings) -> list[Problem]:
    """All broken rules of the stack around its layout."""
    found = (
        *_arguments(settings),
        _graph_name(settings),
        _namespace(settings),
        _monitoring(settings),
    )
    return [problem for problem in found if problem]


def _arguments(settings: Settings) -> Iterator[Problem]:
    """The operator joins the arguments unquoted into one shell line, and appends its own; SGLang takes the last."""
    for name, role in settings.layout.roles.items():
        key = f"layout.{name}.extraArgs"
        for arg in role.extra_args:
            flag = arg.split("=", 1)[0]
            if not survives_shell(arg):
                rule = "the operator joins the arguments unquoted into one shell line: no blanks, quotes or $ in one"
                yield Problem(key, repr(arg), rule, "write the flag and its value as two items, without quotes")
            elif flag in OPERATOR_FLAGS:
                rule = "the Dynamo operator appends this flag to the workers itself"
                yield Problem(key, arg, rule, "take it out; nodes says how many pods a worker has")
            elif flag in OWN_FLAGS:
                rule = (
                    f"layout.{name}.{OWN_FLAGS[flag].split(':')[0]} sets this flag, and rules are checked on that key"
                )
                yield Problem(key, arg, rule, f"take it out and write {OWN_FLAGS[flag]}")
            elif flag in PROGRAM_FLAGS:
                yield Problem(key, arg, "this flag follows from the stack, for both roles alike", "take it out")


def _graph_name(settings: Settings) -> Problem | None:
    """Grove's webhook leaves 45 characters for the names of graph, scaling group and clique together."""
    name = settings.name
    if name is None:
        return None
    for role_name, role in settings.layout.roles.items():
        length = names.grove_length(name, role_name, role.nodes)
        if role.nodes > 1 and length > names.GROVE_LIMIT:
            rule = f"Grove allows {names.GROVE_LIMIT} characters for graph, role and pods' names, here are {length}"
            return Problem("name", name, rule, f"write a name of {names.GRAPH_LIMIT} characters or fewer")
    return None


def _namespace(settings: Settings) -> Problem | None:
    """The etcd chart takes a namespace with "ephemeral" in its name for a temporary one, and breaks."""
    if not settings.platform.install or "ephemeral" not in settings.namespace:
        return None
    rule = 'the etcd chart breaks in a namespace with "ephemeral" in its name'
    return Problem("namespace", settings.namespace, rule, "choose another name")


def _monitoring(settings: Settings) -> Problem | None:
    if not settings.monitoring.enabled:
        return None
    rule = "this program does not bring Prometheus and Grafana; the chart makes PodMonitors where Prometheus is there"
    return Problem("monitoring.enabled", "true", rule, "write enabled: false; install the Prometheus operator first")
