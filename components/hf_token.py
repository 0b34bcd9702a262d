"""The Secret with the Hugging Face token."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.lifecycle.error_context import ErrorContext
from wideep.plan import TokenPlan
from wideep.resource_names import TOKEN_SECRET

__all__ = ["HfToken", "HfTokenArgs"]


@dataclass(frozen=True)
class HfTokenArgs:
    """The token, and the Secret that stores it."""

    namespace: pulumi.Input[str]
    plan: TokenPlan
    token: pulumi.Input[str]


class HfToken(Component):
    """The token as a Kubernetes Secret. Its value is always a Pulumi secret, even if the input is plain.

    >>> token = HfToken("token", HfTokenArgs("dynamo-workshop", plan.token, config.require_secret("hfToken")))
    """

    def __init__(self, name: str, args: HfTokenArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, ErrorContext(use_instead="hfTokenSecret: {name} in place of hfToken"))
        k8s.core.v1.Secret(
            TOKEN_SECRET.of(name),
            metadata=self.metadata(args.plan.secret, args.namespace),
            string_data={args.plan.key: pulumi.Output.secret(args.token)},
            opts=self.api_child(),
        )
        self.register_outputs({})
