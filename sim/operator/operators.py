"""The Dynamo operators, etcds and Grove operators of the simulated cluster, and whether their pods are ready."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.kubelet.pods import Surroundings
from sim.operator import contract
from sim.operator.contract import Manifest
from sim.operator.kube import Kind, Kube
from sim.operator.work_queue import Key


@dataclass(frozen=True)
class Operator:
    """One Dynamo operator, read from its Deployment."""

    namespace: str
    release: str
    flags: dict[str, str]
    ready: bool
    generation: str
    """Changes when the operator's process restarts."""

    @property
    def restricted_to(self) -> str:
        """The one namespace that the operator is restricted to; empty for all."""
        return self.flags.get("restrictedNamespace", "")

    @property
    def version(self) -> str:
        """The release that the chart passes to the operator, from 1.x on; `0` before."""
        return self.flags.get("operator-version", "0")

    @property
    def is_v1(self) -> bool:
        """Whether the operator's graphs are of v1beta1."""
        return self.version.partition(".")[0] != "0"

    @property
    def principal(self) -> str:
        """The operator's service account, as the API server names it."""
        return f"system:serviceaccount:{self.namespace}:{self.release}{contract.OPERATOR_SUFFIX}"

    @property
    def surroundings(self) -> Surroundings:
        flags = self.flags
        return Surroundings(flags.get("natsAddr", ""), flags.get("etcdAddr", ""), flags.get("prometheus-endpoint", ""))

    @property
    def etcd(self) -> Key | None:
        """Namespace and name of the StatefulSet behind the etcd address; None for an etcd outside the cluster."""
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
    """The operators and etcds that the watches reported, and whether each operator found Grove's API when it
    started."""

    kube: Kube
    operators: dict[Key, Operator] = field(default_factory=dict)
    etcds: dict[Key, bool] = field(default_factory=dict)
    grove_operators: dict[Key, bool] = field(default_factory=dict)
    found_grove: dict[str, bool] = field(default_factory=dict)

    def see_deployment(self, deployment: Manifest, gone: bool) -> bool:
        """Record a Deployment; return True if an operator came, went, or restarted."""
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
        """Record a StatefulSet; return True if an etcd came or went."""
        key = (stateful_set["metadata"]["namespace"], stateful_set["metadata"]["name"])
        ready = (stateful_set.get("status") or {}).get("readyReplicas", 0) > 0
        before = self.etcds.get(key, False)
        self.etcds[key] = ready and not gone and not stateful_set["metadata"].get("deletionTimestamp")
        return key[1].endswith(contract.ETCD_SUFFIX) and before != self.etcds[key]

    def keys(self) -> set[Key]:
        """Return namespace and name of every recorded Deployment and StatefulSet."""
        return {*self.operators, *self.etcds, *self.grove_operators}

    def forget(self, keys: set[Key]) -> None:
        for known in (self.operators, self.etcds, self.grove_operators):
            for key in keys & known.keys():
                del known[key]

    def of(self, namespace: str) -> Operator | None:
        """Return the ready operator that watches a namespace, preferring one restricted to it; None if there is
        none."""
        alive = [operator for operator in self.operators.values() if operator.ready]
        own = [operator for operator in alive if operator.restricted_to == namespace]
        return next(iter([*own, *(operator for operator in alive if not operator.restricted_to)]), None)

    def has_webhooks(self) -> bool:
        """Tell whether an operator with webhooks (1.x) is ready."""
        return any(operator.ready and operator.is_v1 for operator in self.operators.values())

    def etcd_lives(self, operator: Operator) -> bool:
        return operator.etcd is None or self.etcds.get(operator.etcd, False)

    def grove_lives(self) -> bool:
        return any(self.grove_operators.values())

    async def has_grove(self, operator: Operator) -> bool:
        """Tell whether Grove's API was served when this operator's process started: the operator looks only then."""
        process = await self._process(operator)
        if process not in self.found_grove:
            served = await self.kube.get(Kind.CRD, None, "podcliquesets.grove.io")
            self.found_grove[process] = served is not None
        return self.found_grove[process]

    async def _process(self, operator: Operator) -> str:
        """Return what identifies the operator's process. It includes the pods, because a Deployment that is scaled to
        zero and back may report itself available throughout."""
        labels = f"control-plane=controller-manager,app.kubernetes.io/instance={operator.release}"
        pods = await self.kube.find(Kind.POD, operator.namespace, labels)
        living = [pod["metadata"]["uid"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return " ".join([operator.generation, *sorted(living)])
