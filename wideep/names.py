"""Names of everything that a stack makes, and the limits that names have to keep.

Pure: a caller can compute a name before its object exists, and a rule can ask whether it will fit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

__all__ = [
    "CACHE_CLAIM",
    "CRDS_RELEASE",
    "DASHBOARD_LABEL",
    "FRONTEND",
    "GRAFANA_PASSWORD_KEY",
    "GRAFANA_SECRET",
    "GRAFANA_USER_KEY",
    "GRAPH_LIMIT",
    "GROVE_LIMIT",
    "HF_TOKEN_KEY",
    "HF_TOKEN_SECRET",
    "LABEL_LIMIT",
    "MONITORING_RELEASE",
    "MPI_SECRET",
    "PLANNER",
    "PLATFORM_RELEASE",
    "PROMETHEUS_LABEL",
    "REGISTRY_SECRET",
    "compute_domain",
    "download_job",
    "engine_config",
    "frontend_service",
    "graph",
    "grove_length",
    "model_slug",
    "public_service",
    "revision_folder",
    "scaling_adapter",
    "truncate_with_hash",
]

CACHE_CLAIM: Final = "model-cache-pvc"
HF_TOKEN_SECRET: Final = "hf-token-secret"  # noqa: S105 - names, not values
HF_TOKEN_KEY: Final = "HF_TOKEN"  # noqa: S105
REGISTRY_SECRET: Final = "registry-credentials"  # noqa: S105
MPI_SECRET: Final = "mpi-run-ssh-secret"  # noqa: S105
"""The name that the operator of 0.6.0 looks for, whatever the graph."""
CRDS_RELEASE: Final = "dynamo-crds"
PLATFORM_RELEASE: Final = "dynamo-platform"
"""Holds neither "nats" nor "etcd": the sub-charts would shorten their own names, and the operator miss them."""
MONITORING_RELEASE: Final = "wideep-monitoring"
"""Of kube-prometheus-stack, which cuts it at 26 characters. One in a cluster: its cluster roles have this name."""
PROMETHEUS_LABEL: Final = "operator.prometheus.io/name"
"""The Prometheus operator sets it on every pod and claim of a Prometheus: RELEASE-prometheus with this program's."""
GRAFANA_SECRET: Final = "wideep-grafana-admin"  # noqa: S105 - names, not values
GRAFANA_USER_KEY: Final = "admin-user"
GRAFANA_PASSWORD_KEY: Final = "admin-password"  # noqa: S105
DASHBOARD_LABEL: Final = "grafana_dashboard"
"""Label of ConfigMaps that Grafana's sidecar reads, with the value 1."""
FRONTEND: Final = "Frontend"
"""Key of the frontend's service in the graph. Those of the workers are the names of their roles."""
PLANNER: Final = "Planner"
"""The same of the planner, where there is one."""

LABEL_LIMIT: Final = 63
"""Characters of a DNS label (RFC 1123), which object names of most kinds have to be."""
GROVE_LIMIT: Final = 45
"""Characters that Grove's webhook leaves for PodCliqueSet, scaling group and clique name together."""
GRAPH_LIMIT: Final = GROVE_LIMIT - len("prefill") - len("prefill-ldr")
"""Longest graph name whose workers may have several pods: 27."""


def truncate_with_hash(name: str, limit: int) -> str:
    """The name, shortened to ``limit`` characters where it is longer; a hash of the whole keeps two of them apart."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:5]
    return f"{name[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def model_slug(model: str) -> str:
    """``deepseek-ai/DeepSeek-R1`` becomes ``deepseek-r1``: the model's folder in the cache, and a part of names."""
    last = model.rstrip("/").rsplit("/", 1)[-1].lower()
    return re.sub(r"[^a-z0-9]+", "-", last).strip("-") or "model"


def revision_folder(revision: str) -> str:
    """A revision's folder below its model's: eight characters of a commit, or the words of a tag or branch."""
    if re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision[:8]
    return truncate_with_hash(re.sub(r"[^a-z0-9]+", "-", revision.lower()).strip("-"), LABEL_LIMIT)


def graph(model: str) -> str:
    """The graph's name: of the model alone, so that another layout updates a graph and does not replace it."""
    slug = model_slug(model)
    named = slug if slug[0].isalpha() else f"m-{slug}"
    return truncate_with_hash(f"{named}-wideep", GRAPH_LIMIT)


def frontend_service(graph_name: str) -> str:
    """The Service that the operator makes for the frontend: graph name and service key, lower case."""
    return f"{graph_name}-{FRONTEND.lower()}"


def scaling_adapter(graph_name: str, component: str) -> str:
    """The scaling adapter that the operator makes for a component: graph and component, lower case."""
    return f"{graph_name}-{component.lower()}"


def public_service(graph_name: str) -> str:
    """The Service of the frontend that is reached from outside, where there is one."""
    return f"{frontend_service(graph_name)}-public"


def download_job(model: str) -> str:
    """The Job that fills the cache."""
    return truncate_with_hash(f"{model_slug(model)}-model-download", LABEL_LIMIT)


def engine_config(graph_name: str, role: str, files: Mapping[str, str]) -> str:
    """The ConfigMap with the engine's files of a role: other files, another name."""
    digest = hashlib.sha256("\0".join(part for pair in sorted(files.items()) for part in pair).encode()).hexdigest()
    return f"{graph_name}-{role}-engine-{digest[:10]}"


def compute_domain(graph_name: str, nodes: int) -> str:
    """The ComputeDomain of a graph's workers, and its claim template: its spec cannot be changed, so that another
    number of nodes is another domain."""
    return f"{graph_name}-nvlink-{nodes}"


def grove_length(graph_name: str, service: str, nodes: int) -> int:
    """Characters of a service's names that count against ``GROVE_LIMIT``.

    One pod a worker: the PodCliqueSet (the graph) and the clique (the service). Several: the scaling group (the
    service) comes between, and the cliques are ``<service>-ldr`` and ``<service>-wkr``.
    """
    alone = len(graph_name) + len(service)
    return alone if nodes == 1 else alone + len(f"{service}-ldr")
