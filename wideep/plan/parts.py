"""The Plan's types. ``wideep.plan.make`` fills them in."""

from __future__ import annotations

from typing import cast

from pydantic import AliasChoices, Field, SerializeAsAny, computed_field, model_validator

from wideep.download import DownloadPlan
from wideep.graph.base import Graph, Manifest
from wideep.graph.parse import parse_graph
from wideep.plan.base import PlanModel
from wideep.plan.burnin import BurnInPlan
from wideep.plan.monitoring import MonitoringPlan
from wideep.plan.network import FrontendPlan, NetworkPolicyPlan
from wideep.settings.backend import Backend
from wideep.settings.layout import Role
from wideep.settings.services import AccessMode

__all__ = [
    "CachePlan",
    "ComputeDomainPlan",
    "EngineConfigPlan",
    "ImageBuild",
    "ImageSource",
    "MemoryPlan",
    "Plan",
    "PlatformPlan",
    "RegistryPlan",
    "RolePlan",
    "TokenPlan",
]


class MemoryPlan(PlanModel):
    """What shares one GPU's memory, in decimal GB: CUDA's and NCCL's part, weights, KV cache, and what
    stays outside the engine's pool."""

    total_gb: float
    """What the driver reports."""
    taken_gb: float
    """Gone before the engine takes its share: the CUDA context and NCCL's communicators."""
    weights: dict[str, float]
    """The weights, part by part (``wideep.memory.WeightParts``)."""
    kv_cache_gb: float
    headroom_gb: float
    """Outside the pool: activations, CUDA graphs, DeepEP's buffers."""
    kv_bytes_per_token: float


class RolePlan(PlanModel):
    """One role: its workers, their parallel sizes, and what lies on each GPU (decimal GB)."""

    replicas: int
    replicas_managed_by: str | None = None
    """Who decides how many workers there are, once the graph stands. None: this program."""
    scaling_adapter: str | None = None
    """The DynamoGraphDeploymentScalingAdapter through which that is done. None: in the graph itself."""
    pods: int
    """Pods of one worker."""
    gpus_per_pod: int
    tp: int
    dp: int
    ep: int
    pp: int
    """Pipeline stages."""
    redundant_experts: int
    expert_slots_per_gpu: int
    """Experts that one GPU holds in each MoE layer: (E + R) / ep."""
    weights_gb: float
    kv_cache_gb: float
    kv_cache_tokens: int
    mem_fraction_static: float
    memory: MemoryPlan
    args: tuple[str, ...]
    """The engine's arguments, as in the container."""

    @property
    def workers(self) -> str:
        """``2``, or ``2, then planner's``."""
        return f"{self.replicas}, then {self.replicas_managed_by}'s" if self.replicas_managed_by else f"{self.replicas}"

    @property
    def gpus(self) -> int:
        """GPUs of all workers of this role."""
        return self.replicas * self.pods * self.gpus_per_pod


class ImageBuild(PlanModel):
    """How BuildKit makes the image: from a git repository at a ref, with nothing of this machine in it."""

    context: str
    dockerfile: str
    args: dict[str, str]
    tags: tuple[str, ...]
    platform: str
    builder: str | None
    cache_from: tuple[str, ...]
    cache_to: tuple[str, ...]


class RegistryPlan(PlanModel):
    """Who is logged in to the image's registry. The password is in no Plan."""

    server: str
    username: str


class ImageSource(PlanModel):
    """The image of all pods."""

    reference: str
    """As the stack config has it. Where it is built or resolved, the pods get its digest instead."""
    build: ImageBuild | None
    """None: the image exists."""
    resolve_digest: bool
    registry: RegistryPlan | None
    """Credentials with which the image is pushed and pulled; with them, ``pull_secret`` is made. None: there are
    none, and ``pull_secret`` exists where it is set."""
    pull_secret: str | None
    """The Secret of the namespace with which the pods pull."""


class CachePlan(PlanModel):
    """The volume with the weights."""

    claim: str
    """Empty where each node has its own copy."""
    create: bool
    host_path: str | None
    """A folder of each node, in place of a claim."""
    size: str
    """A Kubernetes quantity."""
    storage_class: str | None
    access_mode: AccessMode
    retain: bool
    protect: bool


class TokenPlan(PlanModel):
    """The Secret with the Hugging Face token. Its value is in no Plan."""

    secret: str
    key: str
    create: bool
    """False: a Secret that somebody else made."""


