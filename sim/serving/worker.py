"""Stand-in for `python3 -m dynamo.sglang` on a node with GPUs: the same registration and endpoints, a simulated engine.

    python worker.py --role decode --namespace NS --model-name NAME --model-path DIR --about "graph …"

A decode worker registers the model and serves NS.backend.generate, a prefill worker serves NS.prefill.generate, as the
SGLang workers of Dynamo 0.6.0 do. Both find etcd and NATS through ETCD_ENDPOINTS and NATS_SERVER.
"""

import asyncio
import signal

import uvloop
from dynamo.llm import ModelInput, ModelType, register_llm
from dynamo.runtime import DistributedRuntime, dynamo_worker
from engine import Engine, arguments


@dynamo_worker(static=False)
async def serve(runtime: DistributedRuntime) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.shutdown)
    args = arguments()
    engine = Engine(args)
    component = runtime.namespace(args.namespace).component("prefill" if args.role == "prefill" else "backend")
    await component.create_service()
    endpoint = component.endpoint("generate")
    if args.role == "decode":
        kinds = ModelType.Chat | ModelType.Completions
        await register_llm(ModelInput.Tokens, kinds, endpoint, str(args.model_path), args.model_name)
    endpoint.metrics.register_prometheus_expfmt_callback(engine.figures.text)
    print(f"serving {args.model_name} as {args.role}", flush=True)
    await endpoint.serve_endpoint(engine.prefill if args.role == "prefill" else engine.generate)


if __name__ == "__main__":
    uvloop.run(serve())
