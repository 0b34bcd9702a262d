"""Dynamo with wide expert parallelism on a Kubernetes cluster: the stack config's Plan as resources.

    sweep ──► namespace ──► platform ────────┐
                    ├─────► policies ────────┤
                    ├─────► token ─┐         ├─► drain ──► graph ──► access ──► takedown ──► guard
                    └─────► cache ─┴► download ────────────┘
                            image ─────────────────────────┘

Image build, platform and download run side by side. Destroy goes the other way: the guard (it refuses while others use
what would go), the takedown (it refuses while there is no operator), the graph, the drain (it waits until nothing of
the graph is left), then the rest, and last the sweep (what a killed `up` has left and no state knows).
"""

from dataclasses import replace

import pulumi

from components.dynamic.deletion_guard import NO_NAMESPACE, NO_OPERATOR, Guard, GuardArgs, share_of
from components.dynamic.graph_drain import Drain, Takedown, TeardownArgs
from components.dynamic.stack_cleanup import Sweep, SweepArgs
from components.frontend import FrontendAccess, FrontendAccessArgs
from components.hf_token import HfToken, HfTokenArgs
from components.image import Image, ImageArgs
from components.lifecycle.drift import tell_of_changes
from components.lifecycle.error_hooks import explain_failures
from components.lifecycle.existing import Whose, whose_namespace
from components.lifecycle.graph_hooks import await_former_graphs
from components.lifecycle.helm_releases import release_interrupted
from components.lifecycle.job_retry import renew_failed_download
from components.lifecycle.orphans import clear_leftovers
from components.lifecycle.ownership import annotate_owner
from components.lifecycle.retained import retained_claim_of
from components.lifecycle.unrecorded import remake_unfinished, unfinished_claim
from components.model_cache import ModelCache, ModelCacheArgs, ModelDownload, ModelDownloadArgs
from components.namespace import Namespace, NamespaceArgs
from components.network_policies import NetworkPolicies, NetworkPoliciesArgs
from components.outputs import outputs
from components.platform import Platform, PlatformArgs
from components.preflight.external import check_surroundings
from components.preflight.multinode import check_multinode
from components.registry import PullSecret, PullSecretArgs, RegistryLogin
from components.stack_config import hf_token, read_plan, registry_password
from components.wide_ep import WideEp, WideEpArgs
from wideep import resource_names as names
from wideep.plan import Plan


def deploy(plan: Plan, whose: Whose = Whose.TO_MAKE, *, claim_is_there: bool = False) -> None:
    """All resources of a stack, and its outputs. ``whose``: the namespace; ``claim_is_there``: of this stack, and
    unknown to its state."""
    for warning in plan.warnings:
        pulumi.log.warn(warning)
    first = (Sweep(names.SWEEP.component, SweepArgs(plan)),)
    place = Namespace(names.NAMESPACE.component, NamespaceArgs(plan.namespace, plan.cache.retain, whose, after=first))
    namespace, share = place.name, share_of(plan, whose)
    platform = Platform(names.PLATFORM_RELEASE.component, PlatformArgs(namespace, plan.platform, after=first))
    login = RegistryLogin(plan.image_plan.registry, registry_password()) if plan.image_plan.registry else None
    image = Image("image", ImageArgs(plan.image_plan, login)).reference

    claim = f"{plan.namespace}/{plan.cache.claim}" if claim_is_there else None
    cache = ModelCache(names.CACHE_CLAIM.component, ModelCacheArgs(namespace, plan.cache, claim))
    inputs: list[pulumi.Resource] = [cache]
    if plan.token is not None and plan.token.create:
        inputs.append(HfToken(names.TOKEN_SECRET.component, HfTokenArgs(namespace, plan.token, hf_token())))
    around = _around_the_pods(plan, namespace, login)
    around.append(Guard("guard-namespace", GuardArgs(replace(share, **NO_OPERATOR), after=(place,))))
    around.append(Guard("guard-platform", GuardArgs(replace(share, **NO_NAMESPACE), after=(platform,))))
    drain = Drain("drain", TeardownArgs(namespace, plan.name, after=(platform, *inputs, *around)))
    before_graph: list[pulumi.Resource] = [drain]
    if plan.download is not None:
        args = ModelDownloadArgs(
            namespace, plan.download, plan.cache.claim, plan.token, claim_uid=cache.uid, after=tuple(inputs)
        )
        before_graph.append(ModelDownload(names.DOWNLOAD_JOB.component, args))

    graph_args = WideEpArgs(
        namespace,
        plan.graph,
        image,
        plan.ready_timeout_seconds,
        left_fields=plan.left_fields,
        after=tuple(before_graph),
    )
    graph = WideEp(names.GRAPH.component, graph_args)
    stands: list[pulumi.Resource] = [graph.graph]
    if plan.frontend.public or plan.frontend.ingress:
        stands.append(FrontendAccess("access", FrontendAccessArgs(namespace, plan.frontend, after=(graph,))))
    takedown = Takedown("takedown", TeardownArgs(namespace, plan.name, after=tuple(stands)))
    Guard("guard", GuardArgs(share, after=(takedown,)))
    for name, value in outputs(plan, namespace, image).items():
        pulumi.export(name, value)


def _around_the_pods(plan: Plan, namespace: pulumi.Input[str], login: RegistryLogin | None) -> list[pulumi.Resource]:
    """What has to be there before the graph's first pod, and until its last is gone."""
    around: list[pulumi.Resource] = []
    if plan.network_policies:
        around.append(NetworkPolicies("policies", NetworkPoliciesArgs(namespace, plan.network_policies)))
    if login is not None and plan.image_plan.pull_secret is not None:
        around.append(PullSecret("pull", PullSecretArgs(namespace, plan.image_plan.pull_secret, login)))
    return around


if __name__ == "__main__":
    the_plan = read_plan()
    check_surroundings(the_plan)
    whose = whose_namespace(the_plan)
    check_multinode(the_plan)
    clear_leftovers(the_plan)
    tell_of_changes(the_plan)
    annotate_owner()
    remake_unfinished(the_plan)
    renew_failed_download()
    release_interrupted()
    await_former_graphs()
    explain_failures(the_plan)
    claim = retained_claim_of(the_plan) if the_plan.cache.retain else unfinished_claim(the_plan)
    deploy(the_plan, whose, claim_is_there=claim)
