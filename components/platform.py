"""The Dynamo platform as Helm releases. Up to 0.9 it consists of the operator with etcd and NATS, and a release of
CRDs. From 1.0 on the operator installs the CRDs, and the component waits until it admits graphs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.dynamic.cluster_resource import ClusterAccess
from components.dynamic.grove_crds import GroveCrds, GroveCrdsProvider
from components.dynamic.operator_check import OperatorCheck, OperatorCheckProvider
from components.dynamic.platform_ready import PlatformReady, PlatformReadyProvider
from components.helm_chart import ChartSource
from components.lifecycle.error_context import ErrorContext
from components.lifecycle.helm_releases import release_note, unlock_release_hook
from components.lifecycle.orphans import CRDS_NAMESPACE
from components.lifecycle.ownership import stack_name
from components.ssh_key import SshKey, SshKeyArgs
from wideep.dynamo import release as dynamo_release
from wideep.dynamo.api import PLATFORM_CHART
from wideep.dynamo.base import Release
from wideep.plan import PlatformPlan
from wideep.resource_names import CRDS_RELEASE, PLATFORM_RELEASE

__all__ = ["Platform", "PlatformArgs"]

OPERATOR_SECONDS: Final = 120


@dataclass(frozen=True)
class PlatformArgs:
    """Which platform, and on which cluster."""

    namespace: pulumi.Input[str]
    plan: PlatformPlan
    depends_on: tuple[pulumi.Resource, ...] = ()
    """Resources that are created before the first release and deleted after the last."""
    cluster: ClusterAccess = field(default_factory=ClusterAccess)
    """Where to look for the operator (``install: false``), and where to wait until graphs are admitted."""


class Platform(Component):
    """The release ``dynamo-platform``, and up to Dynamo 0.9 ``dynamo-crds``. With ``install: false``, a check that the
    platform exists takes their place.

    >>> platform = Platform("platform", PlatformArgs(namespace="dynamo-workshop", plan=plan.platform))
    >>> graph = WideEp("graph", graph_args, pulumi.ResourceOptions(depends_on=[platform]))
    """

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, ErrorContext(charts=args.plan.charts))
        self._release = dynamo_release(args.plan.version)
        if args.plan.install:
            self._install(name, args)
        else:
            self._find(name, args)
        self.register_outputs({})

    def _install(self, name: str, args: PlatformArgs) -> None:
        plan = args.plan
        unlock = pulumi.ResourceHookBinding(before_update=[unlock_release_hook(self.hook_name("unlock"))])
        before: list[pulumi.Resource] = []
        if plan.crds_chart:
            crds = k8s.helm.v3.Release(
                CRDS_RELEASE.of(name),
                release_args(plan, plan.crds_chart, plan.crds_release, CRDS_NAMESPACE),
                opts=self.api_child(depends_on=args.depends_on, hooks=unlock),
            )
            before.append(crds)
        else:
            before += args.depends_on
        if not plan.mpi_secret_exists:
            key_args = SshKeyArgs(args.namespace, plan.mpi_secret)
            before.append(SshKey(f"{name}-mpi", key_args, pulumi.ResourceOptions(parent=self)))
        if plan.sub_charts:
            before.append(self._grove(name, args))
        platform = k8s.helm.v3.Release(
            PLATFORM_RELEASE.of(name),
            release_args(plan, PLATFORM_CHART, plan.release, args.namespace),
            opts=pulumi.ResourceOptions.merge(
                self.api_child(depends_on=before, hooks=unlock),
                grove_stays(self._release) if plan.keeps_grove else None,
            ),
        )
        self._await_admission(name, args, platform)

    def _await_admission(self, name: str, args: PlatformArgs, after: pulumi.Resource) -> None:
        """Wait until the API server accepts graphs. Up to 0.9 it accepts them without webhooks, so there is nothing to
        wait for."""
        if not self._release.webhooks:
            return
        properties = {
            "namespace": args.namespace,
            "version": args.plan.version,
            "api": self._release.api.version,
            "grove": args.plan.grove,
            "values": _digest(args.plan.values),
            "deadlineSeconds": args.plan.ready_timeout_seconds,
            **args.cluster.properties(),
        }
        PlatformReady(PlatformReadyProvider(), f"{name}-ready", properties, self.child(depends_on=[after]))

    def _grove(self, name: str, args: PlatformArgs) -> pulumi.Resource:
        properties = {
            "namespace": CRDS_NAMESPACE,
            "version": args.plan.version,
            "charts": args.plan.charts,
            "subCharts": list(args.plan.sub_charts),
            **({"update": True} if self._release.webhooks else {}),
            **args.cluster.properties(),
        }
        return GroveCrds(GroveCrdsProvider(), f"{name}-grove", properties, self.child(depends_on=args.depends_on))

    def _find(self, name: str, args: PlatformArgs) -> None:
        """Read the graph's CRD, so that the preview fails on a cluster without it. `up` then looks for the operator,
        because the CRDs outlive it."""
        known = self._release.api.crd
        crd = k8s.apiextensions.v1.CustomResourceDefinition.get(f"{name}-crd", known, opts=self.child())
        properties = {
            "namespace": args.namespace,
            "version": args.plan.version,
            "deadlineSeconds": OPERATOR_SECONDS,
            **args.cluster.properties(),
        }
        found = OperatorCheck(OperatorCheckProvider(), f"{name}-operator", properties, self.child(depends_on=[crd]))
        self._await_admission(name, args, found)


def grove_stays(release: Release) -> pulumi.ResourceOptions:
    """Return the options of a platform that keeps its Grove: the release changes before the graph does, and without
    Grove nothing would delete the objects that Grove created for the graph."""
    keys = [
        "values" + "".join(f".{key}" if key.isidentifier() else f'["{key}"]' for key in path)
        for path in release.grove_values
    ]
    return pulumi.ResourceOptions(ignore_changes=keys)


def release_args(plan: PlatformPlan, chart: str, release: str, namespace: pulumi.Input[str]) -> k8s.helm.v3.ReleaseArgs:
    """Return the arguments of the Helm release of one of the two charts."""
    source = ChartSource(plan.charts, chart, plan.version)
    return k8s.helm.v3.ReleaseArgs(
        name=release,
        namespace=namespace,
        chart=source.reference,
        version=source.asked_version,
        repository_opts=source.repository,
        values=plan.values if chart == PLATFORM_CHART else None,
        timeout=plan.ready_timeout_seconds,
        description=release_note(stack_name()),
    )


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