class EngineConfigPlan(PlanModel):
    """A ConfigMap with the files that a role's engine reads."""

    name: str
    """Carries a hash of the files."""
    role: Role
    files: dict[str, str]


class ComputeDomainPlan(PlanModel):
    """The nodes of an NVL72 rack whose GPUs reach each other over NVLink, and the template of the pods' claims."""

    name: str
    """Of both."""
    nodes: int
    """0: any number."""


class PlatformPlan(PlanModel):
    """The Helm releases of the Dynamo platform."""

    install: bool
    """False: it is there already, and stays when the stack is destroyed."""
    version: str
    charts: str
    """A Helm repository (``https://…``), an ``oci://`` registry or a folder that holds the charts' folders."""
    digests: dict[str, str]
    """By chart: what it must hash to."""
    crds_release: str
    crds_chart: str | None = None
    """The chart of the CRDs. None: the operator brings them, and there is no such release."""
    release: str
    mpi_secret: str
    """The operator looks for it at every graph, also where nothing uses MPI."""
    mpi_secret_exists: bool
    """Somebody else made it."""
    restricted: bool
    """The operator looks after the stack's namespace only."""
    grove: bool
    """A worker has several pods."""
    ready_timeout_seconds: int
    sub_charts: tuple[str, ...]
    """Of dynamo-platform's optional sub-charts, those that are installed: ``grove``, ``kai-scheduler``."""
    keeps_grove: bool
    """Grove and KAI stay where the release has them from before."""
    values: dict[str, object]
    """All values of dynamo-platform, the stack's own merged in."""


class Plan(PlanModel):
    """See the package. ``roles`` has prefill and decode."""

    gpus: int
    nodes: int
    model: str
    backend: Backend = Backend.SGLANG
    engine: str = ""
    """With its version: ``SGLang 0.5.21``."""
    layout: str
    """The preset's name, or ``custom``."""
    layout_summary: str = Field(
        validation_alias=AliasChoices("layout_summary", "layout_line"), serialization_alias="layout_line"
    )
    """``prefill 1 × 8 GPUs TP8 EP8 · decode 1 × 8 GPUs TP8 DP8 EP8``."""
    image: str
    namespace: str
    name: str
    """The graph's name."""
    roles: dict[Role, RolePlan]
    image_source: ImageSource = Field(
        validation_alias=AliasChoices("image_source", "image_plan"), serialization_alias="image_plan"
    )
    token: TokenPlan | None
    """None: the model needs no token."""
    cache: CachePlan
    download: DownloadPlan | None
    """None: the weights are on the volume already, or each pod of a worker downloads them to its node."""
    platform: PlatformPlan
    frontend: FrontendPlan
    network_policies: tuple[NetworkPolicyPlan, ...]
    """The namespace's NetworkPolicies; none where the stack wants none."""
    monitoring: MonitoringPlan | None = None
    """None: nothing of the stack is scraped by this program's doing."""
    burnin: BurnInPlan | None = None
    """None: `pulumi up` measures no node."""
    engine_configs: tuple[EngineConfigPlan, ...] = ()
    """Empty where the engine is told everything by its arguments."""
    compute_domain: ComputeDomainPlan | None = None
    """None: no worker has GPUs of several nodes of a rack."""
    ready_timeout_seconds: int
    """How long the graph may take from its creation, or its last change, until it is ready."""
    warnings: tuple[str, ...]
    """Legal, but unwise."""
    graph: SerializeAsAny[Graph] = Field(exclude=True)
    """In it, every ``image`` is ``Plan.image``. JSON has it as ``manifests``."""

    @model_validator(mode="before")
    @classmethod
    def _read_manifests(cls, written: object) -> object:
        """JSON has the graph's manifest in the graph's place."""
        if not isinstance(written, dict) or "manifests" not in written:
            return cast("object", written)
        fields = dict(cast("Manifest", written))
        (manifest,) = cast("list[Manifest]", fields.pop("manifests"))
        return {**fields, "graph": parse_graph(manifest)}

    @computed_field
    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The graph's own manifest."""
        return (self.graph.manifest(),)

    @property
    def left_fields(self) -> dict[str, str]:
        """Fields of the graph that somebody else decides, once it stands: who, by the field's path."""
        return {
            f"{self.graph.part(role).path}.replicas": plan.replicas_managed_by
            for role, plan in self.roles.items()
            if plan.replicas_managed_by
        }

    def to_json(self) -> str:
        """What ``wideep plan --output json`` prints. ``Plan.model_validate_json`` reads it back."""
        return self.model_dump_json(indent=2, by_alias=True)
