"""Who is alive in the simulated cluster: Dynamo operators and their etcd, as far as their pods say so."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.kubelet.pods import Surroundings
from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.kube import Kind, Kube
from sim.operator.work_queue import Key


@dataclass(frozen=True)
class Operator:
    """One Dynamo operator, as its Deployment runs it."""

    namespace: str
    release: str
    flags: dict[str, str]
    ready: bool
    generation: str
    """Changes when the operator's process starts anew."""

    @property
    def restricted_to(self) -> str:
        """The one namespace it looks after; empty for all."""
        return self.flags.get("restrictedNamespace", "")

    @property
    def version(self) -> str:
        """Its release as its chart says it, from 1.x on; `0` before."""
        return self.flags.get("operator-version", "0")

    @property
    def is_v1(self) -> bool:
        """Whether its graphs are of v1beta1."""
        return self.version.partition(".")[0] != "0"

    @property
    def principal(self) -> str:
        """Its service account, as the API server names it."""
        return f"system:serviceaccount:{self.namespace}:{self.release}{contract.OPERATOR_SUFFIX}"

    @property
    def surroundings(self) -> Surroundings:
        flags = self.flags
        return Surroundings(flags.get("natsAddr", ""), flags.get("etcdAddr", ""), flags.get("prometheus-endpoint", ""))

    @property
    def etcd(self) -> Key | None:
        """Namespace and name of the StatefulSet behind its etcd address; None for an etcd outside the cluster."""
        host = self.flags.get("etcdAddr", "").removeprefix("http://").split(":")[0].split(".")
        if len(host) > 1 and host[0].endswith(contract.ETCD_SUFFIX):
            return host[1], host[0]
        return None


def read_operator(deployment: Manifest) -> Operator:
    meta = deployment["metadata"]
    containers = deployment["spec"]["template"]["spec"]["containers"]
    args = next((c.get("args", []) for c in containers if c["name"] == "manager"), [])
    flags = dict(arg.removeprefix("--").split("=", 1) for arg in args if arg.startswith("--") and "=" in arg)
    ready = (deployment.get("status") or {}).get("readyReplicas", 0) > 0 and not meta.get("deletionTimestamp")
    conditions = (deployment.get("status") or {}).get("conditions") or []
    since = next((c["lastTransitionTime"] for c in conditions if c["type"] == "Available"), "")
    release = meta["name"].removesuffix(contract.OPERATOR_SUFFIX)
    revision = (meta.get("annotations") or {}).get("deployment.kubernetes.io/revision", "")
    return Operator(meta["namespace"], release, flags, ready, f"{meta['uid']} {revision} {since}")


@dataclass
class Operators:
    """The operators and etcds that the watches have told of; what each operator found served when it started."""

    kube: Kube
    operators: dict[Key, Operator] = field(default_factory=dict)
    etcds: dict[Key, bool] = field(default_factory=dict)
    grove_operators: dict[Key, bool] = field(default_factory=dict)
    found_grove: dict[str, bool] = field(default_factory=dict)

    def see_deployment(self, deployment: Manifest, gone: bool) -> bool:
        """Takes note of a Deployment; True when an operator came, went, or started anew."""
        key = (deployment["metadata"]["namespace"], deployment["metadata"]["name"])
        if key[1] == contract.GROVE_OPERATOR:
            before = self.grove_operators.get(key, False)
            ready = (deployment.get("status") or {}).get("readyReplicas", 0) > 0
            self.grove_operators[key] = ready and not gone
            return before != self.grove_operators[key]
        if not key[1].endswith(contract.OPERATOR_SUFFIX):
            return False
        before = self.operators.pop(key, None)
        if gone:
            return before is not None
        now = self.operators[key] = read_operator(deployment)
        return now != before

    def see_stateful_set(self, stateful_set: Manifest, gone: bool) -> bool:
        """Takes note of a StatefulSet; True when an etcd came or went."""
        key = (stateful_set["metadata"]["namespace"], stateful_set["metadata"]["name"])
        ready = (stateful_set.get("status") or {}).get("readyReplicas", 0) > 0
        before = self.etcds.get(key, False)
        self.etcds[key] = ready and not gone and not stateful_set["metadata"].get("deletionTimestamp")
        return key[1].endswith(contract.ETCD_SUFFIX) and before != self.etcds[key]

    def keys(self) -> set[Key]:
        """Namespace and name of every Deployment and StatefulSet that is known."""
        return {*self.operators, *self.etcds, *self.grove_operators}

    def forget(self, keys: set[Key]) -> None:
        for known in (self.operators, self.etcds, self.grove_operators):
            for key in keys & known.keys():
                del known[key]

    def of(self, namespace: str) -> Operator | None:
        """The living operator that looks after a namespace: its own before a cluster-wide one."""
        alive = [operator for operator in self.operators.values() if operator.ready]
        own = [operator for operator in alive if operator.restricted_to == namespace]
        return next(iter([*own, *(operator for operator in alive if not operator.restricted_to)]), None)

    def has_webhooks(self) -> bool:
        """Whether there is a living operator that judges what is to become of its objects."""
        return any(operator.ready and operator.is_v1 for operator in self.operators.values())

    def etcd_lives(self, operator: Operator) -> bool:
        return operator.etcd is None or self.etcds.get(operator.etcd, False)

    def grove_lives(self) -> bool:
        return any(self.grove_operators.values())

    async def has_grove(self, operator: Operator) -> bool:
        """Whether Grove's API was served when this operator's process started: it looks only then."""
        process = await self._process(operator)
        if process not in self.found_grove:
            served = await self.kube.get(Kind.CRD, None, "podcliquesets.grove.io")
            self.found_grove[process] = served is not None
        return self.found_grove[process]

    async def _process(self, operator: Operator) -> str:
        """By its pods: a Deployment that is scaled to none and back may call itself available all the while."""
        labels = f"control-plane=controller-manager,app.kubernetes.io/instance={operator.release}"
        pods = await self.kube.find(Kind.POD, operator.namespace, labels)
        living = [pod["metadata"]["uid"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return " ".join([operator.generation, *sorted(living)])
