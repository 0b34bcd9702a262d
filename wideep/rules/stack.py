"""Rules of the stack around the layout: names, extra arguments, platform, model cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from wideep import names
from wideep.backends.sglang import OPERATOR_FLAGS, survives_shell
from wideep.errors import Problem
from wideep.memory.weights import model_bytes
from wideep.rules.hardware import nodes_needed
from wideep.settings.quantity import quantity_bytes
from wideep.settings.root import Settings
from wideep.settings.services import AccessMode

__all__ = ["stack_problems"]

SPARE: Final = 1.1
"""A volume with room for the model and a tenth more: the filesystem and the downloader's partial files take some."""

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
        _platform_version(settings),
        _monitoring(settings),
        _grove(settings),
        _cache_size(settings),
        _cache_mode(settings),
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


def _platform_version(settings: Settings) -> Problem | None:
    """Dynamo 1.0 has no dynamo-crds chart any more, and other values for etcd, NATS and Grove."""
    version = settings.platform.version
    if re.match(r"0\.", version):
        return None
    rule = "this program installs Dynamo 0.6: from 1.0 on there is no dynamo-crds chart, and other values"
    return Problem("platform.version", version, rule, "write version: 0.6.0")


def _monitoring(settings: Settings) -> Problem | None:
    if not settings.monitoring.enabled:
        return None
    rule = "this program does not bring Prometheus and Grafana; the chart makes PodMonitors where Prometheus is there"
    return Problem("monitoring.enabled", "true", rule, "write enabled: false; install the Prometheus operator first")


def _grove(settings: Settings) -> Problem | None:
    """The operator refuses workers of several pods without Grove (or LeaderWorkerSet and Volcano)."""
    grove = settings.platform.values.get("grove")
    off = isinstance(grove, dict) and cast("dict[str, object]", grove).get("enabled") is False
    wide = [name for name, role in settings.layout.roles.items() if role.nodes > 1]
    if not off or not wide or not settings.platform.install:
        return None
    rule = f"workers of several pods ({', '.join(wide)}) are started by Grove"
    return Problem("platform.values.grove.enabled", "false", rule, "take it out, or write nodes: 1")


def _cache_size(settings: Settings) -> Problem | None:
    """The whole repository is downloaded to the volume."""
    cache = settings.model_cache
    needed = settings.model.disk_bytes or model_bytes(settings.model)
    if cache.existing_claim or quantity_bytes(cache.size) >= needed:
        return None
    wanted = -(-int(needed * SPARE) // (50 * 2**30)) * 50
    size = f"{quantity_bytes(cache.size) / 1e9:.1f} GB"
    rule = f"{settings.model.name} is {needed / 1e9:.1f} GB on disk, and the volume has {size}"
    return Problem("modelCache.size", cache.size, rule, f"write size: {wanted}Gi or more")


def _cache_mode(settings: Settings) -> Problem | None:
    """A ReadWriteOnce volume is mounted on one node; pods on another wait for ever."""
    cache, roles = settings.model_cache, settings.layout.roles
    nodes = nodes_needed(roles.values(), settings.hardware.gpus_per_node)
    if cache.access_mode is not AccessMode.READ_WRITE_ONCE or cache.existing_claim or nodes == 1:
        return None
    rule = f"only one node can mount the volume, and the workers are on {nodes}"
    return Problem("modelCache.accessMode", cache.access_mode, rule, "write accessMode: ReadWriteMany")
