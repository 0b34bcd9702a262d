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
tp                    --tensor-parallel-size --trtllm.tensor_parallel_size
dp                    --enable-attention-dp --trtllm.enable_attention_dp
ep                    --expert-parallel-size --trtllm.moe_expert_parallel_size --trtllm.moe_tensor_parallel_size
ep                    --trtllm.moe_cluster_parallel_size
pp                    --pipeline-parallel-size --trtllm.pipeline_parallel_size --trtllm.pp_partition
eplb.enabled          --trtllm.moe_config.load_balancer
redundantExperts      --trtllm.moe_config.load_balancer.num_slots
memFractionStatic     --free-gpu-memory-fraction --trtllm.kv_cache_config.free_gpu_memory_fraction
chunkedPrefillSize    --max-num-tokens --trtllm.max_num_tokens --trtllm.build_config.max_num_tokens
maxRunningRequests    --max-batch-size --trtllm.max_batch_size --trtllm.build_config.max_batch_size
contextLength         --max-seq-len --trtllm.max_seq_len --trtllm.cache_transceiver_config.max_tokens_in_buffer
contextLength         --trtllm.build_config.max_seq_len --trtllm.max_input_len
kvCacheDtype          --trtllm.kv_cache_config.dtype
pageSize              --kv-block-size --trtllm.kv_cache_config.tokens_per_block
cudaGraphBatchSizes   --trtllm.cuda_graph_config --trtllm.cuda_graph_config.batch_sizes
cudaGraphBatchSizes   --trtllm.cuda_graph_config.max_batch_size --trtllm.cuda_graph_config.enable_padding
speculative           --trtllm.speculative_config
memory                --trtllm.kv_cache_config.max_tokens --trtllm.kv_cache_config.max_gpu_total_bytes
memory                --trtllm.kv_cache_config.host_cache_size --trtllm.kv_cache_config.use_uvm
memory                --trtllm.enable_lm_head_tp_in_adp
sharding              --trtllm.context_parallel_size --trtllm.cp_config --gpus-per-node --trtllm.gpus_per_node
model                 --trtllm.dtype --trtllm.quant_config --trtllm.model_kwargs --trtllm.load_format --load-format
model                 --trtllm.force_dynamic_quantization --trtllm.checkpoint_format --model-loader-extra-config
revision              --revision --trtllm.revision --trtllm.tokenizer_revision
remoteCode            --trtllm.trust_remote_code
file                  --extra-engine-args --override-engine-args --trtllm.kv_cache_config --trtllm.moe_config
file                  --trtllm.build_config --trtllm.attention_dp_config --trtllm.cache_transceiver_config
program               --model --model-path --served-model-name --disaggregation-mode --disaggregation-strategy
program               --namespace --endpoint --next-endpoint --encode-endpoint --endpoint-types --discovery-backend
program               --request-plane --response-plane --event-plane --trtllm.cache_transceiver_config.backend
program               --trtllm.tokenizer --trtllm.disable_overlap_scheduler --trtllm.enable_chunked_prefill
program               --trtllm.skip_tokenizer_init
worker                --modality --output-modalities --enable-multimodal --connector --trtllm.orchestrator_type
worker                --trtllm.mm_encoder_only --trtllm.num_postprocess_workers
ends                  --version --help
passes                --trtllm.attention_dp_config.enable_balance --trtllm.attention_dp_config.timeout_iters
passes                --trtllm.attention_dp_config.batching_wait_iters --trtllm.stream_interval --trtllm.print_iter_log
passes                --trtllm.kv_cache_config.enable_block_reuse --trtllm.kv_cache_config.enable_partial_reuse
passes                --trtllm.kv_cache_config.copy_on_partial_reuse --trtllm.kv_cache_config.event_buffer_max_size
passes                --trtllm.moe_config.load_balancer.layer_updates_per_iter
passes                --trtllm.moe_config.disable_finalize_fusion --trtllm.moe_config.use_low_precision_moe_combine
passes                --trtllm.enable_iter_perf_stats
passes                --trtllm.cache_transceiver_config.kv_transfer_timeout_ms --trtllm.guided_decoding_backend
passes                --trtllm.otlp_traces_endpoint --trtllm.return_perf_metrics --guided-decoding-backend
passes                --dyn-tool-call-parser --dyn-reasoning-parser --custom-jinja-template --dump-config-to
passes                --publish-kv-events --publish-metrics --publish-events-and-metrics --skip-warmup
"""

REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "program": Reason("it is derived from the role, the model and the transfer from prefill to decode", TAKE_OUT),
        "file": Reason(
            "the stack generates the engine's YAML, a ConfigMap, from its keys",
            f"{TAKE_OUT} and set the stack's key, or --trtllm.KEY and its value where the stack has none",
        ),
        "worker": Reason("it turns the worker into something other than a role of this stack", TAKE_OUT),
        "sharding": Reason("it splits the worker in a way that the plan does not model", TAKE_OUT),
        "model": Reason("it changes the model, and the plan is computed from the key model", TAKE_OUT),
        **SHARED_REASONS,
        "memory": Reason(
            "it changes what is in GPU memory, and the plan does not account for it",
            f"{TAKE_OUT}; memFractionStatic sets the cache's share of what is left",
        ),
        "ends": Reason("the worker exits when it is given this flag", TAKE_OUT),
    }
)
"""Reasons by owner, for owners that are not keys of a role."""

NEVER: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "pp": Reason(ONE_STAGE, f"{TAKE_OUT}, or set backend: sglang and prefill's pp"),
        "speculative": Reason(
            "speculative decoding on TensorRT-LLM is not supported: the plan knows neither its keys nor its memory",
            f"{TAKE_OUT}, or set backend: sglang and speculative",
        ),
    }
)
"""Reasons by key, for keys that no role may set on TensorRT-LLM."""

OWNERS: Final = owners_of(_OWNERS)
"""Owner by one of the flag's spellings, in the order in which messages list the flags."""
