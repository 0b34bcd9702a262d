"""Which experts are hot, by the counts of the engine's recorder.

The recorder writes a dump that only PyTorch reads, and ``wideep eplb record`` keeps the sum of one as JSON on the cache
volume. Both are read in place: in the worker's pod, with the Python of its image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import fmean, median
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError

from wideep.download import MOUNT_PATH
from wideep.engines import engine_of
from wideep.graph.volumes import COUNTS_FOLDER, COUNTS_PATH
from wideep_cli.deployment import DeployedGraph, GraphPod
from wideep_cluster import ClusterError, run

__all__ = ["Experts", "HotLayer", "keep_newest_dump", "kept_file", "read_experts"]

PROGRAM: Final = """\
import json, os, sys
from pathlib import Path

kept, keep, variable, names = Path(sys.argv[1]), sys.argv[2] == "keep", sys.argv[3], sys.argv[4]
folder = Path(os.environ.get(variable, "/tmp"))
files = list(folder.glob(names))
if kept.exists() and not keep:
    files.append(kept)
if not files:
    sys.exit("there is no " + names + " in " + str(folder) if keep else 0)
file = max(files, key=lambda each: each.stat().st_mtime)
if file == kept:
    counts = json.loads(kept.read_text())["logical_count"]
else:
    import torch

    counts = torch.load(file, map_location="cpu", weights_only=True)["logical_count"].sum(dim=0).tolist()
if keep:
    half = kept.with_suffix(".half")
    half.write_text(json.dumps({"logical_count": counts}))
    half.replace(kept)
print(json.dumps({"file": file.name, "counts": counts}))
"""
"""Prints the newest counts, or nothing if there are none. A dump has counts for each of the last forward passes."""
SECONDS: Final = 120
"""PyTorch alone takes ten seconds to start on a busy node."""


class _Counts(BaseModel):
    """The counts that the program prints: ``counts[layer][expert]`` is a number of tokens."""

    file: str
    counts: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...]


@dataclass(frozen=True)
class HotLayer:
    """A layer's experts, the busiest first, each with its tokens divided by the mean of the layer's experts."""

    layer: int
    experts: tuple[tuple[int, float], ...]

    @property
    def peak(self) -> float:
        """The busiest expert's tokens, divided by the mean."""
        return self.experts[0][1]


@dataclass(frozen=True)
class Experts:
    """The contents of a file of counts. ``layers``: those with any counts, the most uneven first."""

    file: str
    layers: tuple[HotLayer, ...]

    @property
    def typical_peak(self) -> float:
        """The median of the layers' peaks."""
        return median(layer.peak for layer in self.layers)


def kept_file(live: DeployedGraph, member: GraphPod) -> PurePosixPath:
    """Return the path of a role's counts, for ``initialExpertLocation``. Several graphs may share the volume."""
    return PurePosixPath(MOUNT_PATH) / COUNTS_FOLDER / _file_name(live, member)


def _file_name(live: DeployedGraph, member: GraphPod) -> str:
    return f"experts-{live.plan.name}-{member.component}.json"


def read_experts(live: DeployedGraph, member: GraphPod) -> Experts | None:
    """Return the newest counts that the worker's first pod sees; None if nothing was recorded.

    Raises:
        ClusterError: no command can be run in the pod, or its file holds no counts.
    """
    if engine_of(live.loaded.settings).recorder is None:
        return None
    said = _run(live, member, "read")
    return _experts(_counts(said, member)) if said else None


def keep_newest_dump(live: DeployedGraph, member: GraphPod) -> Experts | None:
    """Keep the sum of the newest dump on the cache volume and return it; None if no token was counted.

    Raises:
        ClusterError: there is no dump, or it cannot be kept.
    """
    return _experts(_counts(_run(live, member, "keep"), member))


def _counts(said: str, member: GraphPod) -> _Counts:
    """Validate what the pod printed: anything may run in it."""
    try:
        return _Counts.model_validate_json(said)
    except ValidationError as error:
        raise ClusterError(f"The counts in pod {member.pod.name} cannot be read: its answer holds none.") from error


def _run(live: DeployedGraph, member: GraphPod, what: str) -> str:
    # The weights' mount is read-only, so the folder of the counts has a mount of its own.
    kept = PurePosixPath(COUNTS_PATH) / _file_name(live, member)
    recorder = engine_of(live.loaded.settings).recorder
    if recorder is None:
        raise ClusterError("The engine records no counts.")
    command = ["python3", "-c", PROGRAM, str(kept), what, recorder.folder_variable, recorder.files]
    ran = run(live.cluster, member.pod, command, seconds=SECONDS)
    if ran.code:
        last = (ran.errors.strip() or ran.output.strip() or f"exit code {ran.code}").splitlines()[-1]
        raise ClusterError(f"The counts in pod {member.pod.name} cannot be read: {last}.")
    return ran.output.strip()


def _experts(found: _Counts) -> Experts | None:
    layers = [_layer(number, counts) for number, counts in enumerate(found.counts) if any(counts)]
    ordered = tuple(sorted(layers, key=lambda layer: -layer.peak))
    return Experts(found.file, ordered) if ordered else None


def _layer(number: int, counts: Sequence[int]) -> HotLayer:
    mean = fmean(counts)
    ordered = sorted(enumerate(counts), key=lambda item: -item[1])
    return HotLayer(number, tuple((expert, count / mean) for expert, count in ordered))
