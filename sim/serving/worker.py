"""Stands for `python3 -m dynamo.sglang` on a node with GPUs: its registration and endpoints, an engine that only talks.

    python worker.py --role decode --namespace NS --model-name NAME --model-path DIR --about "graph …"

A decode worker registers the model and serves NS.backend.generate, a prefill worker serves NS.prefill.generate, as the
SGLang workers of Dynamo 0.6.0 do. Both find etcd and NATS in ETCD_ENDPOINTS and NATS_SERVER.
"""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop
from dynamo.llm import ModelInput, ModelType, register_llm
from dynamo.runtime import DistributedRuntime, dynamo_worker
from model import ASSISTANT, USER
from phrases import answer
from tokenizers import Tokenizer

SECONDS_A_TOKEN = 0.005
PREFILL_SECONDS = 0.02


def arguments() -> argparse.Namespace:
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
        await asyncio.sleep(PREFILL_SECONDS)
        yield {"prefilled": len(request.get("token_ids", []))}


@dynamo_worker(static=False)
async def serve(runtime: DistributedRuntime) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.shutdown)
    args = arguments()
    engine = Engine(args.model_path, args.model_name, args.about)
    component = runtime.namespace(args.namespace).component("prefill" if args.role == "prefill" else "backend")
    await component.create_service()
    endpoint = component.endpoint("generate")
    if args.role == "decode":
        kinds = ModelType.Chat | ModelType.Completions
        await register_llm(ModelInput.Tokens, kinds, endpoint, str(args.model_path), args.model_name)
    print(f"serving {args.model_name} as {args.role}", flush=True)
    await endpoint.serve_endpoint(engine.prefill if args.role == "prefill" else engine.generate)


if __name__ == "__main__":
    uvloop.run(serve())
