"""The fields that cannot change in place: a new value needs a new object.

The list is pulumi-kubernetes' own (provider/pkg/provider/diff.go, `forceNew`), for the kinds of today's API versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.plugins import values
from sim.plugins.kubernetes.api import Object
from sim.plugins.kubernetes.checkpoint import group

ALWAYS: Final = (".metadata.name", ".metadata.namespace")

_CONTAINER: Final = values.words(
    "args command env env.value image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources "
    "securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts "
    "workingDir"
)
_POD: Final = values.words(
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_VOLUME: Final = values.words(
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)


def _spec(names: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(f".spec.{name}" for name in (names.split() if isinstance(names, str) else names))


BY_KIND: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apps", "DaemonSet"): _spec("selector"),
    ("apps", "Deployment"): _spec("selector"),
    ("apps", "StatefulSet"): _spec(
        "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates"
    ),
    ("batch", "Job"): _spec("completions parallelism selector template"),
    ("", "PersistentVolume"): _spec(_VOLUME),
    ("", "PersistentVolumeClaim"): _spec("accessModes selector storageClassName volumeName"),
    ("", "Pod"): _spec([*_POD, *(f"{part}[*].{f}" for part in ("containers", "initContainers") for f in _CONTAINER)]),
    ("", "ResourceQuota"): _spec("scopes"),
    ("", "Service"): _spec("clusterIP"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (".roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): (".roleRef",),
    ("storage.k8s.io", "StorageClass"): (".parameters", ".provisioner"),
}


def force_new(obj: Object, mutable: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The paths whose change replaces this object.

    `mutable` names "Secret" or "ConfigMap" when the provider may change their data in place; by default it may not.
    """
    kind, core = obj.get("kind", ""), group(obj.get("apiVersion", "")) == ""
    in_place = kind in mutable and obj.get("immutable") is not True
    if core and kind == "Secret":
        return (*ALWAYS, ".type") if in_place else (*ALWAYS, ".type", ".stringData", ".data")
    if core and kind == "ConfigMap":
        return ALWAYS if in_place else (*ALWAYS, ".binaryData", ".data")
    return (*ALWAYS, *BY_KIND.get((group(obj.get("apiVersion", "")), kind), ()))
