"""`wideep smoke` against a frontend of the tests: what it takes for an answer, and what it tries again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.loopback import Request, listening
from wideep_cli.smoke.chat import ChatError, NotYetError, Question, ask
from wideep_cli.smoke.check import faults

QUESTION = Question("a/model", "Why?", max_tokens=10, silence_seconds=5)


@contextmanager
def frontend(status: int, body: str) -> Iterator[int]:
    """A frontend that gives one answer to everything: its port."""

    def answer(request: Request) -> None:
        request.body()
        request.answer(status, body.encode())

    with listening(POST=answer) as port:
        yield port


def stream(*pieces: object) -> str:
    """Server-sent events, as Dynamo sends them."""
    return "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"


def piece(text: str | None, finish: str | None = None, **more: object) -> dict[str, object]:
    """A chunk of a chat completion."""
    return {"model": "a/model", "choices": [{"delta": {"content": text}, "finish_reason": finish}], **more}


def test_tokens_are_counted_by_pieces_where_usage_is_null() -> None:
    with frontend(200, stream(piece("Be", usage=None), piece("cause"), piece(None, "stop"))) as port:
        answer = ask(port, QUESTION)

    assert (answer.text, answer.finish_reason, answer.tokens, answer.reported) == ("Because", "stop", 2, None)
    assert 0 < answer.first_token_seconds <= answer.total_seconds
    assert faults(answer, QUESTION) == ()


def test_usage_counts_where_it_is_given() -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 3}
    with frontend(200, stream(piece("Because"), piece(None, "length"), {"choices": [], "usage": usage})) as port:
        answer = ask(port, QUESTION)

    assert (answer.tokens, answer.prompt_tokens) == (3, 4)
    assert faults(answer, QUESTION) == ()


def test_what_a_model_thinks_is_an_answer_too() -> None:
    thought = {"model": "a/model", "choices": [{"delta": {"reasoning_content": "Hm"}, "finish_reason": "length"}]}
    with frontend(200, stream(thought)) as port:
        assert faults(ask(port, QUESTION), QUESTION) == ()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (stream(piece(None, "stop")), "the answer is empty, although the status is 200"),
        ("", "the answer is empty, although the status is 200"),
        (stream(piece("Because")), "the finish reason is (none)"),
        (stream(piece("Because", "content_filter")), "the finish reason is content_filter"),
        (stream(piece("Because", "stop") | {"model": "b/other"}), "the answer is from model b/other, not a/model"),
        (stream(*[piece("no ")] * 11, piece(None, "stop")), "11 tokens received, but at most 10 were requested"),
        (stream(piece("a"), piece("b", "stop"), {"usage": {"completion_tokens": 1}}), "usage reports 1 tokens"),
    ],
)
def test_an_answer_that_is_none_fails(body: str, fault: str) -> None:
    with frontend(200, body) as port:
        found = faults(ask(port, QUESTION), QUESTION)

    assert any(fault in each for each in found), found


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, '{"error": "no responders: no responders"}', "The frontend returns 500: no responders"),
        (404, '{"error": {"message": "Model not found"}}', "The frontend returns 404: Model not found."),
        (503, "", "The frontend returns 503: no reason given."),
    ],
)
def test_a_dead_worker_that_is_still_listed_is_a_reason_to_ask_again(status: int, body: str, said: str) -> None:
    with frontend(status, body) as port, pytest.raises(NotYetError) as caught:
        ask(port, QUESTION)

    assert said in str(caught.value)


def test_a_stream_that_breaks_off_is_asked_again() -> None:
    broken = stream(piece("Be")).replace("data: [DONE]\n\n", "") + "event: error\n: the worker is gone\n\n"
    with frontend(200, broken) as port, pytest.raises(NotYetError, match="the worker is gone"):
        ask(port, QUESTION)


def test_a_question_that_is_refused_is_not_asked_again() -> None:
    with frontend(400, '{"message": "max_tokens is too large"}') as port, pytest.raises(ChatError) as caught:
        ask(port, QUESTION)

    assert not isinstance(caught.value, NotYetError)
    assert "max_tokens is too large" in str(caught.value)


def test_what_is_no_completion_is_shown() -> None:
    with frontend(200, "data: <html>\n\n") as port, pytest.raises(ChatError, match="not a chat completion: <html>"):
        ask(port, QUESTION)
