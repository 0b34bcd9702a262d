"""Logs of the simulated containers: lines of SGLang 0.5.3.post2 or vLLM 0.31.0, of Dynamo and of the download, in CRI
format.

Their figures follow from the container's own arguments where possible; none of them was measured.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from sim.operator.contract import Manifest


@dataclass
class Journal:
    """A container's log file, in the kubelet's format."""

    file: TextIO

    @classmethod
    def open(cls, path: Path) -> Journal:
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path.open("a", buffering=1))

    def write(self, line: str, stream: str = "stdout") -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        for part in line.splitlines() or [""]:
            self.file.write(f"{stamp} {stream} F {part}\n")

    def last_words(self) -> str:
        """Return the end of a failed container's log that a kubelet keeps under terminationMessagePolicy
        FallbackToLogsOnError: its last 80 lines, at most 2048 bytes."""
        lines = Path(self.file.name).read_text().splitlines()[-80:]
        return "\n".join(line.split(" ", 3)[3] for line in lines)[-2048:]

    def close(self) -> None:
        self.file.close()


def words(container: Manifest) -> list[str]:
    """Return the container's command line as words; multi-node workers have theirs in one shell string."""
    joined = [*container.get("command", []), *container.get("args", [])]
    if joined[:2] != ["sh", "-c"]:
        return joined
    try:
        return shlex.split(joined[-1])  # 1.x quotes its words
    except ValueError:
        return joined[-1].split()  # 0.6.0 quotes nothing


def option(line: list[str], *names: str, default: str = "") -> str:
    """Return the value of the first of these options on a command line, given as `--name value` or `--name=value`."""
    for name in names:
        for index, word in enumerate(line):
            if word == name and index + 1 < len(line):
                return line[index + 1]
            if word.startswith(f"{name}="):
                return word.split("=", 1)[1]
    return default


