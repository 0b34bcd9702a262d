"""The stack configs of the golden manifests: every preset with the model it is meant for, and both image sources."""

from __future__ import annotations

from typing import Any

import wideep
from components.monitoring import monitor_spec
from wideep.dynamo import release
from wideep.dynamo.releases import newest
from wideep.monitoring.alerts import rule_group
from wideep.settings.backend import Backend
from wideep.settings.layout import Preset

NEWEST = newest().version

R1 = "deepseek-ai/DeepSeek-R1"
R1_FP4 = "nvidia/DeepSeek-R1-FP4"
QWEN = "Qwen/Qwen3-30B-A3B"

SITES: dict[Preset, tuple[str, dict[str, object]]] = {
    Preset.LAB_8GPU: (QWEN, {"gpu": "H100-80", "nodes": 1, "gpusPerNode": 8, "interconnect": "ethernet"}),
    Preset.LAB_16GPU_SINGLENODE: (R1, {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.LAB_16GPU_MULTINODE: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 4, "interconnect": "infiniband"}),
    Preset.LAB_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "roce"}),
    Preset.WIDE_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.WIDE_64GPU: (R1, {"gpu": "H200", "nodes": 8, "gpusPerNode": 8, "interconnect": "roce"}),
    Preset.WIDE_104GPU: (R1, {"gpu": "H100-80", "nodes": 14, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.VLLM_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.TRTLLM_36GPU: (R1_FP4, {"gpu": "GB200", "nodes": 9, "gpusPerNode": 4, "interconnect": "nvlink"}),
    Preset.BEST_16GPU: (R1, {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.BEST_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.BEST_64GPU: (R1, {"gpu": "H200", "nodes": 8, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.BEST_104GPU: (R1, {"gpu": "H200", "nodes": 13, "gpusPerNode": 8, "interconnect": "infiniband"}),
}
"""Where each preset runs. wide-104gpu is on H100, as in SGLang's report, with a node to spare."""
ON_SGLANG = tuple(preset for preset in Preset if preset.backend is not Backend.TRTLLM)
"""Presets that run on SGLang too; the rest have weights that it does not take here."""

IMAGES: dict[str, dict[str, object]] = {
    "build": {"source": "build", "repository": "registry.example.com/dynamo-wideep", "tag": "0.6.0"},
    "existing": {
        "source": "existing",
        "reference": f"registry.example.com/dynamo-wideep@sha256:{'0123456789abcdef' * 4}",
        "pullSecret": "registry-pull",
    },
}


def config(preset: Preset, **changes: object) -> dict[str, object]:
    """A stack config for a preset, with whole keys changed."""
    model, hardware = SITES[preset]
    return {
        "namespace": "dynamo-workshop",
        "model": model,
        "hardware": hardware,
        "layout": preset.value,
        "image": IMAGES["build"],
        "hfTokenSecret": "hf-token-secret",
        "modelCache": {"size": "1Ti"},
        "platform": {"version": "0.6.0"},
        **changes,
    }


def manifest(preset: Preset, image: str = "build") -> dict[str, object]:
    """What the Plan says now."""
    (only,) = wideep.load(config(preset, image=IMAGES[image])).manifests
    return only


def manifest_of(preset: Preset, version: str) -> dict[str, Any]:
    """The same for another release of Dynamo, with NVIDIA's image."""
    (only,) = wideep.load(config(preset, platform={"version": version}, image={"source": "published"})).manifests
    return only


def on_its_engine(preset: Preset) -> dict[str, object]:
    """The keys of a stack that runs a recipe of another engine on that, in the newest release."""
    return {"backend": str(preset.backend), "platform": {"version": NEWEST}, "image": {"source": "published"}}


def manifest_on_its_engine(preset: Preset) -> dict[str, object]:
    """The same of a recipe of another engine, on that, in the newest release."""
    (only,) = wideep.load(config(preset, **on_its_engine(preset))).manifests
    return only


def monitoring_of(version: str) -> dict[str, Any]:
    """What `monitoring` makes of a release: the chart's values, monitors, alerts."""
    keys = {"platform": {"version": version}, "image": {"source": "existing", **IMAGES["existing"]}}
    traffic = {"isl": 4096, "osl": 512, "ttft": "2s", "itl": "50ms"}
    asked = config(Preset.WIDE_32GPU, monitoring={"enabled": True, "storage": "200Gi"}, traffic=traffic, **keys)
    plan = wideep.load(asked)
    assert plan.monitoring is not None
    monitors = {each.name: {each.kind: monitor_spec(plan.monitoring, each)} for each in plan.monitoring.monitors}
    return {"values": plan.monitoring.values, "monitors": monitors, "alerts": rule_group(plan, release(version).row)}
