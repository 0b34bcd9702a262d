"""Stand-in for `python3 -m dynamo.sglang` of Dynamo 1.6.1, as worker.py is for 0.6.0, on the newer runtime.

    python worker_v1.py --role decode --namespace NS --model-name NAME --model-path DIR --about "graph …"

Both roles register the model: the frontend of 1.6.1 reads from the registrations which role needs which other. It finds
the workers through DYN_DISCOVERY_BACKEND and calls them over TCP: there is no NATS and no etcd.
"""

import asyncio
import signal

import uvloop
from dynamo.llm import ModelInput, ModelType, WorkerType, register_model
from dynamo.runtime import DistributedRuntime, dynamo_worker
from engine import Engine, arguments


@dynamo_worker()
async def serve(runtime: DistributedRuntime) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.shutdown)
    args = arguments()
    engine = Engine(args)
    prefill = args.role == "prefill"
    endpoint = runtime.endpoint(f"{args.namespace}.{'prefill' if prefill else 'backend'}.generate")
    kinds = ModelType.Prefill if prefill else ModelType.Chat | ModelType.Completions
    role, other = WorkerType.Prefill, WorkerType.Decode
    if not prefill:
        role, other = other, role
    where = (endpoint, str(args.model_path), args.model_name)
    await register_model(ModelInput.Tokens, kinds, *where, worker_type=role, needs=[[other]])
    endpoint.metrics.register_prometheus_expfmt_callback(engine.figures.text)
    print(f"serving {args.model_name} as {args.role}", flush=True)
    await endpoint.serve_endpoint(engine.prefill if prefill else engine.generate)


if __name__ == "__main__":
    uvloop.run(serve())
