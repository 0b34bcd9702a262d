"""Write the table in docs/bring-your-own.md: ``wide-64gpu`` beside the two published commands, flag by flag."""

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
HEAD = ("role", "flag", "published", "`wide-64gpu`", "decided by")


def rows() -> Iterator[list[str]]:
    """Return what differs and what only one of them has, but for what the program or the operator sets."""
    settings = accept(STACK)
    args = {role: make_plan(settings).roles[role].args for role in Role}
    for command in launch_commands(COMMANDS.read_text(encoding="utf-8")):
        role = command.role or Role.DECODE
        found = compare(settings, role, args[role], command)
        told = [
            row
            for row in found
            if row.relation is not Relation.SAME and not row.decided.startswith(tuple(SET.values()))
        ]
        yield from (_row(role, row) for row in sorted(told, key=lambda row: row.flag))


def _row(role: Role, row: Compared) -> list[str]:
    return [role, code(row.flag), _value(row.yours), _value(row.plans), _decided(row)]


def _value(value: str | None) -> str:
    return "–" if value is None else code(value) if value else "set"


def _decided(row: Compared) -> str:
    return f"`{row.decided.split(' ')[0]}`"


def pages() -> dict[Path, str]:
    """Return the page with its table as the code is today."""
    made = f"{table(HEAD, rows())}\n"
    text = PAGE.read_text(encoding="utf-8")
    return {PAGE: re.sub(BLOCK.format(name="published"), lambda _: made, text, flags=re.DOTALL)}
