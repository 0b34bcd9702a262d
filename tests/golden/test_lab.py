"""What became of each field of the lab's two manifests: the same here, or listed below with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.golden.cases import config
from wideep import load
from wideep.settings.layout import Preset

GONE = object()
"""The field is left out on purpose."""

LAB = {
    "deepseek-r1-8gpu-singlenode.yaml": Preset.LAB_16GPU_SINGLENODE,
    "deepseek-r1-16gpu-multinode.yaml": Preset.LAB_16GPU_MULTINODE,
}
NAME = "deepseek-r1-wideep"
IMAGE = "registry.example.com/dynamo-wideep:0.6.0"
MAIN = "extraPodSpec.mainContainer"
STARTUP = f"{MAIN}.startupProbe"

ROLES = ("prefill", "decode")
FLAG = f"{MAIN}.args"

DIFFERENT: dict[str, tuple[object, str]] = {
    "metadata.name": (NAME, "of the model: another layout updates the graph in place; its Service is the lab README's"),
    **{f"spec.services.{service}.dynamoNamespace": (NAME, "the graph's name") for service in ("Frontend", *ROLES)},
    **{
        f"spec.services.{service}.extraPodSpec.mainContainer.image": (IMAGE, "the stack's own image, not NVIDIA's")
        for service in ("Frontend", *ROLES)
    },
    f"spec.services.Frontend.{STARTUP}.timeoutSeconds": (10, "an answer that takes 30 minutes is none"),
    **{
        f"spec.services.{role}.{STARTUP}.failureThreshold": (
            641,
            "from the model's size: 688.6 GB at 125 MB/s, and 900 s",
        )
        for role in ROLES
    },
    "spec.pvcs.0.name": (GONE, "the claim is mounted through the pod's spec, where a mount can be read-only"),
    "spec.pvcs.0.create": (GONE, "with it"),
    **{
        f"spec.services.{role}.volumeMounts.0.{field}": (GONE, "with it")
        for role in ROLES
        for field in ("name", "mountPoint")
    },
    **{
        f"spec.services.{service}.{MAIN}.envFrom.0.secretRef.name": (GONE, "only the download needs the token")
        for service in ("Frontend", *ROLES)
    },
    **{f"spec.services.{role}.{FLAG}.--trust-remote-code": (GONE, "SGLang has the model's class") for role in ROLES},
    **{
        f"spec.services.{role}.{FLAG}.--model-path": (
            "/model-cache/deepseek-r1/56d4cbbb",
            "what the Job downloaded, once: a folder for each revision",
        )
        for role in ROLES
    },
    **{f"spec.services.{role}.{FLAG}.--tp": (GONE, "by its full name, --tp-size") for role in ROLES},
    f"spec.services.decode.{FLAG}.--dp": (GONE, "by its full name, --dp-size"),
    **{
        f"spec.services.{role}.{FLAG}.--mem-fraction-static": ("0.8", "the layout's memFractionStatic")
        for role in ROLES
    },
}


@pytest.mark.parametrize(("file", "preset"), LAB.items())
def test_each_field_of_the_labs_manifest_is_kept_or_its_change_has_a_reason(
    reference: Path, file: str, preset: Preset
) -> None:
    lab = dict(_fields(yaml.safe_load((reference / "lab" / "k8s" / file).read_text(encoding="utf-8"))))
    ours = dict(_fields(load(config(preset)).manifests[0]))

    lost = {
        path: (value, ours.get(path, GONE))
        for path, value in lab.items()
        if ours.get(path, GONE) != DIFFERENT.get(path, (value, ""))[0]
    }

    assert lost == {}


def test_every_listed_difference_is_one(reference: Path) -> None:
    found: set[str] = set()
    for file, preset in LAB.items():
        lab = dict(_fields(yaml.safe_load((reference / "lab" / "k8s" / file).read_text(encoding="utf-8"))))
        ours = dict(_fields(load(config(preset)).manifests[0]))
        found |= {path for path, value in lab.items() if ours.get(path, GONE) != value}

    assert found == set(DIFFERENT)


@pytest.mark.parametrize(("file", "preset"), LAB.items())
def test_the_flags_that_go_by_their_full_names_have_the_labs_values(reference: Path, file: str, preset: Preset) -> None:
    lab = dict(_fields(yaml.safe_load((reference / "lab" / "k8s" / file).read_text(encoding="utf-8"))))
    ours = dict(_fields(load(config(preset)).manifests[0]))

    for short, full in (("prefill", "tp"), ("decode", "tp"), ("decode", "dp")):
        flag = f"spec.services.{short}.{FLAG}.--{full}"
        assert ours[f"{flag}-size"] == lab[flag]


def _fields(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Each leaf of a manifest by its path; of args each flag with its value."""
    if path.endswith(FLAG):
        assert isinstance(value, list)
        yield from ((f"{path}.{flag}", setting) for flag, setting in _flags(value))
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _fields(below, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _fields(below, f"{path}.{index}")
    else:
        yield path, value


def _flags(args: list[str]) -> Iterator[tuple[str, str]]:
    for index, arg in enumerate(args):
        if arg.startswith("--"):
            following = args[index + 1] if index + 1 < len(args) else "--"
            yield arg, "" if following.startswith("--") else following
