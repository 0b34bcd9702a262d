"""Writes the tables in docs/bring-your-own.md: ``wide-64gpu`` beside the two published commands, flag by flag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docs.generate.rooms import BLOCK, ROOT
from wideep.launch.compare import Compared, Relation, compare
from wideep.launch.role import SET
from wideep.launch.words import launch_commands
from wideep.plan import make_plan
from wideep.rules import accept
from wideep.settings.layout import Role
from wideep_cli.markdown import code, table

PAGE = ROOT / "docs" / "bring-your-own.md"
COMMANDS = ROOT / "examples" / "published-command" / "launch.sh"
STACK: dict[str, object] = {
    "namespace": "dynamo",
    "model": "deepseek-ai/DeepSeek-R1",
    "hardware": {"gpu": "H100-80", "nodes": 8, "gpusPerNode": 8, "interconnect": "infiniband"},
    "layout": {"preset": "wide-64gpu"},
    "hfTokenSecret": "hf-token",
    "modelCache": {"size": "1Ti"},
}


def tables() -> Iterator[str]:
    """Yield a table for each role: flags that differ or that one side lacks, except those that program or operator
    set."""
    settings = accept(STACK)
    args = {role: make_plan(settings).roles[role].args for role in Role}
    for command in launch_commands(COMMANDS.read_text(encoding="utf-8")):
        role = command.role or Role.DECODE
        found = compare(settings, role, args[role], command)
        shown = [
            row
            for row in found
            if row.relation is not Relation.SAME and not row.decided.startswith(tuple(SET.values()))
        ]
        rows = [_row(role, row) for row in sorted(shown, key=lambda row: row.flag)]
        yield table((role.capitalize(), "published", "`wide-64gpu`", "key"), rows)


def _row(role: Role, row: Compared) -> list[str]:
    key = row.decided.split(" ")[0].removeprefix(f"layout.{role}.")
    return [code(row.flag), _value(row.yours), _value(row.plans), f"`{key}`"]


def _value(value: str | None) -> str:
    return "–" if value is None else code(value) if value else "set"


def pages() -> dict[Path, str]:
    """Return the page with up-to-date tables."""
    made = "\n\n".join(tables()) + "\n"
    text = PAGE.read_text(encoding="utf-8")
    return {PAGE: re.sub(BLOCK.format(name="published"), lambda _: made, text, flags=re.DOTALL)}
