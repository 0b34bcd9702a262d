"""Writes the generated parts of CONTRIBUTING.md: packages, the chart of their imports, and files per change."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from docs.generate.changes import table
from docs.generate.imports import pictures

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
PACKAGES = ("wideep", "wideep_cluster", "components", "wideep_cli", "ci", "sim")
BLOCK = r"(?<=<!-- {name}: python -m docs\.generate -->\n).*?(?=<!-- end of {name} -->)"


def summary(package: Path) -> str:
    """Return the first sentence of a package's docstring."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    return re.split(r"\.(?:\s|$)", text.split("\n\n")[0], maxsplit=1)[0].replace("``", "`").replace("\n", " ")


def tree() -> str:
    """Return one line for each package and its direct subpackages."""
    lines = ["```text"]
    for name in PACKAGES:
        lines.append(f"{name + '/':<22}{summary(ROOT / name)}")
        below = sorted(each.parent for each in (ROOT / name).glob("*/__init__.py"))
        lines += [f"{'  ' + each.name + '/':<22}{summary(each)}" for each in below if summary(each)]
    return "\n".join([*lines, "```"]) + "\n"


def pages() -> dict[Path, str]:
    """Return CONTRIBUTING.md with up-to-date generated blocks."""
    text = PAGE.read_text(encoding="utf-8")
    for name, block in (("rooms", tree()), ("imports", pictures()), ("changes", table())):
        made = f"{block.rstrip()}\n"
        text = re.sub(BLOCK.format(name=name), lambda _, made=made: made, text, flags=re.DOTALL)
    return {PAGE: text}
