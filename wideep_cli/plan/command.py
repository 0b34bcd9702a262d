"""The verb ``plan`` and its options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import CallError
from wideep_cli.options import Debug, File, Measured, Output, OutputFormat, Stack

if TYPE_CHECKING:
    from wideep_cli.stack_context import StackContext

__all__ = ["EXAMPLE", "plan"]

EXAMPLE = "Example: [bold]wideep plan --stack prod --svg placement.svg[/bold]"

Svg = Annotated[
    Path | None, typer.Option("--svg", metavar="FILE", help="Draw the placement as SVG or PNG: nodes, GPUs, experts.")
]
Slide = Annotated[bool, typer.Option("--slide", help="With --svg: a cell for each GPU, letters for a slide.")]
Diff = Annotated[
    tuple[Path, Path] | None, typer.Option("--diff", metavar="A.yaml B.yaml", help="Show what changes from A to B.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="REF", help="Show what changes since a git commit, tag or branch.")
]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="COMMAND|FILE", help="Compare with your launch command, flag by flag."),
]
Args = Annotated[str | None, typer.Option("--args", metavar="ROLE", help="Print a role's command, one flag a line.")]
Experts = Annotated[
    Path | None,
    typer.Option("--experts", metavar="FILE", help="Check a file for initialExpertLocation: layers, experts, slots."),
]
Manifest = Annotated[bool, typer.Option("--manifest", help="Print the DynamoGraphDeployment.")]


def plan(
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    svg: Svg = None,
    slide: Slide = False,
    diff: Diff = None,
    since: Since = None,
    against: Against = None,
    args: Args = None,
    manifest: Manifest = False,
    experts: Experts = None,
    measured: Measured = False,
    debug: Debug = False,
) -> None:
    """Show a stack's plan: roles, GPU memory, engine arguments, what it takes. Only --measured needs a cluster."""
    from wideep_cli.stack_context import load, stack_file

    if slide and not svg:
        raise CallError("--slide is a form of the picture that --svg draws.", "Add --svg FILE.svg.")
    _require_one({"diff": diff, "since": since, "against": against, "args": args, "manifest": manifest})
    if diff:
        _require_alone("diff", {"stack": stack, "file": file, "svg": svg, "experts": experts, "measured": measured})
        before, after = (load(stack_file(None, path)) for path in diff)
        _differ(before, after, output)
        return
    if since:
        _require_alone("since", {"svg": svg, "experts": experts, "measured": measured})
    elif against or args or manifest:
        _require_alone("against" if against else "args" if args else "manifest", {"measured": measured})
    source = stack_file(stack, file)
    if since:
        from wideep_cli.plan.since import loaded_at

        _differ(loaded_at(since, source), load(source), output)
        return
    loaded = load(source)
    if experts:
        from wideep_cli.plan.experts_file import check_experts

        say(check_experts(loaded, experts))
    if svg:
        _draw(loaded, svg, slide)
    if against or args or manifest:
        _beside(loaded, output, against, args)
        return
    from wideep_cli.named_cluster import named_cluster
    from wideep_cli.plan.report import plan_report

    report = plan_report(loaded, output, named_cluster(source))
    if measured:
        from wideep_cli.measured import measured_nodes, with_measured

        report = with_measured(report, loaded.settings, measured_nodes(source, loaded.settings), output)
    answer(report)


def _require_one(printed: Mapping[str, object]) -> None:
    given = [f"--{name}" for name, value in printed.items() if value]
    if len(given) > 1:
        raise CallError(f"{' and '.join(given)} each print something of their own.", "Give one.")


def _require_alone(option: str, others: Mapping[str, object]) -> None:
    """Raise CallError for options that ``option`` would ignore."""
    what = {"diff": "compares two files", "since": "compares two plans", "against": "compares two commands"}
    given = [f"--{name}" for name, value in others.items() if value]
    if given:
        said = what.get(option, "prints what can be pasted")
        raise CallError(f"--{option} {said}.", f"Leave out {' and '.join(given)}.")


def _draw(loaded: StackContext, svg: Path, slide: bool) -> None:
    from wideep_cli.picture_file import write_picture
    from wideep_cli.plan.picture import draw_placement
    from wideep_cli.plan.slide import draw_slide

    write_picture("--svg", svg, draw_slide(loaded) if slide else draw_placement(loaded))
    say(f"Placement written to {svg}.")


def _differ(before: StackContext, after: StackContext, output: OutputFormat) -> None:
    from wideep_cli.plan.difference_report import difference_report

    answer(difference_report(before, after, output))


def _beside(loaded: StackContext, output: OutputFormat, against: str | None, args: str | None) -> None:
    """Print the comparison with a command, a role's command, or the graph's manifest."""
    if against:
        from wideep_cli.plan.against import against_report

        answer(against_report(loaded, against, output))
        return
    from wideep_cli.plan.pasted import command_text, manifest_text

    answer(command_text(loaded, args, output) if args else manifest_text(loaded, output))