@dataclass(frozen=True)
class Engine:
    """A worker's engine, as its command line configures it."""

    role: str
    model: str
    tp: int
    dp: int
    ep: int
    redundant: int
    eplb: bool
    rank: int
    nodes: int
    memory_fraction: str

    @property
    def serves(self) -> bool:
        """Whether this pod registers a worker with Dynamo: only the first pod of a worker does."""
        return self.rank == 0

    @classmethod
    def of(cls, container: Manifest) -> Engine:
        line = words(container)
        if "dynamo.vllm" in line:
            return Vllm.of_line(line)
        tp = int(option(line, "--tp-size", "--tp", default="1"))
        rank = option(line, "--node-rank", default="0")
        deepep = option(line, "--moe-a2a-backend") == "deepep"
        return cls(
            role=option(line, "--disaggregation-mode", default="decode"),
            model=option(line, "--served-model-name", "--model-path", default="model"),
            tp=tp,
            dp=int(option(line, "--dp-size", "--dp", default="1")),
            ep=tp if deepep else int(option(line, "--ep-size", "--ep", default="1")),
            redundant=int(option(line, "--ep-num-redundant-experts", default="0")),
            eplb="--enable-eplb" in line,
            rank=int(rank) if rank.isdigit() else 1,
            nodes=int(option(line, "--nnodes", default="1")),
            memory_fraction=option(line, "--mem-fraction-static", default="auto"),
        )

    def about(self) -> str:
        """Return the engine in a few words: `decode TP16 DP16 EP16 R32`."""
        parts = [f"TP{self.tp}", f"DP{self.dp}" if self.dp > 1 else "", f"EP{self.ep}" if self.ep > 1 else ""]
        parts.append(f"R{self.redundant}" if self.redundant else "")
        return f"{self.role} {' '.join(part for part in parts if part)}"

    def loading(self) -> Iterator[str]:
        """Yield the log lines until the engine is ready, in order."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        here = f"[{now} DP0 TP0 EP0]" if self.dp > 1 else f"[{now} TP0 EP0]" if self.ep > 1 else f"[{now} TP0]"
        yield (
            f"[{now}] server_args=ServerArgs(served_model_name='{self.model}', tp_size={self.tp}, dp_size={self.dp}, "
            f"ep_size={self.ep}, ep_num_redundant_experts={self.redundant}, enable_eplb={self.eplb}, "
            f"mem_fraction_static={self.memory_fraction}, nnodes={self.nodes}, node_rank={self.rank}, "
            f"disaggregation_mode='{self.role}')"
        )
        yield f"{here} Init torch distributed begin."
        yield f"{here} Init torch distributed ends."
        yield f"{here} Load weight begin."
        if self.eplb:
            yield f"{here} [EPLBManager] system started, will rebalance per 1000 iterations."
        for percent in (25, 50, 75, 100):
            yield f"Loading safetensors checkpoint shards: {percent:3d}% Completed"
        yield f"{here} Load weight end."
        yield f"{here} KV Cache is allocated."
        yield f"{here} Capture cuda graph begin. This can take up to several minutes."
        yield f"{here} Capture cuda graph end."

    def ready(self) -> str:
        return "The server is fired up and ready to roll!"


@dataclass(frozen=True)
class Vllm(Engine):
    """The same for vLLM, in terms of SGLang's sizes: ``tp`` is the number of all GPUs of a worker."""

    @property
    def serves(self) -> bool:
        """With hybrid load balancing every pod registers its own data-parallel ranks."""
        return True

    @classmethod
    def of_line(cls, line: list[str]) -> Engine:
        """Parse vLLM's options, including those that the operator appends."""
        dp = int(option(line, "--data-parallel-size", default="1"))
        gpus = int(option(line, "--tensor-parallel-size", default="1")) * dp
        first = option(line, "--data-parallel-start-rank", default="0")
        return cls(
            role=option(line, "--disaggregation-mode", default="decode"),
            model=option(line, "--served-model-name", "--model", default="model"),
            tp=gpus,
            dp=dp,
            ep=gpus if "--enable-expert-parallel" in line else 1,
            redundant=int(option(line, "--eplb-config.num_redundant_experts", default="0")),
            eplb="--enable-eplb" in line,
            rank=int(first) if first.isdigit() else 1,
            nodes=dp // int(option(line, "--data-parallel-size-local", default=str(dp))),
            memory_fraction=option(line, "--gpu-memory-utilization", default="auto"),
        )

    def loading(self) -> Iterator[str]:
        yield f"INFO non-default args: {{'served_model_name': '{self.model}', 'data_parallel_size': {self.dp}}}"
        yield "INFO gpu_model_runner.py] Starting to load model ..."
        for percent in (25, 50, 75, 100):
            yield f"Loading safetensors checkpoint shards: {percent:3d}% Completed"
        yield "INFO gpu_model_runner.py] Model loading took 42.0 GiB memory and 42.0 seconds"
        if self.eplb:
            yield "INFO eplb_state.py] Rearranging experts (async mode) (profile)..."
        yield "INFO gpu_worker.py] Available KV cache memory: 42.0 GiB"
        yield "INFO gpu_model_runner.py] Graph capturing finished in 42 secs, took 1.0 GiB"

    def ready(self) -> str:
        return "INFO core.py] init engine (profile, create kv cache, warmup model) took 42.0 seconds"


def is_download(container: Manifest) -> bool:
    """Tell whether a container downloads a model from Hugging Face."""
    text = " ".join([*container.get("command", []), *container.get("args", [])])
    return "hf download" in text or "snapshot_download" in text


def download(container: Manifest) -> Iterator[str]:
    """Yield the log of a download Job. Repository, revision and target come from its plain environment, with defaults
    for those that are not there."""
    env = {entry["name"]: entry.get("value", "") for entry in container.get("env") or []}
    repository = env.get("REPOSITORY", "the model")
    revision, target = env.get("REVISION", "main"), env.get("TARGET", "/model-cache")
    yield f"downloading {repository}@{revision} into {target}"
    for percent in range(10, 101, 10):
        yield f"Fetching files: {percent:3d}%"
    yield f"{repository}@{revision} is complete (simulated: no byte was fetched)"
