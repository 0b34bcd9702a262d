"""The containers of a graph's components, independent of the graph's API version."""

from __future__ import annotations

from typing import Any, cast

from wideep.plan import Plan

__all__ = ["env_by_component", "main_containers"]


def main_containers(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the main container of each component, by the component's name."""
    spec = cast("dict[str, Any]", plan.graph.manifest()["spec"])
    if "services" in spec:
        return {name: each["extraPodSpec"]["mainContainer"] for name, each in spec["services"].items()}
    return {each["name"]: each["podTemplate"]["spec"]["containers"][0] for each in spec["components"]}


def env_by_component(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the environment of each component's main container."""
    return {
        name: {each["name"]: each["value"] for each in container["env"]}
        for name, container in main_containers(plan).items()
    }
