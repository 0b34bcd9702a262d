"""The verb ``adopt`` and its options."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wideep_cli.console import answer
from wideep_cli.errors import writing
from wideep_cli.options import Debug, Output, OutputFormat, Stack

if TYPE_CHECKING:
    from wideep_cli.adopt.resources import Adoption

__all__ = ["EXAMPLE", "adopt"]

EXAMPLE = "Example: [bold]wideep adopt --stack prod --write adopt.json[/bold]"

Write = Annotated[Path, typer.Option("--write", metavar="FILE", help="Import file to write.")]


def adopt(
    stack: Stack = None,
    write: Write = Path("adopt.json"),
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Write an import file for the stack's resources that already exist on the cluster, as after the manual lab. Runs
    `pulumi preview`, and changes nothing."""
    from wideep_cli.adopt.preview import wanted_resources
    from wideep_cli.adopt.resources import adoption
    from wideep_cli.connection import connect
    from wideep_cli.stack_context import load, stack_file

    source = stack_file(stack, None)
    name = source.path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    loaded = load(source)
    wanted = wanted_resources(source.path.resolve().parent, name)
    found = adoption(loaded.settings, wanted, connect(source))
    known = {name: urn for each in wanted for name, urn in each.known.items()}
    content = ({"nameTable": known} if known else {}) | {"resources": found.resources}
    with writing(write):
        write.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    where = f"--stack {shlex.quote(name)} --file {shlex.quote(str(write))}"
    command = f"pulumi import {where} --yes --protect=false --generate-code=false"
    if output is OutputFormat.JSON:
        body = {
            "adopted": found.ids,
            "keys": found.keys,
            "notes": found.notes,
            "left": found.left,
            "file": str(write),
            "command": command,
        }
        answer(json.dumps(body, indent=2))
        return
    answer("\n".join(_lines(found, write, command, name)))


def _lines(found: Adoption, write: Path, command: str, stack: str) -> Iterator[str]:
    if found.keys:
        yield "The cluster has what the stack would make, or runs without it. Use what exists, then run this again:"
        yield from (f"  {each} --stack {shlex.quote(stack)}" for each in found.keys)
    yield f"{write} imports {len(found.ids)} of the stack's resources, which the cluster has:"
    yield from (f"  {each}" for each in found.ids)
    if found.left:
        yield "`pulumi up` makes the others:"
        yield from (f"  {each}" for each in found.left)
    yield "Then:"
    look = f"pulumi preview --stack {shlex.quote(stack)} --refresh --diff"
    yield from (f"  {each}" for each in (command, *found.notes, look))
