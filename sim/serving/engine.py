"""Stands for SGLang behind Dynamo's runtime of whatever release: the tokens of a prompt become those of an answer."""

import argparse
import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from model import ASSISTANT, USER
from phrases import answer
from tokenizers import Tokenizer

SECONDS_A_TOKEN = 0.005
PREFILL_SECONDS = 0.02
BOOTSTRAP_PORT = 12345
"""Where a decode worker would fetch the KV cache. Nothing listens there, and nobody calls."""


def arguments() -> argparse.Namespace:
    """Parse what a worker is told: its role, its place in Dynamo, and what it serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--role", choices=["prefill", "decode"], required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--model-name", required=True)
    parser.add_argument("--model-path", type=Path, required=True)
    parser.add_argument("--about", default="")
    return parser.parse_args()


class Engine:
    """Turns the token ids of a prompt into the token ids of an answer, one a step, up to the request's max_tokens."""

    def __init__(self, model_path: Path, model_name: str, about: str) -> None:
        self.tokenizer = Tokenizer.from_file(str(model_path / "tokenizer.json"))
        self.model_name = model_name
        self.about = about
        self.rooms = itertools.count(1)

    def answer_ids(self, prompt_ids: list[int]) -> list[int]:
        prompt = self.tokenizer.decode(prompt_ids, skip_special_tokens=False)
        question = prompt.rsplit(USER, 1)[-1].removesuffix(ASSISTANT).strip()
        return self.tokenizer.encode(answer(question, self.model_name, self.about)).ids

    async def generate(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        stop = request.get("stop_conditions") or {}
        ids = self.answer_ids(request["token_ids"])
        limit = stop.get("max_tokens") or len(ids)
        for token in ids[:limit]:
            yield {"token_ids": [token], "finish_reason": None}
            await asyncio.sleep(SECONDS_A_TOKEN)
        yield {"token_ids": [], "finish_reason": "length" if limit < len(ids) else "stop"}

    async def prefill(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Answer once the prompt is read. Only Dynamo 1.x asks: it hands the second half on to the decode worker."""
        await asyncio.sleep(PREFILL_SECONDS)
        where = {"bootstrap_host": "127.0.0.1", "bootstrap_port": BOOTSTRAP_PORT, "bootstrap_room": next(self.rooms)}
        yield {"token_ids": [], "finish_reason": None, "disaggregated_params": where}
