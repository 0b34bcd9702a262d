"""One role of ``layout``: the prefill or decode workers, their sizes, and how experts are placed on their GPUs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from wideep.settings.base import SettingsModel
from wideep.settings.cache import KvCacheDtype
from wideep.settings.experts import DeepEpMode, Eplb, MoeA2aBackend
from wideep.settings.grammar import PlainText
from wideep.settings.serving import Variable
from wideep.settings.speculative import Speculative

__all__ = ["Role", "RoleLayout"]

Count = Annotated[int, Field(ge=1, le=4096)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Token = Annotated[int, Field(ge=1, le=100_000_000)]


class Role(StrEnum):
    """The two kinds of workers of a disaggregated graph."""

    PREFILL = "prefill"
    DECODE = "decode"


class RoleLayout(SettingsModel):
    """The workers of one role.

    The parallel sizes are SGLang's: ``tp`` is all GPUs of a worker (of one of its stages, if ``pp`` is above 1), ``dp``
    is the number of attention groups into which they are divided, and ``ep`` is the number of groups over which the
    experts are spread. In vLLM's terms a group is a tensor-parallel group (tp / dp), ``dp`` is the data-parallel size,
    and ``ep`` is tp or 1. TensorRT-LLM has attention data parallelism over all GPUs (``dp`` is tp) or none (``dp`` is
    1).
    """

    replicas: Count
    """Workers of this role. Or ``{managedBy: NAME, initial: N}``: N workers at first (without it, the preset's number),
    and from then on as many as NAME (a planner, an autoscaler, a person) sets; `pulumi up` leaves the number alone.
    With ``scalingAdapter: true`` beside it NAME changes a scaling adapter instead of the graph."""
    replicas_managed_by: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """Who sets the number of workers once there are ``replicas``. None: this program, which resets the number if
    somebody else has changed it. The same as ``managedBy`` in ``replicas``."""
    replicas_scaling_adapter: bool = False
    """The operator makes a DynamoGraphDeploymentScalingAdapter for the workers. It has the subresource ``scale``, the
    target of an HPA, KEDA or a person with kubectl, and nothing else may then change the number of workers. From Dynamo
    0.8 on. The same as ``scalingAdapter`` in ``replicas``."""
    nodes: Count
    """Pods of one worker, each on a node of its own."""
    gpus_per_node: Count
    """GPUs of one pod."""
    tp: Count
    """SGLang's tensor-parallel size: all GPUs of a worker, or of one of its ``pp`` stages."""
    dp: Count
    """Attention groups (data parallelism): each has its own requests and KV cache, and tp / dp GPUs."""
    ep: Count
    """Expert groups: each holds (E + R) / ep of the experts of every layer, on tp / ep GPUs."""
    pp: Count = 1
    """Pipeline stages (SGLang's ``--pp-size``): each holds its share of the layers on ``tp`` GPUs of its own, so that
    a worker has tp × pp GPUs. Prefill only: SGLang's decode has no loop for stages."""
    redundant_experts: Annotated[int, Field(ge=0, le=65536)] = 0
    """Additional expert slots of each layer (R), for copies of hot experts. (E + R) must be a multiple of ``ep``; each
    ``ep`` of them cost one slot on every GPU: 2.6 GB for R1. They are useless without EPLB or a recorded location."""
    moe_a2a_backend: Annotated[MoeA2aBackend, Field(alias="moeA2aBackend")] = MoeA2aBackend.NONE
    """How tokens reach their experts. ``deepep`` makes ep = tp and needs FP8 weights; it pays across nodes and with
    large batches. vLLM also accepts bf16, and without DeepEP gathers all tokens and scatters the results."""
    deepep_mode: DeepEpMode = DeepEpMode.AUTO
    """DeepEP's kernels: ``normal`` for prefill, ``low_latency`` for decode, ``auto`` for a worker that does both, on
    SGLang only."""
    eplb: Eplb = Eplb()
    """The load balancer, and where experts are placed at the start."""
    mem_fraction_static: Fraction = 0.8
    """Share of a GPU's free memory for weights and KV cache, where free is what the CUDA context and NCCL leave (137.3
    of an H200's 139.8 GiB). The rest is for activations, CUDA graphs and buffers. On vLLM it is a share of the whole
    GPU, and also covers activations, graphs and buffers: 0.92 is vLLM's own choice. On TensorRT-LLM it is the KV
    cache's share of what weights, graphs and a step leave; the rest holds the buffers of the KV transfer."""
    kv_cache_dtype: KvCacheDtype | None = None
    """Precision of the KV cache (SGLang's ``--kv-cache-dtype``), the same in both roles. None: auto, bf16 for the
    catalog's models. FP8 halves a token's bytes, and costs some accuracy without scales in the checkpoint."""
    page_size: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Tokens of a page of the KV cache (SGLang's ``--page-size``), the same in both roles. None: 1."""
    speculative: Speculative | None = None
    """Speculative decoding, with the same algorithm and draft model in both roles. None: off."""
    moe_dense_tp: Annotated[int, Field(ge=1, le=1)] | None = None
    """Tensor parallelism of the dense layers. None: tp. 1: a full copy on each GPU (1.2 GB for R1), which saves a
    collective, and is needed if tp would cut FP8 blocks (R1: tp above 16)."""
    dp_lm_head: bool = False
    """Keep a full lm_head in each attention group instead of a share of tp: this avoids gathering all hidden states,
    and costs up to vocabulary × hidden × 2 bytes (1.9 GB for R1). Only with dp above 1. On vLLM each group has its own
    in any case."""
    two_batch_overlap: bool = False
    """Split a batch in two and compute one half while the other is in DeepEP's all-to-all. It pays with large batches
    over RDMA, and needs activations for both halves."""
    max_dispatch_tokens_per_rank: Annotated[int, Field(ge=1, le=65536)] = 128
    """Tokens that one rank may pass to DeepEP's low-latency kernels in a step, and therefore also its largest decode
    batch. DeepEP's buffers grow with it: 2.1 GB at 128 for R1 with 32 redundant experts, 17 GB at the limit of 1024. On
    vLLM it is the rank's largest step at decode."""
    cuda_graph_batch_sizes: tuple[Annotated[int, Field(ge=1, le=65536)], ...] | None = None
    """Decode batch sizes of a rank that are captured as CUDA graphs. None: SGLang's list, up to 512, or up to
    ``maxDispatchTokensPerRank`` with DeepEP's low-latency mode. Fewer and smaller sizes start faster and save memory;
    ``[]`` captures none, and each step then waits for the CPU."""
    max_running_requests: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests that a worker runs at once, over all attention groups (SGLang's ``--max-running-requests``): each group
    runs 1 / dp of them. None: as many as the KV cache holds, or ``maxDispatchTokensPerRank`` in each group with
    DeepEP's low-latency mode, which is also the maximum there."""
    chunked_prefill_size: Token | None = None
    """Prompt tokens of one prefill step, over all attention groups: each group computes 1 / dp of them, and a longer
    prompt takes several steps. None: SGLang's 8192 (16384 from 160 GiB per GPU on), which leave 512 to each of 16
    groups. More tokens per group shorten the time to the first token and need more activations. On vLLM the default is
    8192 in each group."""
    context_length: Token | None = None
    """Tokens of the longest sequence that is accepted. None: the model's own. Lower it if the KV cache cannot hold one
    sequence of full length. On TensorRT-LLM the default is at most 32768, because its transfer buffers hold two
    sequences of that length."""
    extra_args: tuple[str, ...] = ()
    """Further arguments of the engine, appended as written. A flag that a key sets is refused with the key's name; an
    unknown flag is passed on with a warning."""
    env: dict[Variable, PlainText] = Field(default_factory=dict[str, str])
    """Environment variables of this role's engine; they override ``workers.env`` and those that this program sets. No
    secrets: the variables are in the graph for everyone to read."""

    @property
    def gpus_per_worker(self) -> int:
        """GPUs of one worker, over all its pods."""
        return self.nodes * self.gpus_per_node

    @property
    def gpus(self) -> int:
        """GPUs of all workers of this role."""
        return self.replicas * self.gpus_per_worker

    @property
    def tokens_per_request(self) -> int:
        """Tokens per request in one decode step: more than one if drafted tokens are checked together."""
        return self.speculative.num_draft_tokens if self.speculative else 1

    @property
    def low_latency(self) -> bool:
        """Whether DeepEP's low-latency kernels move the tokens at decode."""
        return self.deepep and self.deepep_mode is not DeepEpMode.NORMAL

    @property
    def deepep(self) -> bool:
        """Whether DeepEP moves the tokens."""
        return self.moe_a2a_backend is MoeA2aBackend.DEEPEP
