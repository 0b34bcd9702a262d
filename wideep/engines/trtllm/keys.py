"""The keys of TensorRT-LLM's engine YAML. Its models forbid any other key, so a misspelt or removed one ends the pod.

Read in ``tensorrt_llm/llmapi/llm_args.py`` (NVIDIA/TensorRT-LLM@0004396, after 1.3.0rc29, and its versions from around
1.1 to 1.3, which still have WIDEEP) and in the reference of 1.3.0rc27 (nvidia.github.io/TensorRT-LLM, LlmArgs). None of
it was compared with a wheel: PyPI has only a stub of TensorRT-LLM.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wideep.engines.parser import is_from

__all__ = ["NESTED_UNTIL", "PREFIX", "dotted_keys", "is_opaque"]

PREFIX: Final = "--trtllm."
"""Prefix with which Dynamo's worker accepts each key as a flag: ``--trtllm.kv_cache_config.dtype fp8``."""
NESTED_UNTIL: Final = (1, 2, 0, 6)
"""From this version on (Dynamo 0.8), batch and token limits are top-level keys; before, ``build_config`` has them."""
BUILD_CONFIG_UNTIL: Final = (1, 3, 0, 21)
"""From this version on, there is no ``build_config`` (``dynamo/trtllm/backend_args.py`` of 1.6.1)."""
_PLAIN: Final = """
allreduce_strategy attn_backend batch_wait_max_tokens_ratio batch_wait_timeout_iters batch_wait_timeout_ms
checkpoint_format context_parallel_size cp_config custom_tokenizer disable_overlap_scheduler dtype
enable_attention_dp enable_autotuner enable_chunked_prefill enable_iter_perf_stats enable_iter_req_stats
enable_layerwise_nvtx_marker enable_lm_head_tp_in_adp enable_lora enable_min_latency env_overrides
fail_fast_on_attention_window_too_large force_dynamic_quantization garbage_collection_gen0_threshold
gather_generation_logits gpus_per_node guided_decoding_backend iter_stats_max_iterations kv_connector_config load_format
lora_config max_batch_size max_beam_width max_input_len max_num_tokens max_seq_len max_stats_len mm_encoder_only
model_kwargs moe_cluster_parallel_size moe_expert_parallel_size moe_tensor_parallel_size nvfp4_gemm_config
num_postprocess_workers orchestrator_type otlp_traces_endpoint peft_cache_config perf_metrics_max_requests
pipeline_parallel_size pp_partition print_iter_log quant_config reasoning_parser request_stats_max_iterations
return_perf_metrics revision scheduler_config skip_tokenizer_init sparse_attention_config speculative_config
stream_interval tensor_parallel_size tokenizer tokenizer_mode tokenizer_revision torch_compile_config trust_remote_code
"""
_OBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "attention_dp_config": "enable_balance timeout_iters batching_wait_iters enable_kv_cache_aware_routing",
        "cache_transceiver_config": "backend transceiver_runtime max_tokens_in_buffer kv_transfer_timeout_ms "
        "kv_transfer_sender_future_timeout_ms kv_transfer_poll_interval_ms kv_cache_bounce_size_mb",
        "cuda_graph_config": "batch_sizes max_batch_size enable_padding",
        "kv_cache_config": "enable_block_reuse max_tokens max_attention_window sink_token_length "
        "free_gpu_memory_fraction host_cache_size cross_kv_cache_fraction secondary_offload_min_priority "
        "event_buffer_max_size attention_dp_events_gather_period_ms enable_partial_reuse copy_on_partial_reuse use_uvm "
        "max_gpu_total_bytes dtype mamba_ssm_cache_dtype tokens_per_block use_kv_cache_manager_v2",
        "moe_config": "backend max_num_tokens load_balancer disable_finalize_fusion use_low_precision_moe_combine",
        "moe_config.load_balancer": "num_slots layer_updates_per_iter initial_global_assignments",
    }
)
"""Keys that hold an object, with the object's own keys."""


def dotted_keys(version: str) -> tuple[str, ...]:
    """Return all keys of one version, with dots for those within objects: ``kv_cache_config.dtype``."""
    below = [f"{name}.{key}" for name, keys in _OBJECTS.items() for key in keys.split()]
    plain = [*_PLAIN.split(), *(name for name in _OBJECTS if "." not in name)]
    built = [] if is_from(version, *BUILD_CONFIG_UNTIL) else _BUILT
    return tuple(sorted({*plain, *below, *built}))


def is_opaque(flag: str) -> bool:
    """Tell whether the keys within a flag's object (``--trtllm.scheduler_config``) are not listed here."""
    return flag.removeprefix(PREFIX) not in {*_OBJECTS, "build_config"}


_BUILT: Final = [
    "build_config",
    *(f"build_config.{key}" for key in ("max_batch_size", "max_num_tokens", "max_seq_len", "max_beam_width")),
]
