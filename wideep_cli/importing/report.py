"""An imported stack as a stack file: the config, and above it comments that say what became of each flag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from wideep.launch.role import Fate, Place
from wideep.masking import masked, visible
from wideep_cli.errors import writing
from wideep_cli.importing.stack import Import
from wideep_cli.options import OutputFormat
from wideep_cli.stack_file import config_yaml, find_project

__all__ = ["import_report", "left_out", "write_stack"]

HEADS: Final = {
    Place.KEY: "set by a config key",
    Place.STACK: "set by a config key, for both roles",
    Place.EXTRA: "passed to the engine in extraArgs",
    Place.ENV: "passed to the engine in env",
    Place.SET: "set by this program or the operator anyway",
    Place.LEFT: "LEFT OUT",
}


def import_report(found: Import, output: OutputFormat) -> str:
    """Return the stack file, or JSON with the config and each flag."""
    match output:
        case OutputFormat.JSON:
            body = {
                "engine": found.stack.engine,
                "config": found.stack.config,
                "flags": {role: [asdict(fate) for fate in fates] for role, fates in found.stack.fates.items()},
                "problems": [asdict(problem) for problem in found.problems],
            }
            return json.dumps(body, indent=2, ensure_ascii=False)
        case OutputFormat.MARKDOWN:
            return f"```yaml\n{_file(found)}```"
        case OutputFormat.TEXT:
            return _file(found)


def left_out(found: Import) -> str:
    """Return the end of the success message, with the flags that the file leaves out; empty if there are none."""
    names = {fate.flag for fates in found.stack.fates.values() for fate in fates if fate.place is Place.LEFT}
    return f", without {', '.join(sorted(map(visible, names)))}: its comments say why" if names else ""


def write_stack(found: Import, path: Path) -> None:
    """Write the stack file, unless the path exists.

    Raises:
        CallError: the path exists, or cannot be written.
    """
    with writing(path), path.open("x", encoding="utf-8") as file:
        file.write(_file(found))


def _file(found: Import) -> str:
    config = config_yaml(found.stack.config, find_project(Path.cwd()).name)
    return "\n".join([*_comments(found), "config:", *(f"  {line}" for line in config.splitlines())]) + "\n"


def _comments(found: Import) -> Iterator[str]:
    yield f"# Written by wideep import, for {found.stack.engine}. To make it yours: namespace, hardware.interconnect,"
    yield "# modelCache.storageClass, and pulumi config set --secret hfToken hf_…"
    if found.stack.one_for_both:
        yield "# The command serves both roles, and a stack has workers for each: both are made from it."
    if found.stack.one_for_both and "deepepMode" in str(found.stack.config["layout"]):
        yield "# DeepEP's mode is normal for prefill and low_latency for decode."
    for whose, fates in _listed(found):
        yield "#"
        yield f"# {whose}, flag by flag:"
        for place, head in HEADS.items():
            yield from _of_place(head, [fate for fate in fates if fate.place is place])
    for problem in found.problems:
        yield "#"
        stated, *why = str(problem).splitlines()
        yield from (f"# wideep plan would refuse it: {line}" for line in _one_line(stated))
        yield from (f"#     {line}" for text in why for line in _one_line(text.strip()))


def _listed(found: Import) -> Iterator[tuple[str, tuple[Fate, ...]]]:
    """Yield each role's flags; once, for ROLE, if both roles have the same."""
    of_any = {
        tuple(replace(fate, why=fate.why.replace(f"layout.{role}.", "layout.ROLE.")) for fate in fates)
        for role, fates in found.stack.fates.items()
    }
    if len(of_any) == 1:
        yield "The command (ROLE: prefill and decode)", of_any.pop()
    else:
        yield from ((f"{role}'s command", fates) for role, fates in found.stack.fates.items())


def _of_place(head: str, fates: list[Fate]) -> Iterator[str]:
    if fates:
        yield f"#   {head}"
    for fate in fates:
        joint = " " if fate.flag.startswith("-") else "="
        said = f"{fate.flag}{joint if fate.value else ''}{fate.value}"
        yield from (f"#     {line}" for line in _one_line(f"{said:<44} {fate.why}"))


def _one_line(text: str) -> list[str]:
    """Return foreign text as one line of a comment, with control characters spelled out."""
    return [" ".join(visible(masked(text)).split("\n"))]
