"""The ``smoke`` command and its options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from wideep_cli.console import answer, say
from wideep_cli.errors import ExitCode
from wideep_cli.options import Debug, File, Output, OutputFormat, Stack

if TYPE_CHECKING:
    from wideep_cli.smoke.check import Outcome

__all__ = ["EXAMPLE", "smoke"]

EXAMPLE = 'Example: [bold]wideep smoke --prompt "What is a token?" --timeout 600[/bold]'
LAB_PROMPT = "Explain MoE models in one sentence"

Prompt = Annotated[str, typer.Option("--prompt", metavar="TEXT", help="Prompt to send.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=1, max=100_000, help="Maximum number of output tokens.")]
Timeout = Annotated[int, typer.Option("--timeout", metavar="SECONDS", min=1, help="Seconds to wait for an answer.")]


def smoke(
    prompt: Prompt = LAB_PROMPT,
    max_tokens: MaxTokens = 100,
    timeout: Timeout = 300,
    stack: Stack = None,
    file: File = None,
    output: Output = OutputFormat.TEXT,
    debug: Debug = False,
) -> None:
    """Send a chat completion through a port-forward and check the answer."""
    from wideep_cli.deployment import find_live
    from wideep_cli.smoke.chat import Question
    from wideep_cli.smoke.check import try_until

    live = find_live(stack, file)
    question = Question(live.plan.model, prompt, max_tokens, silence_seconds=timeout)
    outcome = try_until(live, question, timeout, say)
    answer(as_json(outcome) if output is OutputFormat.JSON else as_text(outcome))
    if outcome.faults:
        raise typer.Exit(ExitCode.FAILED)


def as_text(outcome: Outcome) -> str:
    """Render the answer, then a line of figures and a verdict."""
    got = outcome.answer
    prompt = f"{got.prompt_tokens} tokens in, " if got.prompt_tokens is not None else ""
    speed = f", {got.tokens_per_second:.0f} tokens/s" if got.tokens_per_second else ""
    verdict = "\n".join(f"Wrong: {fault}." for fault in outcome.faults) or "It works."
    return (
        f"{got.text.strip()}\n\n"
        f"{got.model}: {prompt}{got.tokens} out, finish reason {got.finish_reason or '(none)'}; first token after "
        f"{got.first_token_seconds:.2f} s, all after {got.total_seconds:.2f} s{speed}.\n{verdict}"
    )


def as_json(outcome: Outcome) -> str:
    """Render the same as JSON."""
    got = outcome.answer
    content = {
        "holds": not outcome.faults,
        "faults": list(outcome.faults),
        "model": got.model,
        "text": got.text,
        "finish_reason": got.finish_reason,
        "prompt_tokens": got.prompt_tokens,
        "tokens": got.tokens,
        "pieces": got.pieces,
        "first_token_seconds": round(got.first_token_seconds, 4),
        "total_seconds": round(got.total_seconds, 4),
        "attempts": outcome.attempts,
        "waited_seconds": round(outcome.waited_seconds, 4),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)
