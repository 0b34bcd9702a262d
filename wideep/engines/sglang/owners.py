"""The owner of each flag of a worker's command, in any version, and what to write instead of the flag.

A flag without a row is passed on with a warning, since its effect on a layout is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.engines.flags import Reason
from wideep.engines.versions import SHARED_REASONS, TAKE_OUT, owners_of

__all__ = ["INSTEAD", "OWNERS", "reasons_of"]

_OWNERS: Final = """
tp                         --tensor-parallel-size
dp                         --data-parallel-size --enable-dp-attention
ep                         --expert-parallel-size --enable-ep-moe
pp                         --pipeline-parallel-size --disaggregation-prefill-pp
dpLmHead                   --enable-dp-lm-head --enable-tp-lm-head-all-to-all
moeDenseTp                 --moe-dense-tp-size
moeA2aBackend              --moe-a2a-backend --enable-deepep-moe --enable-deepep-waterfill
deepepMode                 --deepep-mode
twoBatchOverlap            --enable-two-batch-overlap
redundantExperts           --ep-num-redundant-experts
eplb.enabled               --enable-eplb
eplb.algorithm             --eplb-algorithm
eplb.rebalanceIterations   --eplb-rebalance-num-iterations
eplb.dispatchAlgorithm     --ep-dispatch-algorithm
eplb.recorderMode          --expert-distribution-recorder-mode
eplb.initialExpertLocation --init-expert-location
memFractionStatic          --mem-fraction-static
chunkedPrefillSize         --chunked-prefill-size
contextLength              --context-length
kvCacheDtype               --kv-cache-dtype
pageSize                   --page-size
cudaGraphBatchSizes        --cuda-graph-max-bs-decode --cuda-graph-bs-decode --cuda-graph-max-bs --cuda-graph-bs
cudaGraphBatchSizes        --disable-cuda-graph --disable-cuda-graph-padding --cuda-graph-backend-decode
cudaGraphBatchSizes        --disable-decode-cuda-graph --cuda-graph-config
maxRunningRequests         --max-running-requests
speculative                --enable-beta-spec --speculative-algorithm --speculative-draft-model-path
speculative                --speculative-num-steps --speculative-eagle-topk --speculative-num-draft-tokens
memory                     --max-total-tokens --cpu-offload-gb --offload-group-size --offload-num-in-group
memory                     --offload-prefetch-step --offload-mode --enable-unified-memory
memory                     --prefill-only-disable-kv-cache --kt-num-gpu-experts --ple-offload-embedding
model                      --load-format --dtype --quantization --modelopt-quant --modelopt-checkpoint-restore-path
model                      --json-model-override-args --torchao-config --quantize-and-serve --rl-quant-profile
model                      --modelopt-export-path --decrypted-config-file
revision                   --revision --download-dir
operator                   --dist-init-addr --nnodes --node-rank
program                    --model-path --tokenizer-path --host --served-model-name --load-balance-method
program                    --disaggregation-mode --disaggregation-transfer-backend --endpoint --skip-tokenizer-init
program                    --prefill-round-robin-balance --port --disaggregation-bootstrap-port --namespace
program                    --discovery-backend --request-plane --event-plane --store-kv --endpoint-types
program                    --dyn-endpoint-types
remoteCode                 --trust-remote-code
worker                     --is-embedding --multimodal-processor --multimodal-encode-worker --multimodal-worker
worker                     --embedding-worker --device --base-gpu-id --gpu-id-step --encoder-only --language-only
worker                     --language-model-only --enable-pd-role-switch --use-ray --dllm-algorithm
worker                     --decoupled-spec-role --image-diffusion-worker --video-generation-worker
worker                     --dedicated-mm-encoder
sharding                   --attention-context-parallel-size --moe-data-parallel-size --dcp-size --dwdp-size
idle                       --grpc-mode --api-key --config --admin-api-key --fastapi-root-path
idle                       --uvicorn-access-log-exclude-prefixes --enable-http2 --http2-max-concurrent-streams
idle                       --http2-initial-connection-window-size --smg-grpc-mode --smg-http-sidecar-port --grpc-port
idle                       --grpc-response-timeout-secs --ssl-keyfile --ssl-certfile --ssl-ca-certs
idle                       --ssl-keyfile-password --enable-ssl-refresh
ends                       --enable-flashinfer-cutlass-moe --enable-flashinfer-cutedsl-moe
ends                       --enable-flashinfer-trtllm-moe --enable-triton-kernel-moe --enable-flashinfer-mxfp4-moe
ends                       --version --help
deletes                    --delete-ckpt-after-loading
passes                     --tokenizer-mode --model-loader-extra-config --warmups --quantization-param-path
passes                     --schedule-policy --constrained-json-whitespace-pattern --log-level --log-level-http
passes                     --crash-dump-folder --crash-on-nan --tokenizer-metrics-custom-labels-header
passes                     --kv-events-config --oltp-traces-endpoint --weight-version --chat-template
passes                     --completion-template --file-storage-path --reasoning-parser --tool-call-parser
passes                     --sampling-defaults --tool-server --preferred-sampling-params --lora-eviction-policy
passes                     --lora-backend --attention-backend --prefill-attention-backend --decode-attention-backend
passes                     --sampling-backend --grammar-backend --mm-attention-backend --nsa-prefill --nsa-decode
passes                     --speculative-draft-model-revision --speculative-draft-load-format --speculative-token-map
passes                     --speculative-attention-mode --speculative-ngram-match-type --flashinfer-mxfp4-moe-precision
passes                     --mamba-ssm-dtype --hicache-write-policy --radix-eviction-policy --hicache-io-backend
passes                     --hicache-mem-layout --hicache-storage-backend --hicache-storage-prefetch-policy
passes                     --hicache-storage-backend-extra-config --ds-channel-config-path --ds-heavy-channel-type
passes                     --debug-tensor-dump-output-folder --debug-tensor-dump-input-file --debug-tensor-dump-inject
passes                     --disaggregation-ib-device --pdmux-config-path --dyn-tool-call-parser --dyn-reasoning-parser
passes                     --custom-jinja-template --dump-config-to --tokenizer-worker-num --nccl-port
passes                     --max-queued-requests --priority-scheduling-preemption-threshold --stream-interval
passes                     --random-seed --dist-timeout --log-requests-level --decode-log-interval
passes                     --max-lora-chunk-size --speculative-ngram-min-match-window-size
passes                     --speculative-ngram-max-match-window-size --speculative-ngram-min-bfs-breadth
passes                     --speculative-ngram-max-bfs-breadth --speculative-ngram-branch-length
passes                     --speculative-ngram-capacity --eplb-rebalance-layers-per-chunk
passes                     --multi-item-scoring-delimiter --ds-heavy-channel-num --ds-heavy-token-num
passes                     --ds-sparse-decode-threshold --triton-attention-num-kv-splits
passes                     --triton-attention-split-tile-size --num-continuous-decode-steps --scheduler-recv-interval
passes                     --dynamic-batch-tokenizer-batch-size --disaggregation-decode-tp --disaggregation-decode-dp
passes                     --num-reserved-decode-tokens --disaggregation-decode-polling-interval --migration-limit
passes                     --skip-server-warmup --enable-priority-scheduling --schedule-low-priority-values-first
passes                     --stream-output --constrained-json-disable-any-whitespace --sleep-on-idle --log-requests
passes                     --show-time-cost --enable-metrics --enable-metrics-for-all-schedulers
passes                     --collect-tokens-histogram --enable-request-time-stats-logging --enable-trace
passes                     --enable-cache-report --enable-flashinfer-allreduce-fusion
passes                     --enable-expert-distribution-metrics --disable-radix-cache --enable-profile-cuda-graph
passes                     --enable-cudagraph-gc --disable-flashinfer-cutlass-moe-fp4-allgather
passes                     --enable-tokenizer-batch-encode --disable-outlines-disk-cache --disable-custom-all-reduce
passes                     --disable-overlap-schedule --enable-nan-detection --enable-p2p-check
passes                     --triton-attention-reduce-in-fp32 --allow-auto-truncate --enable-custom-logit-processor
passes                     --flashinfer-mla-disable-ragged --disable-chunked-prefix-cache
passes                     --disable-fast-image-processor --keep-mm-feature-on-device --enable-return-hidden-states
passes                     --enable-dynamic-batch-tokenizer --weight-loader-disable-mmap
passes                     --enable-deterministic-inference --use-sglang-tokenizer --schedule-conservativeness
passes                     --watchdog-timeout --gc-warning-threshold-secs --load-watch-interval
passes                     --speculative-accept-threshold-single --speculative-accept-threshold-acc
passes                     --eplb-min-rebalancing-utilization-threshold --tbo-token-distribution-threshold
passes                     --dynamic-batch-tokenizer-batch-timeout --tokenizer-metrics-allowed-custom-labels
passes                     --prompt-tokens-buckets --generation-tokens-buckets --bucket-time-to-first-token
passes                     --bucket-inter-token-latency --bucket-e2e-request-latency --lora-target-modules
passes                     --custom-weight-loader --numa-node --otlp-traces-endpoint --otlp-service-name
passes                     --trace-modules --log-requests-format --log-requests-target --extra-metric-labels
passes                     --export-metrics-to-file --export-metrics-to-file-dir --enable-mfu-metrics
passes                     --enable-layerwise-nvtx-marker --expert-balancedness-report-mode --soft-watchdog-timeout
passes                     --gc-threshold --tokenizer-backend --detokenizer-worker-num --disable-tokenizer-batch-decode
passes                     --nsa-prefill-backend --nsa-decode-backend --dsa-prefill-backend --dsa-decode-backend
passes                     --fp8-gemm-backend --fp4-gemm-backend --bf16-gemm-backend --disable-flashinfer-autotune
passes                     --flashinfer-autotune-skip-ops --weight-loader-prefetch-checkpoints
passes                     --weight-loader-prefetch-num-threads --weight-loader-drop-cache-after-load
passes                     --abort-on-priority-when-disabled --disable-priority-preemption --default-priority-value
passes                     --incremental-streaming-output --hf-chat-template-name --batch-notify-size --model-checksum
passes                     --radix-eviction-policy-config --retraction-policy --exclude-tools-when-tool-choice-none
"""
_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "operator": Reason(
            "the Dynamo operator appends this flag to the workers itself",
            f"{TAKE_OUT}; nodes sets the number of pods",
        ),
        "program": Reason("this flag is derived from the stack, the same for both roles", TAKE_OUT),
        "worker": Reason(
            "it turns the worker into something other than a role of this graph on the pod's own GPUs", TAKE_OUT
        ),
        "sharding": Reason(
            "it splits attention or experts over the GPUs in a way that the plan does not model",
            f"{TAKE_OUT}; tp, dp and ep set how a worker is split",
        ),
        "model": Reason(
            "it changes the model, and the plan is computed from the key model",
            f"{TAKE_OUT}; another format is another model: set model: {{config: PATH}} of its config.json",
        ),
        **SHARED_REASONS,
        "memory": Reason(
            "it changes what is in GPU memory, and the plan does not account for it",
            f"{TAKE_OUT}; memFractionStatic sets how much memory the KV cache gets",
        ),
        "deletes": Reason("it deletes the model's files, which all workers read from one volume", TAKE_OUT),
    }
)
"""Reasons by owner, for owners that are not keys of a role."""
_NO_FILE: Final = "Dynamo's worker serves no HTTP of its own and reads no config file: it does nothing"
_A_FILE: Final = "Dynamo's worker serves no HTTP of its own, and flags of a config file would bypass the keys"
"""Applies from Dynamo 0.7.1 on (``_preprocess_for_config_section`` of ``dynamo/sglang/args.py``)."""

INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "--disable-piecewise-cuda-graph": "--cuda-graph-backend-prefill disabled",
        "--enable-dsa-prefill-context-parallel": "--enable-prefill-cp",
        "--enable-expert-distribution-metrics": "--expert-balancedness-report-mode server_log",
        "--enable-nsa-prefill-context-parallel": "--enable-prefill-cp",
        "--mamba-scheduler-strategy": "--mamba-radix-cache-strategy",
        "--nsa-decode": "--nsa-decode-backend",
        "--nsa-decode-backend": "--dsa-decode-backend",
        "--nsa-prefill": "--nsa-prefill-backend",
        "--nsa-prefill-backend": "--dsa-prefill-backend",
        "--oltp-traces-endpoint": "--otlp-traces-endpoint",
        "--piecewise-cuda-graph-compiler": "--cuda-graph-tc-compiler",
        "--piecewise-cuda-graph-max-tokens": "--cuda-graph-max-bs-prefill",
        "--piecewise-cuda-graph-tokens": "--cuda-graph-bs-prefill",
        "--prefill-cp-mode": "--cp-strategy",
        "--speculative-dflash-draft-window-size": "--speculative-draft-window-size",
        "--stream-output": "--incremental-streaming-output",
    }
)
"""Replacement by flag, from the flag's deprecation message or its help. A flag that a key owns needs no entry."""

OWNERS: Final = owners_of(_OWNERS)
"""Owner by one of the flag's spellings, in the order in which messages list the flags."""


def reasons_of(release: str, reads_files: bool) -> Mapping[str, Reason]:
    """Return why flags that no key owns are refused. ``reads_files``: the worker reads flags from a config file."""
    further = {
        "idle": Reason(_A_FILE if reads_files else _NO_FILE, TAKE_OUT),
        "ends": Reason(f"{release} exits when it is given this flag", TAKE_OUT),
    }
    return MappingProxyType({**_REASONS, **further})
