"""A worker of several nodes, on a platform that somebody else has installed: its pods are made by one of two others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

from components.lifecycle.own_cluster import connect_from_config
from wideep.errors import ConfigError, Problem

if TYPE_CHECKING:
    from wideep.plan import Plan

__all__ = ["check_multinode", "lacking_makers"]

KEY: Final = "platform.install"
MAKERS: Final = (frozenset({"grove.io"}), frozenset({"leaderworkerset.x-k8s.io", "scheduling.volcano.sh"}))
"""API groups of Grove, and of LeaderWorkerSet with Volcano: the operator wants one of the two."""


def lacking_makers(plan: Plan, groups: Collection[str]) -> Problem | None:
    """Why a cluster that serves these API groups cannot run the graph; None where it can."""
    if any(makers <= set(groups) for makers in MAKERS):
        return None
    spans = " and ".join(f"a {role} worker spans {of.pods} nodes" for role, of in plan.roles.items() if of.pods > 1)
    rule = (
        f"{spans}, and the cluster has neither Grove (API group grove.io) nor LeaderWorkerSet with Volcano "
        "(leaderworkerset.x-k8s.io, scheduling.volcano.sh), one of which makes its pods: the operator refuses the graph"
    )
    fix = (
        "write platform: {install: true}, which brings Grove,\n"
        "or install one of the two and restart the operator, which looks for them at its start,\n"
        "or choose a layout whose workers fit on a node: `wideep layouts` shows those there are"
    )
    return Problem(KEY, "false", rule, fix)


def check_multinode(plan: Plan) -> None:
    """Raises pulumi.RunError for a graph that the cluster's operator would refuse, in previews too.

    A cluster that cannot be asked is left to the provider.
    """
    if plan.platform.install or not plan.platform.grove:
        return
    from kubernetes.client import ApiException, ApisApi
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        answer: Any = ApisApi(connect_from_config(plan.namespace).api).get_api_versions(_request_timeout=10)
    except (ApiException, ConfigException, HTTPError, OSError) as error:
        pulumi.log.debug(f"what the cluster serves was not to be told: {type(error).__name__}")
        return
    groups = [cast("str", group.name) for group in answer.groups]
    problem = lacking_makers(plan, groups)
    if problem is not None:
        raise pulumi.RunError(str(ConfigError([problem])))
