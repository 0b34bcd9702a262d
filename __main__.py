"""Dynamo with wide expert parallelism on a Kubernetes cluster: the stack config's Plan as resources.

    namespace ──► platform ────────┐
          ├─────► token ─┐         ├─► drain ──► graph ──► takedown
          └─────► cache ─┴► download ────────────┘
                  image ─────────────────────────┘

Image build, platform and download run side by side. Destroy goes the other way: the takedown (it refuses while there is
no operator), the graph, the drain (it waits until nothing of the graph is left), then the rest.
"""

import pulumi

from components.config import hf_token, read_plan
from components.drain import Drain, DrainArgs
from components.hf_token import HfToken, HfTokenArgs
from components.image import Image, ImageArgs
from components.model_cache import ModelCache, ModelCacheArgs, ModelDownload, ModelDownloadArgs
from components.namespace import Namespace, NamespaceArgs
from components.outputs import outputs
from components.platform import Platform, PlatformArgs
from components.takedown import Takedown, TakedownArgs
from components.wide_ep import WideEp, WideEpArgs
from wideep.plan import Plan


def deploy(plan: Plan) -> None:
    """All resources of a stack, and its outputs."""
    for warning in plan.warnings:
        pulumi.log.warn(warning)
    namespace = Namespace("namespace", NamespaceArgs(plan.namespace, retain=plan.cache.retain)).name
    platform = Platform("platform", PlatformArgs(namespace, plan.platform))
    image = Image("image", ImageArgs(plan.image_plan)).reference

    cache = ModelCache("cache", ModelCacheArgs(namespace, plan.cache))
    inputs: list[pulumi.Resource] = [cache]
    if plan.token is not None and plan.token.create:
        inputs.append(HfToken("token", HfTokenArgs(namespace, plan.token, hf_token())))
    drain = Drain("drain", DrainArgs(namespace, plan.name, needs=(platform, *inputs)))
    before_graph: list[pulumi.Resource] = [drain]
    if plan.download is not None:
        args = ModelDownloadArgs(namespace, plan.download, plan.cache.claim, plan.token, after=tuple(inputs))
        before_graph.append(ModelDownload("download", args))

    graph_args = WideEpArgs(namespace, plan.graph, image, plan.ready_timeout_seconds, after=tuple(before_graph))
    graph = WideEp("graph", graph_args)
    Takedown("takedown", TakedownArgs(namespace, plan.name, stands=(graph,)))
    for name, value in outputs(plan, namespace, image).items():
        pulumi.export(name, value)


if __name__ == "__main__":
    deploy(read_plan())
