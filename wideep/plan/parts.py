"""The types of the Plan. ``wideep.plan.make`` fills them in."""

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
    """The parts of one GPU's memory, in decimal GB: CUDA's and NCCL's, weights, KV cache, and the headroom outside the
    engine's pool."""

    total_gb: float
    """Memory that the driver reports."""
    taken_gb: float
    """Memory that is in use before the engine takes its share: the CUDA context and NCCL's communicators."""
    weights: dict[str, float]
    """The weights, part by part (``wideep.memory.WeightParts``)."""
    kv_cache_gb: float
    headroom_gb: float
    """Memory outside the pool: activations, CUDA graphs, DeepEP's buffers."""
    kv_bytes_per_token: float


class RolePlan(PlanModel):
    """One role: its workers, their parallel sizes, and the memory of each GPU (decimal GB)."""

    replicas: int
    replicas_managed_by: str | None = None
    """Who sets the number of workers once the graph exists. None: this program."""
    scaling_adapter: str | None = None
    """The DynamoGraphDeploymentScalingAdapter that sets the number. None: it is set in the graph."""
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
    """The engine's arguments, as the container gets them."""

    @property
    def workers(self) -> str:
        """``2``, or ``2, then planner's``."""
        return f"{self.replicas}, then {self.replicas_managed_by}'s" if self.replicas_managed_by else f"{self.replicas}"

    @property
    def gpus(self) -> int:
        """GPUs of all workers of this role."""
        return self.replicas * self.pods * self.gpus_per_pod


class ImageBuild(PlanModel):
    """How BuildKit builds the image: from a git repository at a ref, with no file of the local machine."""

    context: str
    dockerfile: str
    args: dict[str, str]
    tags: tuple[str, ...]
    platform: str
    builder: str | None
    cache_from: tuple[str, ...]
    cache_to: tuple[str, ...]


class RegistryPlan(PlanModel):
    """The login to the image's registry. No Plan contains the password."""

    server: str
    username: str


class ImageSource(PlanModel):
    """The image of all pods."""

    reference: str
    """The image as written in the stack config. If it is built or resolved, the pods get its digest instead."""
    build: ImageBuild | None
    """None: the image exists."""
    resolve_digest: bool
    registry: RegistryPlan | None
    """Credentials with which the image is pushed and pulled; the stack then makes ``pull_secret``. None: no
    credentials, and ``pull_secret`` exists already if it is set."""
    pull_secret: str | None
    """The Secret of the namespace with which the pods pull the image."""


class CachePlan(PlanModel):
    """The volume with the weights."""

    claim: str
    """Name of the claim; empty if each node has its own copy."""
    create: bool
    host_path: str | None
    """A folder of each node, instead of a claim."""
    size: str
    """A Kubernetes quantity."""
    storage_class: str | None
    access_mode: AccessMode
    retain: bool
    protect: bool


class TokenPlan(PlanModel):
    """The Secret with the Hugging Face token. No Plan contains the token."""

    secret: str
    key: str
    create: bool
    """False: the Secret exists already."""


class EngineConfigPlan(PlanModel):
    """A ConfigMap with the files that a role's engine reads."""

    name: str
    """Name of the ConfigMap, with a hash of the files."""
    role: Role
    files: dict[str, str]


class ComputeDomainPlan(PlanModel):
    """The nodes of an NVL72 rack whose GPUs reach each other over NVLink, and the template of the pods' claims."""

    name: str
    """Name of both."""
    nodes: int
    """0: any number."""


class PlatformPlan(PlanModel):
    """The Helm releases of the Dynamo platform."""

    install: bool
    """False: the platform exists already, and stays when the stack is destroyed."""
    version: str
    charts: str
    """A Helm repository (``https://…``), an ``oci://`` registry, or a folder that holds the charts' folders."""
    digests: dict[str, str]
    """The required digest of each chart that has one, by the chart's name."""
    crds_release: str
    crds_chart: str | None = None
    """The chart of the CRDs. None: the operator installs them, and there is no such release."""
    release: str
    mpi_secret: str
    """Name of the Secret that the operator looks for at every graph, even if nothing uses MPI."""
    mpi_secret_exists: bool
    """Whether that Secret exists already."""
    restricted: bool
    """Whether the operator watches the stack's namespace only."""
    grove: bool
    """Whether a worker has several pods, which requires Grove."""
    ready_timeout_seconds: int
    sub_charts: tuple[str, ...]
    """The optional sub-charts of dynamo-platform that are installed: ``grove``, ``kai-scheduler``."""
    keeps_grove: bool
    """Whether Grove and KAI stay if the Helm release already has them."""
    values: dict[str, object]
    """All values of dynamo-platform, with the stack's own merged in."""


class Plan(PlanModel):
    """Everything that follows from a stack config; see the package. ``roles`` has prefill and decode."""

    gpus: int
    nodes: int
    model: str
    backend: Backend = Backend.SGLANG
    engine: str = ""
    """The engine's name and version: ``SGLang 0.5.21``."""
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
    """The namespace's NetworkPolicies; empty if the stack switches them off."""
    monitoring: MonitoringPlan | None = None
    """None: this program sets up no scraping of the stack."""
    burnin: BurnInPlan | None = None
    """None: `pulumi up` measures no nodes."""
    engine_configs: tuple[EngineConfigPlan, ...] = ()
    """Empty if arguments alone configure the engine."""
    compute_domain: ComputeDomainPlan | None = None
    """None: no worker has GPUs of several nodes of a rack."""
    ready_timeout_seconds: int
    """Seconds that the graph may take from its creation or last change until it is ready."""
    warnings: tuple[str, ...]
    """Warnings about what is legal but unwise."""
    graph: SerializeAsAny[Graph] = Field(exclude=True)
    """The graph, in which every ``image`` is ``Plan.image``. In JSON its place is taken by ``manifests``."""

    @model_validator(mode="before")
    @classmethod
    def _read_manifests(cls, written: object) -> object:
        """Return the fields with the graph parsed from ``manifests``, as JSON has them."""
        if not isinstance(written, dict) or "manifests" not in written:
            return cast("object", written)
        fields = dict(cast("Manifest", written))
        (manifest,) = cast("list[Manifest]", fields.pop("manifests"))
        return {**fields, "graph": parse_graph(manifest)}

    @computed_field
    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The graph's manifest, as the only element."""
        return (self.graph.manifest(),)

    @property
    def left_fields(self) -> dict[str, str]:
        """Fields of the graph that are managed outside this program once it exists: the manager, by the field's
        path."""
        return {
            f"{self.graph.part(role).path}.replicas": plan.replicas_managed_by
            for role, plan in self.roles.items()
            if plan.replicas_managed_by
        }

    def to_json(self) -> str:
        """Return the output of ``wideep plan --output json``. ``Plan.model_validate_json`` reads it back."""
        return self.model_dump_json(indent=2, by_alias=True)
