"""Counts the files of the rooms that name one GPU, model, check and so on: what has to change to add another one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from statistics import median

from wideep.catalog.models import MODELS
from wideep.settings.hardware import Gpu
from wideep.settings.layout import Preset

ROOT = Path(__file__).parents[2]
ROOMS = ("wideep", "wideep_cluster", "components", "wideep_cli", "ci", "sim")
CHECK = re.compile(r"\bSection\.[A-Z_]+, \"([a-z-]+)\"")
COMPONENT = re.compile(r"^class \w+\(Component\b", re.MULTILINE)
PART = re.compile(r"\b(\w+Plan)\b")


@cache
def sources() -> dict[str, str]:
    """Return the text of each module of the rooms, by its path."""
    files = (file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in sorted(files)}


def naming(pattern: str) -> set[str]:
    """Return the files with a match."""
    found = re.compile(pattern)
    return {path for path, text in sources().items() if found.search(text)}


def importing(module: str) -> set[str]:
    """Return the files that import a module or package, or a name from it."""
    parent, _, name = module.rpartition(".")
    return naming(rf"(?m)^\s*(from {re.escape(module)}[.\s]|from {re.escape(parent)} import .*\b{name}\b)")


def adapters(folder: str) -> dict[str, int]:
    """Return for each package below a folder the number of its modules plus the modules outside that import it."""
    counts: dict[str, int] = {}
    for init in sorted((ROOT / folder).glob("*/__init__.py")):
        inside = {path for path in sources() if path.startswith(f"{folder}/{init.parent.name}/")}
        outside = importing(f"{folder.replace('/', '.')}.{init.parent.name}") - inside
        counts[init.parent.name] = len(inside | outside)
    return counts


def components() -> list[int]:
    """Return for each component with its own part in the plan the number of files that define, import and plan it."""
    counts: list[int] = []
    for path, text in sources().items():
        parts = set(PART.findall(text))
        if path.count("/") != 1 or not path.startswith("components/") or not COMPONENT.search(text) or not parts:
            continue
        planned = set[str]().union(*(naming(rf"class {part}\(|\b{part}\(") for part in parts))
        counts.append(len({path} | importing(path.removesuffix(".py").replace("/", ".")) | planned))
    return counts


def checks() -> list[int]:
    """Return for each check of ``wideep doctor`` the number of files that name it."""
    names = {name for path, text in sources().items() if "/doctor/" in path for name in CHECK.findall(text)}
    return [len({path for path in naming(rf'"{name}"') if "/doctor/" in path}) for name in sorted(names)]


def rows() -> Iterable[tuple[str, str, str]]:
    """Yield what is added, the number of files, and how it was counted."""
    quoted = '"{}"'
    yield "a GPU", _spread(len(naming(quoted.format(each.value))) for each in Gpu), "files that name one"
    yield "a model", _spread(len(naming(quoted.format(each))) for each in MODELS), "files that name one"
    yield "a preset", _spread(len(naming(quoted.format(each.value))) for each in Preset), "files that name one"
    for what, folder in (("an engine", "wideep/engines"), ("a release of Dynamo", "wideep/dynamo")):
        for name, count in adapters(folder).items():
            yield what, str(count), f"modules of `{folder}/{name}`, and those that import it"
    yield "a check of `wideep doctor`", _spread(checks()), "files of `wideep_cli/doctor` that name one"
    yield "a component", _spread(components()), "itself, its importers, its part of the plan"


def _spread(counts: Iterable[int]) -> str:
    """Return the median, and the maximum if it differs."""
    found = sorted(counts)
    middle = int(median(found))
    return str(middle) if found[-1] == middle else f"{middle} (most: {found[-1]})"


def table() -> str:
    """Return the table as Markdown."""
    head = ["| to add | files | counted as |", "|---|---:|---|"]
    return "\n".join([*head, *(f"| {what} | {count} | {how} |" for what, count, how in rows())])
