"""How clients outside the cluster reach the frontend: a separate Service and an Ingress."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from wideep.plan import FrontendPlan, IngressPlan, PublicServicePlan

__all__ = ["FrontendAccess", "FrontendAccessArgs"]


@dataclass(frozen=True)
class FrontendAccessArgs:
    """Which ways in to create, and the resources behind them."""

    namespace: pulumi.Input[str]
    plan: FrontendPlan
    depends_on: tuple[pulumi.Resource, ...] = ()
    """The graph: the provider waits until the Service has a pod, and until the Ingress's Service has one."""


class FrontendAccess(Component):
    """The public Service and the Ingress, as far as the Plan has them.

    The provider waits until a load balancer or an ingress controller has assigned an address. For a controller that
    never reports one, set the annotation ``pulumi.com/skipAwait: "true"``.

    >>> access = FrontendAccess("access", FrontendAccessArgs("dynamo-workshop", plan.frontend, depends_on=(graph,)))
    """

    def __init__(self, name: str, args: FrontendAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        public, ingress = args.plan.public, args.plan.ingress
        if public is not None:
            k8s.core.v1.Service(
                f"{name}-service",
                metadata=self.metadata(public.name, args.namespace, annotations=public.annotations),
                spec=_service(public),
                opts=self.api_child(depends_on=args.depends_on),
            )
        if ingress is not None:
            k8s.networking.v1.Ingress(
                f"{name}-ingress",
                metadata=self.metadata(ingress.name, args.namespace, annotations=ingress.annotations),
                spec=_ingress(ingress),
                opts=self.api_child(depends_on=args.depends_on),
            )
        self.register_outputs({})


def _service(plan: PublicServicePlan) -> k8s.core.v1.ServiceSpecArgs:
    port = k8s.core.v1.ServicePortArgs(name="http", port=plan.port, target_port=plan.target_port)
    return k8s.core.v1.ServiceSpecArgs(
        type=plan.type.value,
        selector=plan.selector,
        ports=[port],
        load_balancer_source_ranges=list(plan.source_ranges) or None,
        external_traffic_policy=plan.external_traffic_policy,
    )


def _ingress(plan: IngressPlan) -> k8s.networking.v1.IngressSpecArgs:
    net = k8s.networking.v1
    service = net.IngressServiceBackendArgs(name=plan.service, port=net.ServiceBackendPortArgs(number=plan.port))
    path = net.HTTPIngressPathArgs(path="/", path_type="Prefix", backend=net.IngressBackendArgs(service=service))
    rule = net.IngressRuleArgs(host=plan.host, http=net.HTTPIngressRuleValueArgs(paths=[path]))
    tls = [net.IngressTLSArgs(hosts=[plan.host], secret_name=plan.tls_secret)] if plan.tls_secret else None
    return net.IngressSpecArgs(ingress_class_name=plan.class_name, rules=[rule], tls=tls)
