"""The Dynamo operator: which one serves a namespace, whether it runs, its version, and what conflicts with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from wideep.errors import Problem
from wideep_cluster.errors import Answer
from wideep_cluster.kinds import DEPLOYMENTS, STATEFUL_SETS, Kind
from wideep_cluster.listing import Listed
from wideep_cluster.objects import Deployment, KubeObject, StatefulSet

__all__ = [
    "ETCD",
    "OPERATOR",
    "OPERATOR_KINDS",
    "OperatorStatus",
    "down_store",
    "is_operators",
    "operator_conflicts",
    "operator_of",
    "operator_status",
    "operator_version",
    "release_conflict",
]

OPERATOR: Final = "-dynamo-operator-controller-manager"
"""Suffix of the name of the operator's Deployment, for any release name."""
ETCD: Final = "-etcd"
"""Suffix of the name of the etcd that was installed with it; an operator without one uses an external etcd."""
MANAGER: Final = "manager"
"""The operator's own container; the other one is a proxy."""
VERSION: Final = re.compile(r":v?(\d+\.\d+\.\d+)")
RESTRICTION: Final = "--restrictedNamespace="
OPERATOR_KINDS: Final[tuple[Kind[Deployment], ...]] = (
    replace(DEPLOYMENTS, namespaced=False, optional=True),
    replace(STATEFUL_SETS, namespaced=False, optional=True),
)
"""The kinds of operators and their etcd, in all namespaces."""
INSTALL: Final = "platform.install"
USE: Final = "set platform: {install: false} to use it as it is"
ADOPT: Final = "or import it into this stack: `wideep adopt --help`"


@dataclass(frozen=True)
class OperatorStatus:
    """Whether the operator can manage a graph, that is, whether it and its etcd run. ``ready`` is None if that cannot
    be determined."""

    ready: bool | None
    message: str
    version: str | None = None
    """The version in the tag of its image. None: the tag names none."""
    installed: bool = True
    """False: there is not even a Deployment of it, so waiting does not help."""


def operator_of(deployments: Iterable[Deployment], namespace: str) -> Deployment | None:
    """Return the operator that serves a namespace: its own, else one of the whole cluster. None if there is none.

    An operator that is restricted to another namespace ignores the graphs of this one.
    """
    return next(iter(_serving(deployments, namespace)), None)


def operator_status(deployments: Iterable[Deployment], stores: Iterable[StatefulSet], namespace: str) -> OperatorStatus:
    """Return the status of the operator that serves a namespace; if there are several, one that runs is enough."""
    there, stores = list(deployments), list(stores)
    found = _serving(there, namespace)
    own = [each for each in found if each.namespace == namespace] or found
    if not own:
        return OperatorStatus(ready=False, message=_absent(there, namespace), installed=False)
    working = [each for each in own if each.ready]
    if not working:
        return OperatorStatus(False, f"the Dynamo operator does not run: no pod of Deployment {_named(own)} is ready")
    down = [store for each in working if (store := down_store(each, stores, ETCD))]
    if len(down) == len(working):
        return OperatorStatus(False, f"the Dynamo operator has no etcd: no pod of StatefulSet {_named(down)} is ready")
    return OperatorStatus(True, "the Dynamo operator runs", operator_version(working[0]))


def operator_version(operator: Deployment) -> str | None:
    """Return the version in the tag of the manager's image, whatever name a mirror gives it. None if the tag names
    none."""
    containers = operator.spec.template.spec.containers
    images = [each.image for each in containers if each.name == MANAGER or "operator" in each.image.rpartition("/")[2]]
    return next((tag[1] for image in images if (tag := VERSION.search(image))), None)


def is_operators(item: KubeObject) -> bool:
    """Tell whether a Deployment or StatefulSet is an operator, or the etcd that was installed with it."""
    return item.name.endswith((OPERATOR, ETCD))


def down_store(operator: Deployment, stores: Iterable[StatefulSet], suffix: str) -> StatefulSet | None:
    """Return the store (``-etcd``, ``-nats``) that was installed with the operator if none of its pods is ready; else
    None."""
    name = operator.name.removesuffix(OPERATOR) + suffix
    there = (each for each in stores if (each.namespace, each.name) == (operator.namespace, name))
    return next((each for each in there if not each.ready), None)


def operator_conflicts(deployments: Listed[Deployment], namespace: str, *, restricted: bool) -> Iterator[Answer]:
    """Yield the problem of each operator of another namespace beside which the chart refuses to install one here
    (``restricted``: to its own namespace), because each graph must have exactly one operator."""
    yield deployments.error
    for operator in _operators(deployments.items):
        limit = _restricted_to(operator)
        if operator.namespace == namespace or (restricted and limit):
            continue
        looks = f"only {limit}" if limit else "the whole cluster"
        ours = "only its own namespace" if restricted else "the whole cluster too"
        rule = (
            f"namespace {operator.namespace} has a Dynamo operator ({operator.name}) that manages {looks}, and the "
            f"one of this stack would manage {ours}"
        )
        beside = "set platform: {namespaceRestriction: true}, so that each manages only its own namespace"
        yield Problem(INSTALL, "true", rule, beside if limit else USE)


def release_conflict(namespace: str, release: str, status: str) -> Problem:
    """Return the problem of somebody else's release: a release name is unique in a namespace."""
    rule = f"Helm release {release} of namespace {namespace} exists ({status}) and is not owned by this stack"
    return Problem(INSTALL, "true", rule, f"{USE},\n{ADOPT}")


def _operators(deployments: Iterable[Deployment]) -> list[Deployment]:
    return [each for each in deployments if each.name.endswith(OPERATOR)]


def _serving(deployments: Iterable[Deployment], namespace: str) -> list[Deployment]:
    """Return the operators that serve a namespace, its own first."""
    found = [each for each in _operators(deployments) if _restricted_to(each) in (None, namespace)]
    return sorted(found, key=lambda each: each.namespace != namespace)


def _absent(deployments: Iterable[Deployment], namespace: str) -> str:
    others = _operators(deployments)
    if not others:
        return f"there is no Dynamo operator on the cluster (no Deployment *{OPERATOR})"
    return f"no Dynamo operator manages namespace {namespace}: {_named(others)} is restricted to another one"


def _named(objects: Iterable[Deployment]) -> str:
    return ", ".join(f"{each.namespace}/{each.name}" for each in objects)


def _restricted_to(operator: Deployment) -> str | None:
    """Return the only namespace that the operator manages; None if it manages all."""
    arguments = (argument for each in operator.spec.template.spec.containers for argument in each.args)
    return next((each.removeprefix(RESTRICTION) for each in arguments if each.startswith(RESTRICTION)), None)
