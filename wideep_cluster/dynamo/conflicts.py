"""A platform that somebody else has installed, where this stack would install its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from wideep.errors import Problem
from wideep_cluster.kube import OPERATOR, KubeNamespace

__all__ = ["InstalledOperator", "operators_of", "taken_release", "unwanted_operators"]

KEY: Final = "platform.install"
RESTRICTION: Final = "--restrictedNamespace="
USE: Final = "write platform: {install: false} to use it as it is"
ADOPT: Final = "or take it over into this stack: `wideep adopt --help`"


@dataclass(frozen=True)
class InstalledOperator:
    """An operator that a cluster has."""

    namespace: str
    deployment: str
    restricted_to: str | None
    """The one namespace that it looks after. None: it looks after all."""


def taken_release(namespace: str, release: str, status: str) -> Problem:
    """Helm gives a name of a release once in a namespace."""
    rule = f"Helm release {release} of namespace {namespace} is there ({status}), and this stack has not made it"
    return Problem(KEY, "true", rule, f"{USE},\n{ADOPT}")


def unwanted_operators(
    operators: Iterable[InstalledOperator], namespace: str, *, restricted: bool
) -> Iterator[Problem]:
    """Those of other namespaces beside which the chart refuses an operator of this one: each graph is to have one."""
    for operator in operators:
        if operator.namespace == namespace or (restricted and operator.restricted_to):
            continue
        looks = f"only after {operator.restricted_to}" if operator.restricted_to else "after the whole cluster"
        ours = "only after its own" if restricted else "after the whole cluster too"
        rule = (
            f"namespace {operator.namespace} has a Dynamo operator ({operator.deployment}) that looks {looks}, and the "
            f"one of this stack would look {ours}"
        )
        beside = "write platform: {namespaceRestriction: true}, so that each looks after its own namespace"
        yield Problem(KEY, "true", rule, beside if operator.restricted_to else USE)


def operators_of(place: KubeNamespace) -> list[InstalledOperator]:
    """All of the cluster, as far as one may see; whoever may not see them leaves it to the chart."""
    from kubernetes.client import ApiException, AppsV1Api

    try:
        found: Any = AppsV1Api(place.api).list_deployment_for_all_namespaces()
    except ApiException:
        return []
    return [_operator(each) for each in found.items if each.metadata.name.endswith(OPERATOR)]


def _operator(deployment: Any) -> InstalledOperator:
    containers: list[Any] = deployment.spec.template.spec.containers
    of_each: list[list[str]] = [container.args or [] for container in containers]
    arguments = [argument for arguments in of_each for argument in arguments]
    limits = (each.removeprefix(RESTRICTION) for each in arguments if each.startswith(RESTRICTION))
    metadata = deployment.metadata
    return InstalledOperator(metadata.namespace, metadata.name, next(limits, None))
