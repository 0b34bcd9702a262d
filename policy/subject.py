"""The input of the rules: a resource of a preview, and the limits in limits.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, cast

import yaml

Value = None | bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"]

UNKNOWN: Final = "[unknown]"
"""Placeholder for a value that is known only after the update, when it is checked again."""
GRAPHS: Final = (
    "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment",
    "kubernetes:nvidia.com/v1beta1:DynamoGraphDeployment",
)
CLAIM: Final = "kubernetes:core/v1:PersistentVolumeClaim"
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
SERVICE: Final = "kubernetes:core/v1:Service"
INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RETAINED: Final = "dynamo-wideep/stack"
"""The label of objects that destroy leaves on the cluster (components/lifecycle/retained.py)."""


@dataclass(frozen=True)
class Limits:
    """The limits; limits.yaml explains them."""

    production: tuple[str, ...]
    gpus: Mapping[str, int]
    namespaces: tuple[str, ...]
    releases_elsewhere: tuple[str, ...] = ()

    def gpus_of(self, stack: str) -> int:
        """Return the number of GPUs that the stack may use."""
        return self.gpus.get(stack, self.gpus["default"])

    def allows(self, namespace: str) -> bool:
        """Tell whether a stack may write to the namespace."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)


@dataclass(frozen=True)
class Resource:
    """One resource as the program registers it."""

    type: str
    name: str
    stack: str
    inputs: Mapping[str, Value] = field(default_factory=dict[str, Value])
    protected: bool = False


def read_limits(file: Path) -> Limits:
    """Read the limits from a YAML file.

    Raises:
        ValueError: a key is missing or unknown.
    """
    content = cast(dict[str, object], yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    known = {"production", "gpus", "namespaces", "releasesElsewhere"}
    if odd := sorted(known ^ set(content)):
        raise ValueError(f"{file.name}: {', '.join(odd)}: a key that is missing or unknown; it has {sorted(known)}")
    gpus = cast(dict[str, int], content["gpus"])
    if "default" not in gpus:
        raise ValueError(f"{file.name}: gpus has no `default`, for stacks that it does not name")
    return Limits(
        tuple(cast(list[str], content["production"])),
        gpus,
        tuple(cast(list[str], content["namespaces"])),
        tuple(cast(list[str], content["releasesElsewhere"])),
    )


def mapping(value: Value) -> Mapping[str, Value]:
    """Return the value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, Mapping) else {}


def at(value: Value, *path: str) -> Value:
    """Return the value at a path of keys; None if there is none."""
    for key in path:
        value = mapping(value).get(key)
    return value


def walk(value: Value, path: str = "") -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Yield every mapping in a value, with its path: ``spec.services.decode``, ``spec.containers[0]``."""
    if isinstance(value, Mapping):
        yield path, value
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}" if path else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value):
            yield from walk(item, f"{path}[{number}]")
