"""The owner of each flag of a worker's command, in any version, and what to write instead of the flag.

A flag without a row is passed on with a warning, since its effect on a layout is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.engines.flags import Reason
from wideep.engines.versions import ONE_STAGE, SHARED_REASONS, TAKE_OUT, owners_of

__all__ = ["NEVER", "OWNERS", "REASONS"]

_OWNERS: Final = """
tp                         --tensor-parallel-size
dp                         --data-parallel-size
ep                         --enable-expert-parallel
pp                         --pipeline-parallel-size
moeA2aBackend              --all2all-backend
twoBatchOverlap            --enable-dbo --ubatch-size
eplb.enabled               --enable-eplb --eplb-config
redundantExperts           --eplb-config.num_redundant_experts
eplb.rebalanceIterations   --eplb-config.step_interval
memFractionStatic          --gpu-memory-utilization
chunkedPrefillSize         --max-num-batched-tokens
maxRunningRequests         --max-num-seqs
contextLength              --max-model-len
kvCacheDtype               --kv-cache-dtype
pageSize                   --block-size
cudaGraphBatchSizes        --cudagraph-capture-sizes --max-cudagraph-capture-size --enforce-eager
speculative                --speculative-config --spec-method --spec-model --spec-tokens
memory                     --kv-cache-memory-bytes --num-gpu-blocks-override --cpu-offload-gb --offload-backend
memory                     --kv-offloading-size --kv-offloading-backend --swap-space --offload-group-size
memory                     --offload-num-in-group --offload-prefetch-step --enable-cumem-allocator
model                      --load-format --dtype --quantization --quantization-config --hf-overrides --hf-config-path
model                      --model-class-overrides --model-impl --runner --convert
revision                   --revision --code-revision --tokenizer-revision --download-dir
operator                   --data-parallel-size-local --data-parallel-start-rank --data-parallel-rank
operator                   --data-parallel-address --data-parallel-rpc-port --data-parallel-hybrid-lb
operator                   --data-parallel-external-lb --data-parallel-multi-port-external-lb --nnodes --node-rank
operator                   --data-parallel-backend --distributed-executor-backend --master-addr --master-port --headless
program                    --model --tokenizer --served-model-name --disaggregation-mode --kv-transfer-config
program                    --kv-transfer-config.kv_connector --kv-transfer-config.kv_role --connector
program                    --is-prefill-worker --is-decode-worker --namespace --endpoint --endpoint-types
program                    --discovery-backend --request-plane --response-plane --event-plane
remoteCode                 --trust-remote-code
worker                     --embedding-worker --classify-worker --realtime --enable-multimodal --omni --enable-rl
worker                     --multimodal-worker --multimodal-encode-worker --multimodal-decode-worker --benchmark-mode
worker                     --gms-shadow-mode --enable-elastic-ep --language-model-only --mm-encoder-only
sharding                   --decode-context-parallel-size --prefill-context-parallel-size --expert-placement-strategy
ends                       --version --help
passes                     --eplb-config.window_size --eplb-config.log_balancedness --eplb-config.policy
passes                     --eplb-config.log_balancedness_interval --eplb-config.communicator
passes                     --dbo-decode-token-threshold --dbo-prefill-token-threshold --async-scheduling --seed
passes                     --enable-prefix-caching --prefix-caching-hash-algo --disable-log-stats --enable-log-requests
passes                     --kv-events-config --attention-backend --scheduling-policy --stream-interval
passes                     --otlp-traces-endpoint --collect-detailed-traces --reasoning-parser
passes                     --dyn-tool-call-parser --dyn-reasoning-parser --custom-jinja-template --dump-config-to
passes                     --tokenizer-mode --max-logprobs --logprobs-mode --generation-config
passes                     --override-generation-config --disable-cascade-attn --disable-custom-all-reduce
passes                     --distributed-timeout-seconds --use-tqdm-on-load --aggregate-engine-logging
passes                     --cudagraph-metrics --kv-cache-metrics --kv-cache-metrics-sample --enable-mfu-metrics
passes                     --safetensors-load-strategy --log-level --shutdown-timeout --kv-transfer-config.engine_id
"""

REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "program": Reason("it is derived from the role, the model and the transfer from prefill to decode", TAKE_OUT),
        "operator": Reason(
            "the operator computes it from the sizes and appends it to workers of several pods", TAKE_OUT
        ),
        "worker": Reason("it turns the worker into something other than a role of this stack", TAKE_OUT),
        "sharding": Reason("it splits the worker in a way that the plan does not model", TAKE_OUT),
        "model": Reason("it changes the model, and the plan is computed from the key model", TAKE_OUT),
        **SHARED_REASONS,
        "memory": Reason(
            "it changes what is in GPU memory, and the plan does not account for it",
            f"{TAKE_OUT}; memFractionStatic sets vLLM's share of the GPU",
        ),
        "file": Reason("flags of a config file would bypass the keys", f"{TAKE_OUT}; set the key of each of its flags"),
        "ends": Reason("vLLM exits when it is given this flag", TAKE_OUT),
    }
)
"""Reasons by owner, for owners that are not keys of a role."""

NEVER: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "pp": Reason(ONE_STAGE, f"{TAKE_OUT}, or set backend: sglang and prefill's pp"),
        "speculative": Reason(
            "speculative decoding on vLLM is not supported: the plan knows neither its flags nor its memory",
            f"{TAKE_OUT}, or set backend: sglang and speculative",
        ),
    }
)
"""Reasons by key, for keys that no role may set on vLLM."""

OWNERS: Final = owners_of(_OWNERS)
"""Owner by one of the flag's spellings, in the order in which messages list the flags."""
