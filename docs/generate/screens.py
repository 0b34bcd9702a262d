"""Draws the README's picture of a terminal in which ``wideep plan`` refuses a layout."""

from __future__ import annotations

import io
import re
import tempfile
import textwrap
from pathlib import Path

import yaml
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text
from typer.testing import CliRunner

from wideep_cli.main import app

__all__ = ["pages"]

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "docs" / "figures"
WIDTH = 100
STYLES = {0: "bold red", 2: "bold cyan"}
"""Style by indentation: the line that there are mistakes, and each key with its value."""
FONT_FACES = re.compile(r"@font-face \{[^}]*\}\s*")
"""Rich's fonts are fetched from a host; a picture in a README must not fetch anything."""


def pages() -> dict[Path, str]:
    """Return the picture."""
    return {FIGURES / "refused.svg": _refused()}


def _refused() -> str:
    """Return the output of ``wideep plan`` for the demo's stack with three mistakes."""
    stack = yaml.safe_load((ROOT / "Pulumi.demo.yaml").read_text(encoding="utf-8"))
    decode = {"redundantExperts": 10, "cudaGraphBatchSizes": [1, 64, 256]}
    stack["config"]["dynamo-wideep:layout"] = {"preset": "best-64gpu", "decode": decode}
    stack["config"]["dynamo-wideep:hardware"]["nodes"] = 7
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Pulumi.wrong.yaml"
        file.write_text(yaml.safe_dump(stack), encoding="utf-8")
        said = CliRunner(env={"COLUMNS": str(WIDTH), "TERM": "dumb"}).invoke(app, ["plan", "--file", str(file)])
    shown = Text().append("$ wideep plan", style="bold")
    for line in said.output.strip().splitlines():
        depth = len(line) - len(line.lstrip())
        for part in textwrap.wrap(line, WIDTH, subsequent_indent=" " * depth):
            shown.append(f"\n{part}", style=STYLES.get(depth, ""))
    return _drawn(shown, "A layout that cannot run")


def _drawn(what: Text, title: str) -> str:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(what)
    svg = console.export_svg(title=title, theme=SVG_EXPORT_THEME, unique_id="refused")
    return FONT_FACES.sub("", svg) + "\n"
