"""The verb ``adopt``: its options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.options import Debug, Output, OutputFormat, Stack
from ops.terminal import answer

__all__ = ["EXAMPLE", "adopt"]

EXAMPLE = "Example: [bold]wideep adopt --stack prod --write adopt.json[/bold]"

Write = Annotated[Path, typer.Option("--write", metavar="FILE", help="The import file that is written.")]


def adopt(
    stack: Stack = None,
    write: Write = Path("adopt.json"),
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Write an import file of what the cluster has of a stack already: the lab that was done by hand. Runs
    `pulumi preview`, and changes nothing."""
    from ops.adopt.preview import import_entries
    from ops.adopt.resources import adoption
    from ops.cluster import connect
    from ops.load import load, stack_file

    source = stack_file(stack, None)
    name = source.path.name.removeprefix("Pulumi.").removesuffix(".yaml")
    loaded = load(source)
    found = adoption(loaded.plan, import_entries(source.path.resolve().parent, name), connect(source))
    write.write_text(json.dumps({"resources": found.resources}, indent=2) + "\n", encoding="utf-8")
    command = f"pulumi import --stack {name} --file {write} --yes --protect=false --generate-code=false"
    if output is OutputFormat.JSON:
        answer(json.dumps({"adopted": found.ids, "left": found.left, "file": str(write), "command": command}, indent=2))
        return
    lines = [f"The cluster has {len(found.ids)} of the stack's resources:", *(f"  {each}" for each in found.ids)]
    lines += ["`pulumi up` makes the others:", *(f"  {each}" for each in found.left)]
    lines += [f"{write} is the import file. Then:", f"  {command}", f"  pulumi preview --stack {name} --refresh --diff"]
    answer("\n".join(lines))
