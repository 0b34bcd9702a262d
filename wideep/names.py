"""Names of all objects that a stack creates, and the limits that names must keep.

The functions are pure: a caller can compute a name before its object exists, and a rule can check whether it will fit.
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
"""The name that the operator of 0.6.0 looks for, whatever the graph is called."""
CRDS_RELEASE: Final = "dynamo-crds"
PLATFORM_RELEASE: Final = "dynamo-platform"
"""Contains neither "nats" nor "etcd": the sub-charts would shorten their names, and the operator miss them."""
MONITORING_RELEASE: Final = "wideep-monitoring"
"""Release of kube-prometheus-stack, which cuts it to 26 characters. One per cluster: its cluster roles are named so."""
PROMETHEUS_LABEL: Final = "operator.prometheus.io/name"
"""Label that the Prometheus operator sets on a Prometheus' pods and claims; RELEASE-prometheus for this program's."""
GRAFANA_SECRET: Final = "wideep-grafana-admin"  # noqa: S105 - names, not values
GRAFANA_USER_KEY: Final = "admin-user"
GRAFANA_PASSWORD_KEY: Final = "admin-password"  # noqa: S105
DASHBOARD_LABEL: Final = "grafana_dashboard"
"""Label, with the value 1, of ConfigMaps that Grafana's sidecar reads."""
FRONTEND: Final = "Frontend"
"""Key of the frontend's service in the graph. The workers' keys are the names of their roles."""
PLANNER: Final = "Planner"
"""Key of the planner's service in the graph, if there is one."""

LABEL_LIMIT: Final = 63
"""Maximum length of a DNS label (RFC 1123), which the names of most kinds of objects must be."""
GROVE_LIMIT: Final = 45
"""Characters that Grove's webhook allows for the names of PodCliqueSet, scaling group and clique together."""
GRAPH_LIMIT: Final = GROVE_LIMIT - len("prefill") - len("prefill-ldr")
"""Maximum length of a graph's name if its workers may have several pods: 27."""


def truncate_with_hash(name: str, limit: int) -> str:
    """Return the name, cut to ``limit`` characters if it is longer, with a hash of the whole to keep it unique."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:5]
    return f"{name[: limit - len(digest) - 1].rstrip('-')}-{digest}"


def model_slug(model: str) -> str:
    """Return the model's folder in the cache, also used in names: ``deepseek-r1`` for ``deepseek-ai/DeepSeek-R1``."""
    last = model.rstrip("/").rsplit("/", 1)[-1].lower()
    return re.sub(r"[^a-z0-9]+", "-", last).strip("-") or "model"


def revision_folder(revision: str) -> str:
    """Return a revision's folder within its model's: eight characters of a commit, or the words of a tag or branch."""
    if re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision[:8]
    return truncate_with_hash(re.sub(r"[^a-z0-9]+", "-", revision.lower()).strip("-"), LABEL_LIMIT)


def graph(model: str) -> str:
    """Return the graph's name, from the model alone: a new layout then updates the graph without replacing it."""
    slug = model_slug(model)
    named = slug if slug[0].isalpha() else f"m-{slug}"
    return truncate_with_hash(f"{named}-wideep", GRAPH_LIMIT)


def frontend_service(graph_name: str) -> str:
    """Return the name of the operator's Service for the frontend: graph name and service key, in lower case."""
    return f"{graph_name}-{FRONTEND.lower()}"


def scaling_adapter(graph_name: str, component: str) -> str:
    """Return the name of the operator's scaling adapter for a component: graph and component, in lower case."""
    return f"{graph_name}-{component.lower()}"


def public_service(graph_name: str) -> str:
    """Return the name of the Service that exposes the frontend outside the cluster, if there is one."""
    return f"{frontend_service(graph_name)}-public"


def download_job(model: str) -> str:
    """Return the name of the Job that fills the cache."""
    return truncate_with_hash(f"{model_slug(model)}-model-download", LABEL_LIMIT)


def engine_config(graph_name: str, role: str, files: Mapping[str, str]) -> str:
    """Return the name of the ConfigMap with a role's engine files; it changes with their contents."""
    digest = hashlib.sha256("\0".join(part for pair in sorted(files.items()) for part in pair).encode()).hexdigest()
    return f"{graph_name}-{role}-engine-{digest[:10]}"


def compute_domain(graph_name: str, nodes: int) -> str:
    """Return the name of the ComputeDomain of a graph's workers, and of its claim template. The spec of a ComputeDomain
    is immutable, so a different number of nodes needs a different name."""
    return f"{graph_name}-nvlink-{nodes}"


def grove_length(graph_name: str, service: str, nodes: int) -> int:
    """Return how many characters of a service's names count against ``GROVE_LIMIT``.

    With one pod per worker these are the PodCliqueSet (the graph) and the clique (the service). With several, the
    scaling group (the service) comes between, and the cliques are ``<service>-ldr`` and ``<service>-wkr``.
    """
    alone = len(graph_name) + len(service)
    return alone if nodes == 1 else alone + len(f"{service}-ldr")
