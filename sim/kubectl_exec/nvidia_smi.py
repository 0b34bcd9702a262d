"""Stand-in for nvidia-smi of driver 580: its table, and `--query-gpu=… --format=csv[,noheader][,nounits]`.

Used memory is what an engine with the container's arguments would take: its pool, and outside it wideep's estimate.
Utilization is 0, or the values of the pod's annotation `sim.dynamo-wideep/gpu-utilization: 95,94,…`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sim.kubectl_exec.pod import Here, Manifest
from sim.kubelet.container_log import Engine, Vllm, option, words
from wideep.catalog import GPUS, MODELS
from wideep.dynamo.releases import nearest
from wideep.engines import engine as engine_named
from wideep.gpus.spec import GIB
from wideep.settings.backend import Backend
from wideep.settings.experts import DeepEpMode, MoeA2aBackend
from wideep.settings.layout import Role, RoleLayout

DRIVER = "580.159.04"
DISCOVERY = "DYN_DISCOVERY_BACKEND"
MIB = 2**20
UTILIZATION = "sim.dynamo-wideep/gpu-utilization"


@dataclass(frozen=True)
class Gpu:
    """One GPU as the driver reports it; memory in MiB, utilization in percent."""

    index: int
    name: str
    total: int
    used: int
    utilization: int

    @property
    def uuid(self) -> str:
        return f"GPU-00000000-0000-0000-0000-{self.index:012d}"


def used_bytes(container: Manifest, product: str) -> float:
    """Return the bytes that a worker with these arguments holds on one GPU; 0 if its GPU or arguments are unknown."""
    gpu = next((row for row in GPUS.values() if row.product == product), None)
    engine = Engine.of(container)
    if gpu is None or engine.memory_fraction == "auto":
        return 0
    layout = _layout(container, engine)
    free = gpu.free_before_load(layout.gpus_per_worker).gib * GIB
    taken = gpu.memory_bytes - free
    pool = taken + free * float(engine.memory_fraction)
    if isinstance(engine, Vllm):
        return taken + gpu.memory_bytes * float(engine.memory_fraction)
    model = MODELS.get(engine.model)
    named = engine_named(Backend.SGLANG, nearest(_release(container)).sglang)
    return pool + (named.headroom(model, gpu, Role(engine.role), layout).total if model else 0)


def _release(container: Manifest) -> str:
    """Return which of the two simulated releases runs: only the newer one's operator sets the discovery backend."""
    return "1.6.1" if any(each["name"] == DISCOVERY for each in container.get("env") or []) else "0.6.0"


def _layout(container: Manifest, engine: Engine) -> RoleLayout:
    line = words(container)
    deepep = option(line, "--moe-a2a-backend") == "deepep"
    return RoleLayout(
        replicas=1,
        nodes=engine.nodes,
        gpus_per_node=max(1, engine.tp // engine.nodes),
        tp=engine.tp,
        dp=engine.dp,
        ep=engine.ep,
        redundant_experts=engine.redundant,
        moe_a2a_backend=MoeA2aBackend.DEEPEP if deepep else MoeA2aBackend.NONE,
        deepep_mode=DeepEpMode(option(line, "--deepep-mode", default="auto")),
        mem_fraction_static=float(engine.memory_fraction),
    )


def gpus(here: Here) -> list[Gpu]:
    """Return the container's GPUs."""
    labels = here.node["metadata"].get("labels") or {}
    product = labels.get("nvidia.com/gpu.product", "GPU")
    total = int(labels.get("nvidia.com/gpu.memory", 0))
    used = round(used_bytes(here.main, product) / MIB) if here.running else 0
    said = (here.pod["metadata"].get("annotations") or {}).get(UTILIZATION, "")
    busy = [int(each) for each in said.split(",") if each] or [0]
    name = product.replace("-", " ")
    return [Gpu(index, name, total, min(used, total), busy[index % len(busy)]) for index in range(here.gpus)]


FIELDS: dict[str, tuple[str, Callable[[Gpu], str]]] = {
    "index": ("", lambda gpu: str(gpu.index)),
    "name": ("", lambda gpu: gpu.name),
    "uuid": ("", lambda gpu: gpu.uuid),
    "memory.total": ("MiB", lambda gpu: str(gpu.total)),
    "memory.used": ("MiB", lambda gpu: str(gpu.used)),
    "memory.free": ("MiB", lambda gpu: str(gpu.total - gpu.used)),
    "utilization.gpu": ("%", lambda gpu: str(gpu.utilization)),
    "temperature.gpu": ("", lambda _: "40"),
    "power.draw": ("W", lambda _: "95.00"),
    "driver_version": ("", lambda _: DRIVER),
}
"""Fields of --query-gpu, with their unit and their value."""


def query(found: list[Gpu], names: list[str], form: set[str]) -> str:
    """Return the output of --query-gpu."""
    units = "nounits" not in form
    lines = []
    if "noheader" not in form:
        lines.append(", ".join(f"{name} [{FIELDS[name][0]}]" if units and FIELDS[name][0] else name for name in names))
    for gpu in found:
        values = [(FIELDS[name][1](gpu), FIELDS[name][0] if units else "") for name in names]
        lines.append(", ".join(f"{value} {unit}".rstrip() for value, unit in values))
    return "\n".join(lines)


def table(found: list[Gpu]) -> str:
    """Return the table that nvidia-smi prints without arguments, without its list of processes."""
    bar = "+-----------------------------------------+------------------------+----------------------+"
    lines = [
        datetime.now(UTC).strftime("%a %b %e %H:%M:%S %Y"),
        f"+{'-' * 89}+",
        f"| NVIDIA-SMI {DRIVER:<21} Driver Version: {DRIVER:<14} CUDA Version: 13.0     |",
        bar,
    ]
    for gpu in found:
        memory = f"{gpu.used:>7}MiB / {gpu.total:>6}MiB"
        lines.append(f"| {gpu.index:>3}  {gpu.name:<34} | {memory:^22} | {gpu.utilization:>7}%      Default |")
    return "\n".join([*lines, bar])


def main(arguments: list[str], here: Here) -> int:
    options = dict(each.lstrip("-").split("=", 1) for each in arguments if "=" in each)
    found = gpus(here)
    if not found:
        print("No devices were found")
        return 6
    if "query-gpu" not in options:
        print(table(found))
        return 0
    names = [name.strip() for name in options["query-gpu"].split(",")]
    unknown = [name for name in names if name not in FIELDS]
    if unknown:
        print(f'Field "{unknown[0]}" is not a valid field to query.')
        return 2
    print(query(found, names, set(options.get("format", "csv").split(","))))
    return 0
