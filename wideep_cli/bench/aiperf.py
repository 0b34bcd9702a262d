"""AIPerf, NVIDIA's load generator, in its own environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wideep_cli.bench.result import Export
from wideep_cli.errors import CallError
from wideep_cluster import ClusterError

__all__ = ["Load", "find_aiperf", "profile", "version"]

EXPORT: Final = "profile_export_aiperf.json"
LOG: Final = Path("logs", "aiperf.log")
REASON_LINES: Final = 12
NO_TOKENIZER: Final = "Failed to load tokenizer"


@dataclass(frozen=True)
class Load:
    """The requests to send: ``isl`` tokens in, ``osl`` out, ``concurrency`` at a time, ``requests`` in all.

    ``tokenizer``: a model's name on Hugging Face, or a folder with a tokenizer.
    """

    model: str
    tokenizer: str
    isl: int
    osl: int
    concurrency: int
    requests: int
    seed: int = 1


def find_aiperf() -> Path:
    """Return the AIPerf that ``make setup-bench`` installs beside this environment, or else the one on PATH.

    Raises:
        CallError: there is neither.
    """
    beside = Path(sys.prefix).parent / ".venv-bench" / "bin" / "aiperf"
    found = beside if beside.exists() else shutil.which("aiperf")
    if not found:
        raise CallError(
            "NVIDIA's AIPerf, which generates the load, is not installed.",
            "Run make setup-bench, which installs it into .venv-bench (1.1 GB).",
        )
    return Path(found)


def version(aiperf: Path) -> str:
    """Return AIPerf's version."""
    done = subprocess.run([str(aiperf), "--version"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() or "unknown"


def profile(aiperf: Path, load: Load, port: int, folder: Path) -> Export:
    """Send one load to a port of this machine and return AIPerf's own result; its files are in ``folder``.

    Raises:
        ClusterError: AIPerf failed, or no request succeeded; the message quotes its last output.
    """
    command = [
        *(str(aiperf), "profile", "--model", load.model, "--url", f"http://127.0.0.1:{port}"),
        *("--endpoint-type", "chat", "--streaming", "--tokenizer", load.tokenizer),
        *("--isl", str(load.isl), "--osl", str(load.osl), "--extra-inputs", "ignore_eos:true"),
        *("--concurrency", str(load.concurrency), "--request-count", str(load.requests)),
        *("--random-seed", str(load.seed), "--artifact-dir", str(folder), "--ui", "none", "--no-auto-plot"),
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    export = folder / EXPORT
    if done.returncode or not export.exists():
        log = folder / LOG
        said = done.stdout + done.stderr or (log.read_text(encoding="utf-8", errors="replace") if log.exists() else "")
        if NO_TOKENIZER in said:
            raise ClusterError(
                f"AIPerf cannot load the tokenizer {load.tokenizer}, with which it writes prompts. Its last output:\n"
                f"{_last(said, 2)}\n  Name a directory that holds the model's tokenizer: --tokenizer DIR"
            )
        raise ClusterError(f"AIPerf failed with exit code {done.returncode}. Its last output:\n{_last(said)}")
    return json.loads(export.read_text(encoding="utf-8"))


def _last(said: str, lines: int = REASON_LINES) -> str:
    found = [line.strip(" │╭╰─╮╯") for line in said.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in found if line][-lines:])
