"""Change one operator, value or argument of a part at a time, and see whether a test of that part notices (mutmut).

``make mutants PART=memory`` works in build/mutants/PART, from copies: the tree stays as it is. A second run goes on
where the first ended. mutmut changes what functions do; it leaves decorated functions (properties) and tables alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROMISED = 95
"""Per cent of the mutants that tests notice."""
UNIT = "tests/unit/wideep"
PAGES = ("docs", "Makefile", "requirements.in", "requirements.txt", "README.md")
PROGRAM = ("components", "wideep_cli", "wideep_cluster", "sim", "policy", "ci", "__main__.py")


@dataclass(frozen=True)
class Part:
    """What is changed, and the tests that are asked: the part's own, and none that takes long without noticing more."""

    changed: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = {
    "memory": Part(
        tuple(f"wideep/memory/{name}.py" for name in ("cache", "deepep", "headroom", "weights", "worker")),
        ("test_memory.py", "test_field_memory.py", "test_field_cases.py"),
    ),
    "rules": Part(
        ("wideep/rules/*",),
        (
            "test_rules.py",
            "test_rules_limits.py",
            "test_rules_stack.py",
            "test_extra_args.py",
            "test_remedies_sizes.py",
            "test_settings.py",
            "test_updates.py",
            "../../golden/test_messages.py",
        ),
    ),
    "graph": Part(
        ("wideep/graph/*",),
        (
            "test_graph.py",
            "test_graph_v1beta1.py",
            "test_graph_crd.py",
            "test_monitoring_plan.py",
            "test_planner.py",
            "test_secrets.py",
            "test_telemetry.py",
            "test_trtllm.py",
            "../../golden",
        ),
    ),
    "engine": Part(
        tuple(f"wideep/engines/sglang/{name}.py" for name in ("command", "engine", "families", "flags", "memory")),
        (
            "test_sglang.py",
            "test_sglang_memory.py",
            "test_sglang_versions.py",
            "test_extra_args.py",
            "test_memory.py",
            "test_field_memory.py",
            "test_launch.py",
            "test_monitoring_plan.py",
        ),
    ),
}


def prepare(part: Part, folder: Path) -> None:
    """Lay out what mutmut works on: links to the tree, and its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in ROOT.iterdir():
        if entry.name not in ("build", ".git") and not entry.name.startswith(".venv"):
            link = folder / entry.name
            link.unlink(missing_ok=True)
            link.symlink_to(entry)
    shutil.rmtree(folder / "mutants" / "tests", ignore_errors=True)  # mutmut adds to copies, and never takes away
    settings = ConfigParser()
    settings["mutmut"] = {
        "source_paths": "\nwideep",
        "only_mutate": _lines(part.changed),
        "also_copy": _lines((*PAGES, *PROGRAM, *sorted(each.name for each in ROOT.glob("Pulumi*.yaml")))),
        "pytest_add_cli_args_test_selection": _lines(tuple(os.path.normpath(f"{UNIT}/{name}") for name in part.tests)),
        "pytest_add_cli_args": _lines(("-p", "no:xdist")),
    }
    with (folder / "setup.cfg").open("w", encoding="utf-8") as file:
        settings.write(file)


def score(folder: Path) -> float:
    """Return the per cent of the mutants that were noticed, and print them."""
    counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    noticed = counts["killed"] + counts["timeout"] + counts["segfault"]
    per_cent = 100 * noticed / counts["total"]
    print(f"{folder.name}: {noticed} of {counts['total']} mutants noticed ({per_cent:.1f} %; promised {PROMISED} %)")
    return per_cent


def run(name: str) -> bool:
    """Run a part and print what survived. True if as many are noticed as promised."""
    folder = ROOT / "build" / "mutants" / name
    prepare(PARTS[name], folder)
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    for verb in ("run", "results", "export-cicd-stats"):
        code = subprocess.run([mutmut, verb], cwd=folder, check=False).returncode
        if code:
            print(f"{name}: mutmut {verb} ended with {code}. Let the part's tests pass first.", file=sys.stderr)
            return False
    print(f"One of them: cd {folder.relative_to(ROOT)} && ../../../.venv-mutants/bin/mutmut show NAME")
    return score(folder) >= PROMISED


def main() -> int:
    """Run the parts that PART names, all where it names none."""
    names = os.environ.get("PART", "").split() or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"PART={' '.join(unknown)}: no such part. Write one or more of {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    os.nice(19)
    kept = [run(name) for name in names]  # all of them, also after one that falls short
    return 0 if all(kept) else 1


def _lines(words: tuple[str, ...]) -> str:
    return "\n" + "\n".join(words)


if __name__ == "__main__":
    sys.exit(main())
