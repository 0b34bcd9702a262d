"""Asking again: while an error will pass, or until an answer is one to go on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

from wideep_cluster.errors import ClusterError

__all__ = ["ask_again", "poll"]

T = TypeVar("T")


def ask_again(
    ask: Callable[[], T], seconds: float, pause: float, say: Callable[[ClusterError], None] | None = None
) -> T:
    """Ask again while the API server does not answer, or is too busy to; at most ``seconds``.

    ``say`` hears of each error before the next try. Raises the last ClusterError.
    """

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if say and isinstance(error, ClusterError):
            say(error)

    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, ClusterError) and error.is_temporary),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(pause),
        before_sleep=tell,
        reraise=True,
    )(ask)


def poll(
    ask: Callable[[], T],
    is_open: Callable[[T], bool],
    seconds: float,
    pause: float,
    say: Callable[[], None] | None = None,
) -> T:
    """Ask until the answer leaves nothing open, or the time has passed. Return the last answer.

    ``say`` is called once, before the second try.
    """

    def tell(state: RetryCallState) -> None:
        if say and state.attempt_number == 1:
            say()

    def last(state: RetryCallState) -> T:
        assert state.outcome is not None  # noqa: S101 - tenacity sets it before it gives up
        return state.outcome.result()

    return Retrying(
        retry=retry_if_result(is_open),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(pause),
        before_sleep=tell,
        retry_error_callback=last,
    )(ask)
