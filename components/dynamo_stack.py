"""The whole stack as one component.

    sweep ──► namespace ──► platform ────────┐
                    ├─────► policies ────────┤
                    ├─────► token ─┐         ├─► drain ──► graph ──► access ──► takedown ──► guard
                    └─────► cache ─┴► download ────────────┤
                            image ──► burn-in ─────────────┘

The image build, the platform, the download and the burn-in of the nodes run in parallel. The burn-in and the monitoring
exist only if the stack asks for them; the monitoring comes before the platform.
Destroy goes the other way: the guard (refuses while others use what would be deleted), the takedown (refuses while no
operator runs), the graph, the drain (waits until nothing of the graph is left), then the rest, and last the sweep
(deletes what a killed `up` left behind and the state does not know).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final

import pulumi

from components.base import Component
from components.burnin import BurnIn, BurnInArgs
from components.compute_domain import ComputeDomain, ComputeDomainArgs
from components.dynamic.deletion_guard import NO_NAMESPACE, NO_OPERATOR, Guard, GuardArgs, share_of
from components.dynamic.graph_drain import Drain, Takedown, TeardownArgs
from components.dynamic.stack_cleanup import Sweep, SweepArgs
from components.engine_files import EngineFiles, EngineFilesArgs
from components.frontend import FrontendAccess, FrontendAccessArgs
from components.hf_token import HfToken, HfTokenArgs
from components.image import Image, ImageArgs
from components.lifecycle.sharing import Share
from components.model_cache import ModelCache, ModelCacheArgs, ModelDownload, ModelDownloadArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.namespace import Namespace, NamespaceArgs
from components.network_policies import NetworkPolicies, NetworkPoliciesArgs
from components.outputs import outputs
from components.platform import Platform, PlatformArgs
from components.registry import PullSecret, PullSecretArgs, RegistryLogin
from components.stack_preflight import OnCluster, run_preflight
from components.wide_ep import WideEp, WideEpArgs
from wideep import resource_names as names
from wideep.dynamo import release_of
from wideep.dynamo.upgrades import RENAMES_GANGS
from wideep.plan import Plan, make_plan
from wideep.rules import Accepted

__all__ = ["DynamoStack", "DynamoStackArgs", "import_sdks", "make_sweep"]

SDKS: Final = ("core.v1", "helm.v3", "apiextensions", "networking.v1", "batch.v1")
"""Modules of pulumi_kubernetes that nearly every stack uses. They are imported lazily, on first access."""


@dataclass(frozen=True)
class DynamoStackArgs:
    """The typed keys of the stack config, and the two secrets, which Settings never hold.

    ``wideep.rules.accept`` builds the settings from a user's config; ``accept_settings`` takes settings that a program
    builds.
    """

    settings: Accepted
    hf_token: pulumi.Input[str] | None = None
    """Required if the settings have ``hf_token``."""
    registry_password: pulumi.Input[str] | None = None
    """Required if the settings have ``image.registry``."""
    on_cluster: OnCluster | None = None
    """The result of the preflight. None: the component runs the preflight itself."""
    sweep: Sweep | None = None
    """The first resource, if it has been created already (``make_sweep``)."""
    at_root: bool = False
    """Whether the resources have no parent, as in stacks that are older than this component: another parent means
    another URN."""


class DynamoStack(Component):
    """Everything that a stack config asks for: platform, image, weights and the graph. Only one is allowed in a Pulumi
    stack, because its resources are looked up by their names.

    >>> stack = DynamoStack("dynamo", DynamoStackArgs(settings, hf_token=config.require_secret("hfToken")))
    >>> pulumi.export("frontend", stack.outputs["frontendService"])
    """

    def __init__(self, name: str, args: DynamoStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        _refuse(self.get_provider("kubernetes:core/v1:Namespace"))
        self._plan = plan = make_plan(args.settings)
        self._release = release_of(args.settings)
        self._opts = None if args.at_root else pulumi.ResourceOptions(parent=self)
        for warning in plan.warnings:
            pulumi.log.warn(warning)
        found = args.on_cluster or run_preflight(plan)
        login = _login(plan, args.registry_password)
        first = (args.sweep or make_sweep(plan, self._opts),)
        place_args = NamespaceArgs(plan.namespace, plan.cache.retain, found.whose, depends_on=first)
        place = Namespace(names.NAMESPACE.component, place_args, self._opts)
        watched = self._monitoring(place.name, first)
        platform_args = PlatformArgs(place.name, plan.platform, depends_on=(*first, *watched))
        platform = Platform(names.PLATFORM_RELEASE.component, platform_args, self._opts)
        image = Image("image", ImageArgs(plan.image_source, login), self._opts).reference
        claim = f"{plan.namespace}/{plan.cache.claim}" if found.claim_exists else None
        cache = ModelCache(names.CACHE_CLAIM.component, ModelCacheArgs(place.name, plan.cache, claim), self._opts)
        inputs: list[pulumi.Resource] = [cache, *self._token(place.name, args.hf_token)]
        share = share_of(plan, found.whose)
        around = self._around_the_pods(place.name, login)
        burnin = self._burnin(place.name, image, around)
        around += self._guards(share, place, platform)
        drain_args = TeardownArgs(place.name, plan.name, depends_on=(platform, *inputs, *around))
        drain = Drain("drain", drain_args, self._opts)
        download = self._download(place.name, cache, inputs)
        graph = self._graph(place.name, image, (drain, *download, *burnin))
        Guard("guard", GuardArgs(share, depends_on=(self._takedown(place.name, graph),)), self._opts)
        self.outputs: dict[str, pulumi.Input[object]] = outputs(plan, place.name, image)
        """Where the graph is, and the commands that reach it. It is not annotated on the class, so that the package's
        component has no such output."""
        self.register_outputs({})

    def _monitoring(self, namespace: pulumi.Input[str], first: tuple[pulumi.Resource, ...]) -> list[pulumi.Resource]:
        """Create the monitoring before the platform, because the platform's chart checks whether the API server knows
        monitors."""
        plan = self._plan.monitoring
        if plan is None:
            return []
        args = MonitoringArgs(namespace, plan, self._plan, depends_on=first)
        return [Monitoring(names.MONITORING_RELEASE.component, args, self._opts)]

    def _token(self, namespace: pulumi.Input[str], token: pulumi.Input[str] | None) -> list[pulumi.Resource]:
        plan = self._plan.token
        if plan is None or not plan.create:
            return []
        if token is None:
            raise pulumi.RunError("hfToken: it is set in the settings and missing here. Pass hf_token.")
        return [HfToken(names.TOKEN_SECRET.component, HfTokenArgs(namespace, plan, token), self._opts)]

    def _around_the_pods(self, namespace: pulumi.Input[str], login: RegistryLogin | None) -> list[pulumi.Resource]:
        """Create what must exist before the graph's first pod starts and until its last pod is gone."""
        plan, around = self._plan, list[pulumi.Resource]()
        if plan.network_policies:
            policies = NetworkPoliciesArgs(namespace, plan.network_policies)
            around.append(NetworkPolicies("policies", policies, self._opts))
        if login is not None and plan.image_source.pull_secret is not None:
            pull = PullSecretArgs(namespace, plan.image_source.pull_secret, login)
            around.append(PullSecret("pull", pull, self._opts))
        if plan.engine_configs:
            around.append(EngineFiles("engine", EngineFilesArgs(namespace, plan.engine_configs), self._opts))
        if plan.compute_domain:
            around.append(ComputeDomain("fabric", ComputeDomainArgs(namespace, plan.compute_domain), self._opts))
        return around

    def _guards(self, share: Share, place: Namespace, platform: Platform) -> list[pulumi.Resource]:
        """Create the guards that check once more right before the namespace and the platform are deleted."""
        namespace = GuardArgs(replace(share, **NO_OPERATOR), depends_on=(place,))
        operator = GuardArgs(replace(share, **NO_NAMESPACE), depends_on=(platform,))
        return [Guard("guard-namespace", namespace, self._opts), Guard("guard-platform", operator, self._opts)]

    def _download(
        self, namespace: pulumi.Input[str], cache: ModelCache, inputs: Sequence[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        plan = self._plan
        if plan.download is None:
            return []
        args = ModelDownloadArgs(
            namespace,
            plan.download,
            plan.cache.claim,
            plan.token,
            claim_uid=cache.uid,
            depends_on=tuple(inputs),
            stack=plan,
        )
        return [ModelDownload(names.DOWNLOAD_JOB.component, args, self._opts)]

    def _burnin(
        self, namespace: pulumi.Input[str], image: pulumi.Input[str], around: Sequence[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        plan = self._plan.burnin
        if plan is None:
            return []
        return [BurnIn("burnin", BurnInArgs(namespace, plan, image, depends_on=tuple(around)), self._opts)]

    def _graph(
        self, namespace: pulumi.Input[str], image: pulumi.Input[str], needs: tuple[pulumi.Resource, ...]
    ) -> WideEp:
        plan = self._plan
        args = WideEpArgs(
            namespace,
            plan.graph,
            image,
            plan.ready_timeout_seconds,
            left_fields=plan.left_fields,
            immutable=self._release.replace_on_change,
            engine=plan.engine,
            gangs=".".join(map(str, RENAMES_GANGS)) if plan.platform.grove and self._renamed else None,
            depends_on=needs,
        )
        return WideEp(names.GRAPH.component, args, self._opts)

    @property
    def _renamed(self) -> bool:
        """Whether this release of Dynamo names its Grove gangs differently. Grove cannot take over a gang of another
        name: its pods would stay beside the new ones."""
        return self._release.row.minor >= RENAMES_GANGS

    def _takedown(self, namespace: pulumi.Input[str], graph: WideEp) -> Takedown:
        plan, on_graph = self._plan, [graph.graph]
        if plan.frontend.public or plan.frontend.ingress:
            args = FrontendAccessArgs(namespace, plan.frontend, depends_on=(graph,))
            on_graph.append(FrontendAccess("access", args, self._opts))
        takedown_args = TeardownArgs(namespace, plan.name, depends_on=tuple(on_graph))
        return Takedown("takedown", takedown_args, self._opts)


def make_sweep(plan: Plan, opts: pulumi.ResourceOptions | None = None) -> Sweep:
    """Create the resource on which all others depend."""
    return Sweep(names.SWEEP.component, SweepArgs(plan), opts)


def import_sdks() -> None:
    """Import the modules of pulumi_kubernetes that the components use."""
    for module in SDKS:
        import_module(f"pulumi_kubernetes.{module}")


def _login(plan: Plan, password: pulumi.Input[str] | None) -> RegistryLogin | None:
    registry = plan.image_source.registry
    if registry is None:
        return None
    if password is None:
        raise pulumi.RunError("image.registry: it is set in the settings without its password. Pass registry_password.")
    return RegistryLogin(registry, password)


def _refuse(provider: pulumi.ProviderResource | None) -> None:
    """Raise RunError if the program passes a Kubernetes provider: the checks and waits do not use that provider, and
    would look at another cluster than the one it writes to."""
    if provider is not None:
        raise pulumi.RunError(
            "DynamoStack: it has a Kubernetes provider of the program in its options, and takes its cluster from the "
            "stack's config.\n"
            "Remove the provider; pulumi config set --secret kubernetes:kubeconfig, or kubernetes:context NAME."
        )
