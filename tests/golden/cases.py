"""The stack configs of the golden manifests: every preset with the model it is meant for, and both image sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

import wideep
from wideep.settings.layout import Preset

HERE = Path(__file__).parent

R1 = "deepseek-ai/DeepSeek-R1"
QWEN = "Qwen/Qwen3-30B-A3B"

SITES: dict[Preset, tuple[str, dict[str, object]]] = {
    Preset.LAB_8GPU: (QWEN, {"gpu": "H100-80", "nodes": 1, "gpusPerNode": 8, "interconnect": "ethernet"}),
    Preset.LAB_16GPU_SINGLENODE: (R1, {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.LAB_16GPU_MULTINODE: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 4, "interconnect": "infiniband"}),
    Preset.LAB_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "roce"}),
    Preset.WIDE_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.WIDE_64GPU: (R1, {"gpu": "H200", "nodes": 8, "gpusPerNode": 8, "interconnect": "roce"}),
    Preset.WIDE_104GPU: (R1, {"gpu": "H100-80", "nodes": 14, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.BEST_16GPU: (R1, {"gpu": "H200", "nodes": 2, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.BEST_32GPU: (R1, {"gpu": "H200", "nodes": 4, "gpusPerNode": 8, "interconnect": "infiniband"}),
    Preset.BEST_64GPU: (R1, {"gpu": "H200", "nodes": 8, "gpusPerNode": 8, "interconnect": "roce"}),
    Preset.BEST_104GPU: (R1, {"gpu": "H200", "nodes": 13, "gpusPerNode": 8, "interconnect": "infiniband"}),
}
"""Where each preset runs. wide-104gpu is on H100, as in SGLang's report, with a node to spare."""

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
        **changes,
    }


@dataclass(frozen=True)
class Case:
    """One golden file."""

    preset: Preset
    image: str

    @property
    def path(self) -> Path:
        """The file beside this module."""
        return HERE / f"{self.preset}.{self.image}.yaml"

    def manifests(self) -> list[dict[str, object]]:
        """What the Plan says now."""
        return list(wideep.load(config(self.preset, image=IMAGES[self.image])).manifests)

    def text(self) -> str:
        """The file's content as it should be."""
        return yaml.safe_dump_all(self.manifests(), sort_keys=False, width=1000)


CASES = [Case(preset, image) for preset in Preset for image in IMAGES]
