"""The example in each component's docstring runs as it stands."""

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

import components
from components.base import Component
from tests.golden.cases import config, on_its_engine
from tests.support.engine import DIGEST, PROJECT, run
from tests.support.plans import plan_of, settings_of
from wideep import load
from wideep.settings.layout import Preset


def _public() -> dict[str, Any]:
    """All that the modules of the package give away, by name. The stack for programs in other languages has an example
    in its own page, ``docs/package.md``, and the name of the one here."""
    found = pkgutil.walk_packages(components.__path__, "components.")
    named = [each.name for each in found if not each.ispkg and each.name != "components.package_stack"]
    modules = [importlib.import_module(name) for name in named]
    return {name: getattr(module, name) for module in modules for name in module.__all__}


def _components() -> Iterator[type[Component]]:
    for thing in _public().values():
        if inspect.isclass(thing) and issubclass(thing, Component) and thing is not Component:
            yield thing


def _around() -> dict[str, Any]:
    """What an example finds in the program around it."""
    registry = {"username": "robot", "password": "SyntheticPassword"}
    image = {"source": "build", "repository": "r.example.com/dynamo", "tag": "1", "registry": registry}
    ways = {"service": {"type": "NodePort"}}
    on = {"enabled": True}
    plan = plan_of(image=image, frontend=ways, access={"allowFrom": ["10.0.0.0/8"]}, monitoring=on, burnin=on)
    rack = load(config(Preset.TRTLLM_36GPU, **on_its_engine(Preset.TRTLLM_36GPU))).compute_domain
    stands = {name: pulumi.CustomResource("test:index:There", name) for name in ("there", "here")}
    names = ("platform", "cache", "token", "drain", "download", "graph")
    return {
        "pulumi": pulumi,
        "plan": plan.model_copy(update={"compute_domain": rack}),
        "settings": settings_of(),
        "namespace": plan.namespace,
        "config": pulumi.Config(),
        "image": SimpleNamespace(reference=f"r.example.com/dynamo@{DIGEST}"),
        "graph_args": _public()["WideEpArgs"](plan.namespace, plan.graph, "image", 60),
        **dict.fromkeys(names, stands["there"]),
    }


@pytest.mark.parametrize("component", list(_components()), ids=lambda component: component.__name__)
def test_the_example_runs_and_makes_the_component(component: type[Component]) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(component) or "")
    assert examples, f"{component.__name__} has no example"

    def program() -> None:
        secrets = {f"{PROJECT}:hfToken": "hf_SyntheticToken", f"{PROJECT}:registryPassword": "SyntheticPassword"}
        pulumi.runtime.set_all_config(secrets, list(secrets))
        names = _public() | _around()
        for example in examples:
            exec(example.source, names)  # noqa: S102 - our own docstring

    made = {resource.type for resource in run(program).resources.values()}
    assert f"{PROJECT}:index:{component.__name__}" in made
