"""Stack configs for tests of the domain: a valid one, and variations of it."""

from __future__ import annotations

from collections.abc import Mapping

from wideep.errors import ConfigError
from wideep.rules import accept, check
from wideep.rules.registry import sites
from wideep.rules.role_context import RoleContext
from wideep.settings import Settings, parse
from wideep.settings.layout import Role
from wideep.settings.reading import ReadText

__all__ = ["EXAMPLE", "LAB", "broken", "hardware", "settings", "site", "stack", "told"]

LAB: dict[str, object] = {"version": "0.6.0"}
"""The lab's release, which most tests use. A stack that names no release gets another one."""
EXAMPLE: dict[str, object] = {
    "name": "example/new-model",
    "family": "qwen3-moe",
    "weightFormat": "bf16",
    "layers": 4,
    "hiddenSize": 2048,
    "vocabSize": 1000,
    "attention": {"kind": "gqa", "heads": 16, "kvHeads": 4, "headDim": 128},
    "experts": 64,
    "expertsPerToken": 4,
    "expertWidth": 768,
    "contextLength": 32768,
}
"""A model given by its shape, which is not in the catalog."""


def hardware(
    gpu: str = "H200", nodes: int = 64, gpus_per_node: int = 8, interconnect: str = "infiniband"
) -> dict[str, object]:
    """Return the ``hardware`` key: by default more nodes than any test needs."""
    return {"gpu": gpu, "nodes": nodes, "gpusPerNode": gpus_per_node, "interconnect": interconnect}


def stack(**changed: object) -> dict[str, object]:
    """Return DeepSeek-R1 on option A of the lab and the lab's release, with some keys changed; None removes a key."""
    platform = changed.get("platform", {})
    if isinstance(platform, dict):
        changed["platform"] = {**LAB, **platform}
    config: dict[str, object] = {
        "namespace": "dynamo-workshop",
        "model": "deepseek-ai/DeepSeek-R1",
        "hardware": hardware(),
        "layout": "lab-16gpu-singlenode",
        "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep:0.6.0"},
        "hfToken": {"secure": "v1:abc"},
        "modelCache": {"size": "2Ti"},
        **changed,
    }
    return {key: value for key, value in config.items() if value is not None}


def settings(**changed: object) -> Settings:
    """Return the Settings of ``stack``."""
    return parse(stack(**changed))


def site(role: str = "decode", preset: str = "wide-32gpu", model: str | None = None, **changed: object) -> RoleContext:
    """Return one role of a preset, with keys of that role changed."""
    model = model or "deepseek-ai/DeepSeek-R1"
    both = sites(settings(model=model, layout={"preset": preset, role: changed}))
    return next(each for each in both if each.name is Role(role))


def told(key: str, read_text: ReadText | None = None, /, **changed: object) -> str:
    """Return all messages about one key of a stack, wrong values and broken rules; empty if the stack is accepted."""
    try:
        accept(stack(**changed), read_text)
    except ConfigError as error:
        return "\n".join(str(problem) for problem in error.problems if problem.key == key)
    return ""


def broken(layout: Mapping[str, object] | str, **changed: object) -> dict[str, str]:
    """Return the broken rules of a stack: the whole message, by key."""
    return {problem.key: str(problem) for problem in check(settings(layout=layout, **changed))}
