"""Retries: while an error is temporary, or until an answer is final."""

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
    """Return the result of ``ask``, and retry while the API server does not answer or is too busy, for at most
    ``seconds``.

    ``say`` is called with each error before the next try. Raise the last ClusterError.
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
    """Call ``ask`` until ``is_open`` is false for the answer, or the time is up. Return the last answer.

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
