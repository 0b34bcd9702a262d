"""One streamed chat completion of the OpenAI API, timed and counted."""

from __future__ import annotations

import json
import time
import urllib.error
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from wideep_cluster import ClusterError
from wideep_cluster.loopback import open_port

__all__ = ["Answer", "ChatError", "NotYetError", "Question", "ask"]

RETRIED: Final = frozenset({404, 429, 500, 502, 503})
"""404: the model is not registered yet. 500 "no responders": a dead worker is still listed until its lease ends."""


@dataclass(frozen=True)
class Question:
    """What to ask. ``silence_seconds``: the longest wait for the next piece; a first call can take minutes."""

    model: str
    prompt: str
    max_tokens: int
    silence_seconds: float


@dataclass(frozen=True)
class Answer:
    """What came back. ``pieces`` counts the stream's tokens, one per piece; ``reported`` is the count in ``usage``.

    ``finish_reason`` and ``model`` are empty if the stream has none.
    """

    model: str
    text: str
    finish_reason: str
    pieces: int
    prompt_tokens: int | None
    reported: int | None
    first_token_seconds: float
    total_seconds: float

    @property
    def tokens(self) -> int:
        """Tokens of the answer: as reported, or else the number of pieces."""
        return self.pieces if self.reported is None else self.reported

    @property
    def tokens_per_second(self) -> float | None:
        """Tokens per second after the first token; None for an answer of one token."""
        after = self.total_seconds - self.first_token_seconds
        return (self.tokens - 1) / after if self.tokens > 1 and after > 0 else None


class ChatError(ClusterError):
    """The frontend refuses the request, or breaks off its answer."""


class NotYetError(ChatError):
    """The frontend does not answer now, but may if asked again."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Delta(_Part):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(_Part):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Usage(_Part):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Piece(_Part):
    model: str = ""
    choices: tuple[_Choice, ...] = ()
    usage: _Usage | None = None


def ask(port: int, question: Question) -> Answer:
    """Ask the frontend on this port of this machine.

    Raises:
        NotYetError: no worker responds yet, or the one that was asked is gone.
        ChatError: the frontend refuses the question, or what it streams is not a completion.
    """
    body = {
        "model": question.model,
        "messages": [{"role": "user", "content": question.prompt}],
        "max_tokens": question.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    sent, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    begun = time.monotonic()
    try:
        silence = question.silence_seconds
        with open_port(port, "/v1/chat/completions", silence, data=sent, headers=headers) as lines:
            return _read(lines, begun)
    except urllib.error.HTTPError as error:
        said = _said(error.read().decode("utf-8", "replace"))
        kind = NotYetError if error.code in RETRIED else ChatError
        raise kind(f"The frontend returns {error.code}: {said}.", error.code) from error
    except TimeoutError as error:
        raise ChatError(f"The frontend sent nothing for {question.silence_seconds:.0f} s.") from error
    except OSError as error:
        raise NotYetError(f"The frontend does not respond: {getattr(error, 'reason', error)}.") from error


def _read(lines: Iterable[bytes], begun: float) -> Answer:
    """Read a stream of server-sent events to its end."""
    model, finish, usage = "", "", _Usage()
    texts: list[str] = []
    first = 0.0
    for raw in lines:
        line = raw.decode("utf-8", "replace").strip()
        if line.startswith("event: error"):
            raise NotYetError(f"The stream ended early: {_next_comment(lines)}.")
        if not line.startswith("data:") or line == "data: [DONE]":
            continue
        piece = _piece(line.removeprefix("data:"))
        model, usage = piece.model or model, piece.usage or usage
        for choice in piece.choices:
            text = choice.delta.content or choice.delta.reasoning_content
            if text:
                first = first or time.monotonic() - begun
                texts.append(text)
            finish = choice.finish_reason or finish
    total = time.monotonic() - begun
    return Answer(
        model, "".join(texts), finish, len(texts), usage.prompt_tokens, usage.completion_tokens, first or total, total
    )


def _piece(text: str) -> _Piece:
    try:
        return _Piece.model_validate_json(text)
    except ValidationError as error:
        raise ChatError(f"The frontend's stream is not a chat completion: {text.strip()[:200]}") from error


def _next_comment(lines: Iterable[bytes]) -> str:
    """Return the comment after an error event, where Dynamo puts the error's message."""
    for raw in lines:
        line = raw.decode("utf-8", "replace").strip()
        if line.startswith((":", "data:")):
            return line.lstrip(":").removeprefix("data:").strip().rstrip(".")
    return "no reason given"


def _said(body: str) -> str:
    """Return the message of an error response."""
    try:
        content: object = json.loads(body)
    except ValueError:
        return body.strip()[:200] or "no reason given"
    return _sentence(content).rstrip(".")[:300]


def _sentence(content: object) -> str:
    """Return the message of ``{"error": "…"}``, ``{"message": "…"}`` or ``{"error": {"message": "…"}}``."""
    while isinstance(content, dict):
        inside: dict[str, object] = {str(key): value for key, value in content.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        content = inside.get("message") or inside.get("error")
    return str(content or "no reason given")
