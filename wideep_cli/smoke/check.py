"""Ask until there is an answer, and check it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wideep.engines import engine_of
from wideep.settings.layout import Role
from wideep_cli.deployment import DeployedGraph
from wideep_cli.smoke.chat import Answer, ChatError, NotYetError, Question, ask
from wideep_cli.status.frontend import ask_frontend
from wideep_cluster import ClusterError, ForbiddenError, UnreachableError, forward_service

__all__ = ["Outcome", "faults", "try_until"]

PAUSE_SECONDS: Final = 2.0
FINISHED: Final = frozenset({"stop", "length", "eos"})


@dataclass(frozen=True)
class Outcome:
    """The answer, what is wrong with it, and how many attempts and seconds it took."""

    answer: Answer
    faults: tuple[str, ...]
    attempts: int
    waited_seconds: float


def try_until(live: DeployedGraph, question: Question, seconds: float, remark: Callable[[str], None]) -> Outcome:
    """Wait for the workers and ask; ask again while a worker that has gone is still listed, for at most ``seconds``.

    Each new reason to wait is announced through ``remark``.

    Raises:
        ClusterError: there was no answer in that time, or asking again is of no use; the message gives the last reason.
    """
    begun, told, attempts = time.monotonic(), "", 0
    while True:
        try:
            with forward_service(live.cluster, live.plan.namespace, live.plan.frontend.service) as port:
                _require_workers(port, live)
                attempts += 1
                answer = ask(port, question)
                return Outcome(answer, faults(answer, question), attempts, time.monotonic() - begun)
        except (UnreachableError, ForbiddenError):
            raise
        except ClusterError as error:
            waited = time.monotonic() - begun
            if isinstance(error, ChatError) and not isinstance(error, NotYetError):
                raise
            if waited > seconds:
                raise ClusterError(
                    f"No answer within {seconds:.0f} s. Last error: {error}\n"
                    "  Run wideep status to see what the pods wait for, and wideep doctor for the cause."
                ) from error
            if str(error) != told:
                told = str(error)
                remark(f"{told} Retrying for {seconds - waited:.0f} s.")
            time.sleep(PAUSE_SECONDS)


def _require_workers(port: int, live: DeployedGraph) -> None:
    """Raise NotYetError unless workers of both roles have registered, and the model.

    A frontend without workers answers nothing; with one role alone, it waits for the other.
    """
    view = ask_frontend(port, live.plan, engine_of(live.loaded.settings))
    missing = [str(role) for role in Role if not view.workers.get(role)]
    if missing:
        raise NotYetError(f"No {' and no '.join(missing)} worker is registered with the frontend.")
    if live.plan.model not in view.models:
        raise NotYetError(f"The frontend does not serve {live.plan.model} yet.")


def faults(answer: Answer, question: Question) -> tuple[str, ...]:
    """Return what is wrong with an answer; empty if nothing is."""
    found: list[str] = []
    if answer.model != question.model:
        found.append(f"the answer is from model {answer.model or '(none)'}, not {question.model}")
    if not answer.text.strip():
        found.append("the answer is empty, although the status is 200")
    if answer.finish_reason not in FINISHED:
        found.append(f"the finish reason is {answer.finish_reason or '(none)'}, not {' or '.join(sorted(FINISHED))}")
    if answer.tokens > question.max_tokens:
        found.append(f"{answer.tokens} tokens received, but at most {question.max_tokens} were requested")
    if answer.reported is not None and answer.pieces > answer.reported:
        found.append(f"usage reports {answer.reported} tokens, but {answer.pieces} chunks were received")
    return tuple(found)
