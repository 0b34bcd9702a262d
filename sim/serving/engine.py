"""Stand-in for SGLang behind any release of Dynamo's runtime: it turns the tokens of a prompt into an answer's."""

import argparse
import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from figures import Figures
from model import ASSISTANT, USER
from phrases import answer
from tokenizers import Tokenizer

SECONDS_A_TOKEN = 0.005
PREFILL_SECONDS = 0.02
BOOTSTRAP_PORT = 12345
"""Port from which a decode worker would fetch the KV cache. Nothing listens there, and nothing connects."""
STAGE = "sglang:per_stage_req_latency_seconds"


def arguments() -> argparse.Namespace:
    """Parse a worker's arguments: its role, its place in Dynamo, its model, and its metrics."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--role", choices=["prefill", "decode"], required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--model-name", required=True)
    parser.add_argument("--model-path", type=Path, required=True)
    parser.add_argument("--about", default="")
    parser.add_argument("--metrics", type=Path, required=True, help="file of the metrics that it exposes")
    parser.add_argument("--engine-type", default="unified")
    parser.add_argument("--ranks", type=int, default=1)
    return parser.parse_args()


class Engine:
    """Turns the token ids of a prompt into those of an answer, one per step, up to the request's max_tokens."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.tokenizer = Tokenizer.from_file(str(args.model_path / "tokenizer.json"))
        self.model_name = args.model_name
        self.about = args.about
        self.rooms = itertools.count(1)
        self.figures = Figures(args.metrics, args.model_name, args.engine_type, args.ranks)

    def answer_ids(self, prompt_ids: list[int]) -> list[int]:
        prompt = self.tokenizer.decode(prompt_ids, skip_special_tokens=False)
        question = prompt.rsplit(USER, 1)[-1].removesuffix(ASSISTANT).strip()
        return self.tokenizer.encode(answer(question, self.model_name, self.about)).ids

    async def generate(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        stop, prompt = request.get("stop_conditions") or {}, request["token_ids"]
        ids = self.answer_ids(prompt)
        limit = stop.get("max_tokens") or len(ids)
        rank, made, last = self.figures.start(len(prompt)), 0, time.monotonic()
        try:
            self.figures.took(STAGE, rank, 0.001, stage="decode_waiting")
            for token in ids[:limit]:
                await asyncio.sleep(SECONDS_A_TOKEN)
                made, now = made + 1, time.monotonic()
                self.figures.token(rank, now - last)
                if made == 1:
                    self.figures.took("sglang:time_to_first_token_seconds", rank, now - last)
                last = now
                yield {"token_ids": [token], "finish_reason": None}
        finally:
            self.figures.end(rank, len(prompt) + made)
        yield {"token_ids": [], "finish_reason": "length" if limit < len(ids) else "stop"}

    async def prefill(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Answer once the prompt is read. Only Dynamo 1.x calls this: it then hands the request on to a decode
        worker."""
        prompt, began = len(request.get("token_ids") or []), time.monotonic()
        rank = self.figures.start(prompt)
        try:
            await asyncio.sleep(PREFILL_SECONDS)
            self.figures.took(STAGE, rank, time.monotonic() - began, stage="prefill_forward")
        finally:
            self.figures.end(rank, prompt)
        where = {"bootstrap_host": "127.0.0.1", "bootstrap_port": BOOTSTRAP_PORT, "bootstrap_room": next(self.rooms)}
        yield {"token_ids": [], "finish_reason": None, "disaggregated_params": where}
