"""The permissions that the commands need on a live cluster, as manifests for ``kubectl apply``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from wideep_cluster import kinds
from wideep_cluster.kinds import Kind
from wideep_cluster.objects import KubeObject

__all__ = ["Subject", "deployer_roles", "roles"]

NAME: Final = "wideep-reader"
DEPLOYER: Final = "wideep-deployer"
"""A name of its own, so that read-only users gain nothing from it."""
LOOK: Final = ("get", "list", "watch")
CHANGE: Final = ("create", "patch", "update", "delete")

Manifest = dict[str, object]
Kinds = Iterable[Kind[KubeObject]]

WIDE: Final[Kinds] = (
    kinds.NODES,
    kinds.PODS,
    kinds.CLASSES,
    kinds.VOLUMES,
    kinds.DEFINITIONS,
    kinds.DEPLOYMENTS,
    kinds.STATEFUL_SETS,
    kinds.DAEMON_SETS,
)
"""Kinds to read in the whole cluster: who holds GPUs, and where an operator runs."""
ADMISSION: Final[Kinds] = (kinds.VALIDATING_WEBHOOKS, kinds.MUTATING_WEBHOOKS, kinds.ENDPOINT_SLICES)
"""Kinds to read in the whole cluster, from Dynamo 1.0 on: the webhooks that admit each graph, and their endpoints."""
OWN: Final[Kinds] = (
    kinds.PODS,
    kinds.EVENTS,
    kinds.SERVICES,
    kinds.CLAIMS,
    kinds.QUOTAS,
    kinds.CONFIG_MAPS,
    kinds.DEPLOYMENTS,
    kinds.STATEFUL_SETS,
    kinds.DAEMON_SETS,
    kinds.JOBS,
    kinds.NETWORK_POLICIES,
    kinds.GRAPHS,
    kinds.COMPONENTS,
)
"""Kinds to read in the stack's namespace. Secrets are left out: Helm's records stay hidden, and so does the token."""
FORWARD: Final = ("pods/portforward",)
"""For smoke, status, top and doctor, which query the frontend (top also the workers). Port-forwarding over websockets
needs ``get``, and since Kubernetes 1.35 ``create`` as well."""
EXEC: Final = ("pods/exec",)
"""For gpus, network and eplb, which run a command in a pod. Whoever may do that is root in the container, can read
what its environment and mounts hold (``workers.envFrom``), and can change what runs."""

MEASURE: Final[tuple[Manifest, ...]] = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "patch"]},
)
"""For burnin: one Job per node, and the ConfigMap with the results. Whoever may create Jobs can mount the namespace's
Secrets in a pod."""

DEPLOY: Final[Kinds] = (
    kinds.SECRETS,
    kinds.CLAIMS,
    kinds.SERVICES,
    kinds.CONFIG_MAPS,
    kinds.JOBS,
    kinds.NETWORK_POLICIES,
    kinds.INGRESSES,
    kinds.GRAPHS,
)
"""What a stack creates in its namespace if the platform is already installed."""
WATCHED: Final[tuple[Manifest, ...]] = (
    {"apiGroups": ["grove.io"], "resources": ["podcliquesets"], "verbs": list(LOOK)},
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": list(LOOK)},
    {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": list(LOOK)},
)
"""What the wait for a graph and the guards of ``pulumi destroy`` read in addition."""


@dataclass(frozen=True)
class Subject:
    """To whom the roles are bound: a ``User``, a ``Group``, or a ``ServiceAccount`` of the stack's namespace."""

    kind: str
    name: str


def roles(
    namespace: str,
    subjects: Sequence[Subject] = (),
    may_exec: bool = False,
    *,
    may_measure: bool = False,
    admission: bool = False,
) -> list[Manifest]:
    """Return the ClusterRole, the Role and, if there are subjects, the bindings of both.

    ``may_exec`` lets the subjects run commands in the namespace's pods, ``may_measure`` create the Jobs of a burn-in,
    and ``admission`` see whether the webhooks of a 1.x release respond.
    """
    rights: list[Manifest] = [
        {"apiGroups": [""], "resources": [*FORWARD, *(EXEC if may_exec else ())], "verbs": ["get", "create"]},
        *(MEASURE if may_measure else ()),
    ]
    return _roles(NAME, namespace, subjects, rights, admission)


def deployer_roles(namespace: str, subjects: Sequence[Subject] = (), *, admission: bool = False) -> list[Manifest]:
    """Return the same for ``pulumi up`` and ``pulumi destroy`` of a stack that uses an existing platform."""
    rights: list[Manifest] = [*_rules(DEPLOY, (*LOOK, *CHANGE)), *WATCHED]
    return _roles(DEPLOYER, namespace, subjects, rights, admission)


def _roles(
    title: str, namespace: str, subjects: Sequence[Subject], rights: Iterable[Manifest], admission: bool
) -> list[Manifest]:
    name = f"{title}-{namespace}"
    wide = [
        *_rules((*WIDE, *(ADMISSION if admission else ()))),
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [namespace], "verbs": ["get"]},
    ]
    own = [*_rules(OWN), {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}, *rights]
    made = [_object("ClusterRole", name, {"rules": wide}), _object("Role", title, {"rules": own}, namespace)]
    if subjects:
        bound = {"subjects": [_subject(subject, namespace) for subject in subjects]}
        made.append(_object("ClusterRoleBinding", name, {"roleRef": _reference("ClusterRole", name), **bound}))
        made.append(_object("RoleBinding", title, {"roleRef": _reference("Role", title), **bound}, namespace))
    return made


def _rules(listed: Kinds, verbs: Iterable[str] = LOOK) -> list[Manifest]:
    """Return one rule per API group."""
    groups: dict[str, list[str]] = {}
    for kind in listed:
        plural, _, group = kind.resource.partition(".")
        groups.setdefault(group, []).append(plural)
    return [{"apiGroups": [group], "resources": plurals, "verbs": list(verbs)} for group, plurals in groups.items()]


def _object(kind: str, name: str, body: Manifest, namespace: str | None = None) -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, **body}


def _reference(kind: str, name: str) -> Manifest:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def _subject(subject: Subject, namespace: str) -> Manifest:
    if subject.kind == "ServiceAccount":
        return {"kind": subject.kind, "name": subject.name, "namespace": namespace}
    return {"kind": subject.kind, "apiGroup": "rbac.authorization.k8s.io", "name": subject.name}
