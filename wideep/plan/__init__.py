"""The Plan: everything that follows from a stack config, worked out before any resource exists.

Components turn parts of it into resources and the `wideep` command prints it, so that the two cannot differ.

    Settings ──► make_plan ──► Plan ──► components, wideep command
"""

from wideep.graph.base import Manifest
from wideep.plan.burnin import BurnInPlan, burnin_plan
from wideep.plan.make import make_plan
from wideep.plan.monitoring import MonitoringPlan, MonitorPlan
from wideep.plan.network import FrontendPlan, IngressPlan, NetworkPolicyPlan, PeersPlan, PublicServicePlan, RulePlan
from wideep.plan.parts import (
    CachePlan,
    ComputeDomainPlan,
    EngineConfigPlan,
    ImageBuild,
    ImageSource,
    MemoryPlan,
    Plan,
    PlatformPlan,
    RegistryPlan,
    RolePlan,
    TokenPlan,
)

__all__ = [
    "BurnInPlan",
    "CachePlan",
    "ComputeDomainPlan",
    "EngineConfigPlan",
    "FrontendPlan",
    "ImageBuild",
    "ImageSource",
    "IngressPlan",
    "Manifest",
    "MemoryPlan",
    "MonitorPlan",
    "MonitoringPlan",
    "NetworkPolicyPlan",
    "PeersPlan",
    "Plan",
    "PlatformPlan",
    "PublicServicePlan",
    "RegistryPlan",
    "RolePlan",
    "RulePlan",
    "TokenPlan",
    "burnin_plan",
    "make_plan",
]
