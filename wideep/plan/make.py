"""Construction of the Plan from settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from wideep import names
from wideep.catalog import gpu_spec
from wideep.download import DownloadPlan, download_plan
from wideep.dynamo import release_of
from wideep.engines import engine_of
from wideep.graph.engine_config import engine_config
from wideep.graph.fabric import fabric_of
from wideep.graph.refs import cache_claim, graph_name, token_secret
from wideep.graph.startup import ready_timeout_seconds
from wideep.memory import GpuMemory
from wideep.memory.weights import model_bytes
from wideep.plan.burnin import burnin_plan
from wideep.plan.image import image_source
from wideep.plan.monitoring import monitoring_plan
from wideep.plan.network import frontend_plan, network_policies
from wideep.plan.parts import (
    CachePlan,
    ComputeDomainPlan,
    EngineConfigPlan,
    MemoryPlan,
    Plan,
    RolePlan,
    TokenPlan,
)
from wideep.plan.platform import platform_plan
from wideep.rules import Accepted, warnings
from wideep.rules.hardware import nodes_needed
from wideep.settings import Settings
from wideep.settings.layout import Role, RoleLayout

__all__ = ["make_plan"]

DIGITS: Final = 3
"""Decimal places of a figure in GB: a thousandth is one MB."""


def make_plan(settings: Accepted) -> Plan:
    """Return the Plan of a stack config that breaks no rule (``wideep.rules.accept``)."""
    roles = settings.layout.roles
    image = image_source(settings)
    weight_bytes = settings.model.disk_bytes or model_bytes(settings.model)
    graph = release_of(settings).graph(settings, image.reference, weight_bytes)
    return Plan(
        gpus=sum(role.gpus for role in roles.values()),
        nodes=nodes_needed(roles.values(), settings.hardware.gpus_per_node),
        model=settings.model.name,
        backend=settings.backend,
        engine=engine_of(settings).release,
        layout=settings.layout.preset or "custom",
        layout_summary=" · ".join(_line(name, role) for name, role in roles.items()),
        image=image.reference,
        namespace=settings.namespace,
        name=graph_name(settings),
        roles={name: _role(settings, name, role) for name, role in roles.items()},
        image_source=image,
        token=_token(settings),
        cache=_cache(settings),
        download=_download(settings, weight_bytes),
        platform=platform_plan(settings),
        frontend=frontend_plan(settings),
        network_policies=network_policies(settings),
        monitoring=monitoring_plan(settings),
        burnin=burnin_plan(settings) if settings.burnin.enabled else None,
        engine_configs=tuple(_engine_configs(settings)),
        compute_domain=_compute_domain(settings),
        ready_timeout_seconds=ready_timeout_seconds(settings, weight_bytes),
        warnings=tuple(str(warning) for warning in warnings(settings)),
        graph=graph,
    )


def _role(settings: Settings, name: Role, role: RoleLayout) -> RolePlan:
    engine = engine_of(settings)
    memory = engine.memory(settings.model, gpu_spec(settings.hardware.gpu), name, role)
    return RolePlan(
        replicas=role.replicas,
        replicas_managed_by=role.replicas_managed_by,
        scaling_adapter=names.scaling_adapter(graph_name(settings), name) if role.replicas_scaling_adapter else None,
        pods=role.nodes,
        gpus_per_pod=role.gpus_per_node,
        tp=role.tp,
        dp=role.dp,
        ep=role.ep,
        pp=role.pp,
        redundant_experts=role.redundant_experts,
        expert_slots_per_gpu=memory.expert_slots_per_gpu,
        weights_gb=round(memory.weights_gb, DIGITS),
        kv_cache_gb=round(memory.kv_cache_gb, DIGITS),
        kv_cache_tokens=memory.kv_cache_tokens,
        mem_fraction_static=role.mem_fraction_static,
        memory=_memory(memory),
        args=engine.args(settings, name, role),
    )


def _engine_configs(settings: Settings) -> Iterator[EngineConfigPlan]:
    for name, role in settings.layout.roles.items():
        config = engine_config(settings, name, role)
        if config:
            yield EngineConfigPlan(name=config.name, role=name, files=dict(config.files))


def _compute_domain(settings: Settings) -> ComputeDomainPlan | None:
    fabric = fabric_of(settings)
    return ComputeDomainPlan(name=fabric.name, nodes=fabric.nodes) if fabric else None


def _memory(memory: GpuMemory) -> MemoryPlan:
    return MemoryPlan(
        total_gb=_gb(memory.total_bytes),
        taken_gb=round(memory.taken_gb, DIGITS),
        weights={part: _gb(size) for part, size in asdict(memory.parts).items()},
        kv_cache_gb=_gb(memory.kv_cache_bytes),
        headroom_gb=round(memory.headroom_gb, DIGITS),
        kv_bytes_per_token=memory.kv_bytes_per_token,
    )


def _gb(size: float) -> float:
    return round(size / 1e9, DIGITS)


def _line(name: Role, role: RoleLayout) -> str:
    """Return a role in one line, ``prefill 2 × 2 × 8 GPUs TP16 DP16 EP16``: workers, pods per worker if several, GPUs
    per pod."""
    pods = f"{role.nodes} × " if role.nodes > 1 else ""
    sizes = " ".join(
        f"{size}{value}"
        for size, value in (("TP", role.tp), ("PP", role.pp), ("DP", role.dp), ("EP", role.ep))
        if value > 1
    )
    return f"{name} {role.replicas} × {pods}{role.gpus_per_node} GPUs {sizes}".rstrip()


def _token(settings: Settings) -> TokenPlan | None:
    secret = token_secret(settings)
    if secret is None:
        return None
    return TokenPlan(secret=secret, key=names.HF_TOKEN_KEY, create=settings.hf_token_secret is None)


def _cache(settings: Settings) -> CachePlan:
    cache = settings.model_cache
    return CachePlan(
        claim=cache_claim(settings) or "",
        create=cache.existing_claim is None and cache.host_path is None,
        host_path=cache.host_path,
        size=cache.size,
        storage_class=cache.storage_class,
        access_mode=cache.access_mode,
        retain=cache.retain,
        protect=cache.protect,
    )


def _download(settings: Settings, size_bytes: float) -> DownloadPlan | None:
    cache = settings.model_cache
    if not cache.download or cache.host_path:
        return None
    return download_plan(settings.model, cache, size_bytes)
