"""Our graph of Dynamo 1.6.1 beside the one in Dynamo's own wheel: the same shape, with the differences listed."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.golden.cases import manifest_of
from wideep.graph.parse import parse_graph
from wideep.settings.layout import Preset

VERSION: Final = "1.6.1"
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynamo-wideep" / "wheels"
EXAMPLES: Final = "dynamo/profiler/templates/dgd/"
GET: Final = f"python -m pip download --no-deps --dest {CACHE} ai-dynamo=={VERSION}"

ONLY_THEIRS: Final = {
    "podTemplate.spec.containers.envFrom": "only the download needs the token",
    "podTemplate.spec.containers.workingDir": "the image's own will do, and the folder is another in each release",
}
ONLY_OURS: Final = {
    "sharedMemorySize": "the operator's 8Gi are too little for wide workers",
    "runtimeVersionOverride": "the pods get a digest, which does not say the version",
    "podTemplate.metadata.annotations": "Recreate, where all GPUs are in use",
    "podTemplate.spec.containers.env": "offline, and the network's variables",
    "podTemplate.spec.containers.volumeMounts": "the weights are on a volume",
    "podTemplate.spec.volumes": "with it",
    "podTemplate.spec.containers.startupProbe": "as long as the model's size takes",
    "podTemplate.spec.containers.readinessProbe": "the frontend's, the same in all releases",
    "podTemplate.spec.containers.securityContext": "RDMA, or nothing",
    "podTemplate.spec.topologySpreadConstraints": "frontends apart",
    "podTemplate.spec.automountServiceAccountToken": "a service account's default could keep the pods undiscovered",
}
COMMAND: Final = {"podTemplate.spec.containers.command", "podTemplate.spec.containers.args"}
"""Ours leaves the frontend's to the operator."""


@pytest.fixture(scope="module")
def wheel() -> zipfile.ZipFile:
    found = sorted(CACHE.glob(f"ai_dynamo-{VERSION}-*.whl"))
    if not found:
        pytest.skip(f"no wheel of ai-dynamo {VERSION} in {CACHE}: {GET}")
    return zipfile.ZipFile(found[0])


def examples(wheel: zipfile.ZipFile) -> dict[str, Any]:
    names = [name for name in wheel.namelist() if name.startswith(EXAMPLES) and name.endswith(".yaml")]
    return {name.removeprefix(EXAMPLES): yaml.safe_load(wheel.read(name)) for name in names}


def fields(value: object, path: str = "") -> Iterator[str]:
    """Paths of a component's fields, down to a container's own; names in lists left out."""
    depth = 4 if path.startswith("podTemplate.spec.containers") else 3 if path.startswith("podTemplate") else 1
    if (isinstance(value, dict) and path.count(".") + 1 < depth) or (value and not path):
        for key, below in dict(value).items():  # type: ignore[call-overload]
            yield from fields(below, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and path == "podTemplate.spec.containers":
        for each in value:
            for key in each:
                yield f"{path}.{key}"
    else:
        yield path


def ours() -> dict[str, Any]:
    return manifest_of(Preset.LAB_16GPU_SINGLENODE, VERSION)


def test_the_types_read_every_example_of_an_sglang_graph(wheel: zipfile.ZipFile) -> None:
    for name in ("sglang/disagg.yaml", "vllm/disagg.yaml", "trtllm/disagg.yaml"):
        example = examples(wheel)[name]
        example["spec"]["backendFramework"] = "sglang"  # optional there, always written here
        for component in example["spec"]["components"]:
            (container,) = component["podTemplate"]["spec"]["containers"]
            container.get("resources", {}).pop("requests", None)  # vLLM's, of disk; here limits are the requests

        assert parse_graph(example).manifest()["apiVersion"] == "nvidia.com/v1beta1"


def test_our_components_have_the_names_and_types_of_the_example(wheel: zipfile.ZipFile) -> None:
    def named(graph: Any) -> set[tuple[str, str]]:
        return {(each["name"], each["type"]) for each in graph["spec"]["components"]}

    assert named(ours()) == named(examples(wheel)["sglang/disagg.yaml"])


@pytest.mark.parametrize("kind", ["frontend", "prefill", "decode"])
def test_each_field_that_only_one_of_them_has_is_listed_with_the_reason(wheel: zipfile.ZipFile, kind: str) -> None:
    theirs, own = (
        next(set(fields(each)) for each in graph["spec"]["components"] if each["type"] == kind)
        for graph in (examples(wheel)["sglang/disagg.yaml"], ours())
    )

    assert theirs - own - (COMMAND if kind == "frontend" else set()) <= set(ONLY_THEIRS)
    assert own - theirs <= set(ONLY_OURS)


def test_the_flags_of_disaggregation_are_those_of_the_example(wheel: zipfile.ZipFile) -> None:
    def flags(graph: Any, kind: str) -> dict[str, str]:
        component = next(each for each in graph["spec"]["components"] if each["type"] == kind)
        args = component["podTemplate"]["spec"]["containers"][0]["args"]
        return {
            flag: args[at + 1]
            for at, flag in enumerate(args)
            if flag.startswith("--disaggregation") or flag == "--host"
        }

    for kind in ("prefill", "decode"):
        wanted = flags(examples(wheel)["sglang/disagg.yaml"], kind)
        found = flags(ours(), kind)
        port = "--disaggregation-bootstrap-port"
        assert {**found, port: ""} == {**wanted, port: ""}  # any port that both roles have
