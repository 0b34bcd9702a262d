"""Every flag that a worker's command takes: SGLang 0.5.3.post2's own and Dynamo 0.6.0's, which share one parser.

Names and sorts of values are those of ``sglang/srt/server_args.py`` and ``dynamo/sglang/args.py`` in these releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.engines.flags import FlagTable, Reason
from wideep.versions import SGLANG

__all__ = ["FLAGS"]

_TABLE: Final = """
tp                         int     --tensor-parallel-size|--tp-size
dp                         int     --data-parallel-size|--dp-size
dp                         -       --enable-dp-attention
ep                         int     --expert-parallel-size|--ep-size|--ep
ep                         -       --enable-ep-moe
pp                         int     --pipeline-parallel-size|--pp-size --disaggregation-prefill-pp
dpLmHead                   -       --enable-dp-lm-head
moeDenseTp                 int     --moe-dense-tp-size
moeA2aBackend              str     --moe-a2a-backend
moeA2aBackend              -       --enable-deepep-moe
deepepMode                 str     --deepep-mode
twoBatchOverlap            -       --enable-two-batch-overlap
redundantExperts           int     --ep-num-redundant-experts
eplb.enabled               -       --enable-eplb
eplb.algorithm             str     --eplb-algorithm
eplb.rebalanceIterations   int     --eplb-rebalance-num-iterations
eplb.dispatchAlgorithm     str     --ep-dispatch-algorithm
eplb.recorderMode          str     --expert-distribution-recorder-mode
eplb.initialExpertLocation str     --init-expert-location
memFractionStatic          float   --mem-fraction-static
chunkedPrefillSize         int     --chunked-prefill-size
contextLength              int     --context-length
kvCacheDtype               str     --kv-cache-dtype
pageSize                   int     --page-size
cudaGraphBatchSizes        int     --cuda-graph-max-bs
cudaGraphBatchSizes        int+    --cuda-graph-bs
cudaGraphBatchSizes        -       --disable-cuda-graph --disable-cuda-graph-padding
maxRunningRequests         int     --max-running-requests
speculative                -       --enable-beta-spec
speculative                str     --speculative-algorithm --speculative-draft-model-path|--speculative-draft-model
speculative                int     --speculative-num-steps --speculative-eagle-topk --speculative-num-draft-tokens
memory                     int     --max-total-tokens --cpu-offload-gb --offload-group-size --offload-num-in-group
memory                     int     --offload-prefetch-step
memory                     str     --offload-mode
model                      str     --load-format --dtype --quantization --modelopt-quant
model                      str     --modelopt-checkpoint-restore-path --json-model-override-args --torchao-config
revision                   str     --revision --download-dir
operator                   str     --dist-init-addr|--nccl-init-addr
operator                   int     --nnodes --node-rank
program                    str     --model-path|--model --tokenizer-path --host --served-model-name
program                    str     --load-balance-method --disaggregation-mode --disaggregation-transfer-backend
program                    str     --endpoint
program                    -       --skip-tokenizer-init --prefill-round-robin-balance
remoteCode                 -       --trust-remote-code
program                    int     --port --disaggregation-bootstrap-port
worker                     -       --is-embedding --multimodal-processor --multimodal-encode-worker
worker                     -       --multimodal-worker --embedding-worker
worker                     str     --device
worker                     int     --base-gpu-id --gpu-id-step
idle                       -       --grpc-mode
idle                       str     --api-key --config
ends                       -       --enable-flashinfer-cutlass-moe --enable-flashinfer-cutedsl-moe
ends                       -       --enable-flashinfer-trtllm-moe --enable-triton-kernel-moe
ends                       -       --enable-flashinfer-mxfp4-moe --version --help|-h
deletes                    -       --delete-ckpt-after-loading
unchecked                  -       --enable-multimodal --enable-fp32-lm-head --disable-hybrid-swa-memory --enable-lora
unchecked                  -       --enable-hierarchical-cache --enable-lmcache --enable-double-sparsity
unchecked                  -       --enable-nccl-nvls --enable-symm-mem --enable-mscclpp --enable-torch-symm-mem
unchecked                  -       --enable-mixed-chunk --enable-single-batch-overlap --enable-torch-compile
unchecked                  -       --enable-piecewise-cuda-graph --enable-memory-saver --enable-weights-cpu-backup
unchecked                  -       --disable-shared-experts-fusion --disaggregation-decode-enable-offload-kvcache
unchecked                  -       --enable-pdmux
unchecked                  str     --model-impl --modelopt-checkpoint-save-path --elastic-ep-backend
unchecked                  str     --mooncake-ib-device --moe-runner-backend --deepep-config
unchecked                  str     --piecewise-cuda-graph-tokens --remote-instance-weight-loader-seed-instance-ip
unchecked                  str     --remote-instance-weight-loader-send-weights-group-ports
unchecked                  int     --max-prefill-tokens --pp-max-micro-batch-size --max-lora-rank
unchecked                  int     --max-loras-per-batch --max-loaded-loras --expert-distribution-recorder-buffer-size
unchecked                  int     --max-mamba-cache-size --hicache-size --torch-compile-max-bs
unchecked                  int     --piecewise-cuda-graph-max-tokens
unchecked                  int     --remote-instance-weight-loader-seed-instance-service-port --sm-group-num
unchecked                  float?  --hybrid-kvcache-ratio
unchecked                  float   --swa-full-tokens-ratio --mamba-full-memory-ratio --hicache-ratio
unchecked                  str*    --lora-paths
passes                     str     --tokenizer-mode --model-loader-extra-config --warmups --quantization-param-path
passes                     str     --schedule-policy --constrained-json-whitespace-pattern --log-level
passes                     str     --log-level-http --crash-dump-folder --crash-on-nan
passes                     str     --tokenizer-metrics-custom-labels-header --kv-events-config --oltp-traces-endpoint
passes                     str     --weight-version --chat-template --completion-template --file-storage-path
passes                     str     --reasoning-parser --tool-call-parser --sampling-defaults --tool-server
passes                     str     --preferred-sampling-params --lora-eviction-policy --lora-backend
passes                     str     --attention-backend --prefill-attention-backend --decode-attention-backend
passes                     str     --sampling-backend --grammar-backend --mm-attention-backend --nsa-prefill
passes                     str     --nsa-decode --speculative-draft-model-revision --speculative-draft-load-format
passes                     str     --speculative-token-map --speculative-attention-mode --speculative-ngram-match-type
passes                     str     --flashinfer-mxfp4-moe-precision --mamba-ssm-dtype --hicache-write-policy
passes                     str     --radix-eviction-policy --hicache-io-backend --hicache-mem-layout
passes                     str     --hicache-storage-backend --hicache-storage-prefetch-policy
passes                     str     --hicache-storage-backend-extra-config --ds-channel-config-path
passes                     str     --ds-heavy-channel-type --debug-tensor-dump-output-folder
passes                     str     --debug-tensor-dump-input-file --debug-tensor-dump-inject
passes                     str     --disaggregation-ib-device --pdmux-config-path --dyn-tool-call-parser
passes                     str     --dyn-reasoning-parser --custom-jinja-template --dump-config-to
passes                     int     --tokenizer-worker-num --nccl-port --max-queued-requests
passes                     int     --priority-scheduling-preemption-threshold --stream-interval --random-seed
passes                     int     --dist-timeout --log-requests-level --decode-log-interval --max-lora-chunk-size
passes                     int     --speculative-ngram-min-match-window-size --speculative-ngram-max-match-window-size
passes                     int     --speculative-ngram-min-bfs-breadth --speculative-ngram-max-bfs-breadth
passes                     int     --speculative-ngram-branch-length --speculative-ngram-capacity
passes                     int     --eplb-rebalance-layers-per-chunk --multi-item-scoring-delimiter
passes                     int     --ds-heavy-channel-num --ds-heavy-token-num --ds-sparse-decode-threshold
passes                     int     --triton-attention-num-kv-splits --triton-attention-split-tile-size
passes                     int     --num-continuous-decode-steps --scheduler-recv-interval
passes                     int     --dynamic-batch-tokenizer-batch-size --disaggregation-decode-tp
passes                     int     --disaggregation-decode-dp --num-reserved-decode-tokens
passes                     int     --disaggregation-decode-polling-interval --migration-limit
passes                     -       --skip-server-warmup --enable-priority-scheduling
passes                     -       --schedule-low-priority-values-first --stream-output
passes                     -       --constrained-json-disable-any-whitespace --sleep-on-idle --log-requests
passes                     -       --show-time-cost --enable-metrics --enable-metrics-for-all-schedulers
passes                     -       --collect-tokens-histogram --enable-request-time-stats-logging --enable-trace
passes                     -       --enable-cache-report --enable-flashinfer-allreduce-fusion
passes                     -       --enable-expert-distribution-metrics --disable-radix-cache
passes                     -       --enable-profile-cuda-graph --enable-cudagraph-gc
passes                     -       --disable-flashinfer-cutlass-moe-fp4-allgather --enable-tokenizer-batch-encode
passes                     -       --disable-outlines-disk-cache --disable-custom-all-reduce
passes                     -       --disable-overlap-schedule --enable-nan-detection --enable-p2p-check
passes                     -       --triton-attention-reduce-in-fp32 --allow-auto-truncate
passes                     -       --enable-custom-logit-processor --flashinfer-mla-disable-ragged
passes                     -       --disable-chunked-prefix-cache --disable-fast-image-processor
passes                     -       --keep-mm-feature-on-device --enable-return-hidden-states
passes                     -       --enable-dynamic-batch-tokenizer --weight-loader-disable-mmap
passes                     -       --enable-deterministic-inference --use-sglang-tokenizer
passes                     float   --schedule-conservativeness --watchdog-timeout --gc-warning-threshold-secs
passes                     float   --load-watch-interval --speculative-accept-threshold-single
passes                     float   --speculative-accept-threshold-acc --eplb-min-rebalancing-utilization-threshold
passes                     float   --tbo-token-distribution-threshold --dynamic-batch-tokenizer-batch-timeout
passes                     str+    --tokenizer-metrics-allowed-custom-labels --prompt-tokens-buckets
passes                     str+    --generation-tokens-buckets
passes                     float+  --bucket-time-to-first-token --bucket-inter-token-latency
passes                     float+  --bucket-e2e-request-latency
passes                     str*    --lora-target-modules --custom-weight-loader
passes                     int+    --numa-node
"""
_OUT: Final = "take it out"
_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "operator": Reason(
            "the Dynamo operator appends this flag to the workers itself", f"{_OUT}; nodes says how many pods there are"
        ),
        "program": Reason("this flag follows from the stack, for both roles alike", _OUT),
        "worker": Reason("it makes something else of the worker than a role of this graph on the pod's own GPUs", _OUT),
        "model": Reason(
            "it changes the model, and the plan computes with model",
            f"{_OUT}; another format is another model: write model: {{config: PATH}} of its config.json",
        ),
        "revision": Reason(
            "the workers read a folder of the cache", f"{_OUT} and write modelCache.revision or modelCache.path"
        ),
        "remoteCode": Reason(
            "workers.trustRemoteCode sets this flag, for both roles alike",
            f"{_OUT} and write workers.trustRemoteCode: true",
        ),
        "memory": Reason(
            "it changes what lies in a GPU's memory, which the plan works out without it",
            f"{_OUT}; memFractionStatic says how much the KV cache gets",
        ),
        "idle": Reason("Dynamo's worker serves no HTTP of its own and reads no config file: it does nothing", _OUT),
        "ends": Reason(f"SGLang {SGLANG} ends at this flag", _OUT),
        "deletes": Reason("it deletes the model's files, which all workers read from one volume", _OUT),
    }
)
"""By the flag's owner."""

FLAGS: Final = FlagTable(_TABLE, _REASONS)
