"""What an engine decides stands behind ``wideep.engines``: nothing else names its flags, log lines or classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.configs import settings
from wideep.dynamo import release
from wideep.dynamo.releases import newest
from wideep.engines import engine, engine_of
from wideep.engines.base import Engine
from wideep.settings.backend import Backend
from wideep.settings.layout import RoleLayout

NEWEST = release(newest().version).engines
ENGINES = [engine_of(settings()), *(engine(backend, NEWEST[backend.value]) for backend in Backend)]
ROOT = Path(__file__).resolve().parents[3]
PRODUCT = ("wideep", "wideep_cluster", "wideep_cli", "components", "ci", "policy", "sim", "__main__.py")
OWN = ("wideep/engines/sglang/", "wideep/engines/vllm/", "wideep/engines/trtllm/")
EVERYBODYS = {
    *("--version", "--help", "--config", "--host", "--port", "--device", "--model"),
    *("--revision", "--endpoint", "--random-seed", "--namespace", "--tokenizer", "--gpus-per-node"),
    *("--dyn-tool-call-parser", "--dyn-reasoning-parser"),
}
"""Flags that other programs have too: git's, kubectl's, this command's own; and Dynamo's, the same for every engine."""
CLASSES = (
    r"\b(ServerArgs|ModelRunner|DeepEPMoE|EPLBManager|ExpertLocationMetadata|ReqToTokenPool|_DeepEPDispatcher\w*)\b"
)
LINES = (
    r"Init torch distributed|Load weight (begin|end)|KV Cache is allocated|Capture cuda graph|server is fired up"
    r"|Expert Balancedness|average_balancedness|Not enough memory\. Please|SGLANG_\w+|sglang\.srt"
    r"|Model loading took|Rearranging experts|VLLM_(?:MOE|DEEPEP|RANDOMIZE|NIXL)\w+"
)
REFERENCE = "docs/configuration.md is written from these docstrings, and says what a key is called among the flags"
STANDS_IN = "stands in for the engine and the operator, and reads its own words from nothing that it tests"
LEFT = {
    "wideep/settings/cache.py": REFERENCE,
    "wideep/settings/experts.py": REFERENCE,
    "wideep/settings/role.py": REFERENCE,
    "wideep/settings/serving.py": REFERENCE,
    "wideep/settings/speculative.py": REFERENCE,
    "sim/kubelet/container_log.py": STANDS_IN,
    "sim/kubelet/engine_metrics.py": STANDS_IN,
    "sim/kubelet/pods.py": STANDS_IN,
    "sim/kubelet/serving.py": STANDS_IN,
    "sim/operator/contract.py": STANDS_IN,
    "sim/operator/v1/template.py": STANDS_IN,
    "sim/serving/engine.py": STANDS_IN,
    "sim/serving/worker.py": STANDS_IN,
    "sim/serving/worker_v1.py": STANDS_IN,
    "sim/faults/table.py": STANDS_IN,
    "sim/kubectl_exec/nvidia_smi.py": STANDS_IN,
    "sim/kubectl_exec/python3.py": STANDS_IN,
}
"""What still names them, and why. This list only gets shorter."""


def _named() -> dict[str, set[str]]:
    tables = [each.flags for each in ENGINES]
    flags = {name for table in tables for flag in table.flags for name in flag.names if name.startswith("--")}
    flags -= EVERYBODYS
    own = re.compile(rf"({'|'.join(map(re.escape, sorted(flags, key=len, reverse=True)))})(?![\w-])|{CLASSES}|{LINES}")
    files = [file for part in PRODUCT for file in (ROOT / part, *(ROOT / part).rglob("*.py")) if file.is_file()]
    files = [file for file in files if ".venv" not in file.parts]
    texts = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    found = {name: {match[0] for match in own.finditer(text)} for name, text in texts.items()}
    return {name: words for name, words in found.items() if words and not name.startswith(OWN)}


def test_only_the_engines_own_package_names_its_flags_log_lines_and_classes() -> None:
    found = _named()

    assert {name: words for name, words in found.items() if name not in LEFT} == {}
    assert set(LEFT) <= set(found), "remove of LEFT what names none of them any more"


@pytest.mark.parametrize("of", ENGINES, ids=str)
@pytest.mark.parametrize("key", ["tp", "redundantExperts", "eplb.enabled", "memFractionStatic", "pageSize"])
def test_a_key_has_a_name_among_the_engines_flags(of: Engine, key: str) -> None:
    assert (of.flag_of(key) or "").startswith("--")


def test_what_no_flag_of_its_own_sets_has_no_name_there() -> None:
    assert engine_of(settings()).flag_of("replicas") is None


@pytest.mark.parametrize("of", ENGINES, ids=str)
def test_the_table_owns_keys_that_a_role_has(of: Engine) -> None:
    keys = {field.alias or name for name, field in RoleLayout.model_fields.items()}
    words = {flag.owner.split(".")[0] for flag in of.flags.flags} - set(of.flags.reasons) - {"passes", "unchecked"}

    assert words <= keys
