"""What the state holds of an object: its live fields, with the inputs, field manager and first apiVersion beside."""

from __future__ import annotations

import base64
import binascii
import copy
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sim.plugins import values
from sim.plugins.kubernetes.api import Object

INPUTS: Final = "__inputs"
MANAGER: Final = "__fieldManager"
INITIAL_VERSION: Final = "__initialApiVersion"

# Fields of metadata that the server writes: a program that gives them gives what it once read.
READ_ONLY: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
BUILT_IN_GROUPS: Final = frozenset(
    ["", "apps", "autoscaling", "batch", "core", "extensions", "policy"]
    + [
        f"{name}.k8s.io"
        for name in values.words(
            "admissionregistration apiextensions apiregistration authentication authorization certificates "
            "coordination discovery events flowcontrol.apiserver networking node rbac.authorization resource "
            "scheduling storage storagemigration"
        )
    ]
)
CLUSTER_SCOPED: Final = frozenset(
    values.words(
        "APIService CertificateSigningRequest ClusterRole ClusterRoleBinding CSIDriver CSINode "
        "CustomResourceDefinition FlowSchema IngressClass MutatingWebhookConfiguration Namespace Node "
        "PersistentVolume PriorityClass PriorityLevelConfiguration RuntimeClass StorageClass "
        "ValidatingWebhookConfiguration VolumeAttachment"
    )
)
DASHED: Final = re.compile("^x_kubernetes_")  # the SDK's names of a CRD's `x-kubernetes-*` fields


def is_built_in(obj: Object) -> bool:
    """Whether Kubernetes itself defines the kind, not a CustomResourceDefinition."""
    return group(obj.get("apiVersion", "")) in BUILT_IN_GROUPS


def group(api_version: str) -> str:
    """The API group of an apiVersion; "" for the core group."""
    return api_version.rpartition("/")[0]


def to_kubernetes(properties: values.Properties) -> Object:
    """Properties as the API takes them: no secret marks, a CRD's fields under their own names."""
    return _rename(values.reveal(properties), lambda key: key.replace("_", "-") if DASHED.match(key) else key)


def to_pulumi(obj: Object) -> values.Properties:
    """An object as properties."""
    return _rename(obj, lambda key: key.replace("-", "_") if key.startswith("x-kubernetes-") else key)


def _rename(value: Any, name: Any) -> Any:
    match value:
        case dict():
            return {name(key): _rename(item, name) for key, item in value.items()}
        case list():
            return [_rename(item, name) for item in value]
        case _:
            return value


def checkpoint(
    inputs: Object, live: Object, given: values.Properties, initial_version: str, manager: str
) -> values.Properties:
    """The state of an object, with the secret marks of the inputs as they were given."""
    state, kept = to_pulumi(live), to_pulumi(inputs)
    values.mark_secrets(state, given)
    values.mark_secrets(kept, given)
    return {**state, INPUTS: kept, INITIAL_VERSION: initial_version, MANAGER: manager}


def parse(state: values.Properties) -> tuple[Object, Object]:
    """The inputs and the live object in a state."""
    live = to_kubernetes(state)
    inputs = live.pop(INPUTS, {})
    return inputs, live


def prune(source: Any, shape: Any) -> Any:
    """The parts of an object that another one, its inputs, also has."""
    if type(source) is not type(shape):
        return copy.deepcopy(source)
    match source:
        case dict():
            return {key: prune(value, shape[key]) for key, value in source.items() if key in shape}
        case list():
            if source and shape and type(source[0]) is not type(shape[0]):
                return copy.deepcopy(source)
            return [prune(item, like) for item, like in zip(source, shape, strict=False)]
        case _:
            return source


def normalize(obj: Object) -> Object:
    """An object's inputs in the form in which the server will give them back, so that no diff comes of spelling.

    A Secret's stringData becomes data, quantities of built-in kinds get their canonical form, and the fields that
    only the server writes go.
    """
    result = copy.deepcopy(obj)
    if is_built_in(result) and not values.has_unknown(result):
        if result.get("kind") == "Secret":
            _normalize_secret(result)
        _normalize_quantities(result)
    if isinstance(metadata := result.get("metadata"), dict):
        for key in READ_ONLY:
            metadata.pop(key, None)
    return result


def _normalize_secret(secret: Object) -> None:
    strings = secret.pop("stringData", None) or {}
    data = secret.get("data") or {}
    for key, value in data.items():
        try:
            data[key] = base64.b64encode(base64.b64decode(value, validate=False)).decode()
        except (binascii.Error, TypeError, ValueError):
            continue  # the server refuses it, in its own words
    if strings:
        secret["data"] = {**data, **{key: base64.b64encode(str(v).encode()).decode() for key, v in strings.items()}}


def _normalize_quantities(value: Any) -> None:
    match value:
        case dict():
            for key, item in value.items():
                if key in ("requests", "limits", "capacity", "hard") and isinstance(item, dict):
                    value[key] = {name: quantity(amount) for name, amount in item.items()}
                elif key == "sizeLimit":
                    value[key] = quantity(item)
                else:
                    _normalize_quantities(item)
        case list():
            for item in value:
                _normalize_quantities(item)


def quantity(amount: Any) -> Any:
    """A resource quantity in Kubernetes' canonical form: "1024Gi" is "1Ti", 8 is "8"; anything else stays.

    The rule is of k8s.io/apimachinery `resource.Quantity`: the largest suffix of the family with no fraction left.
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return amount
    match = re.fullmatch(r"([+-]?[0-9.]+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)", str(amount).strip())
    if not match or re.match("[eE].*[0-9]", match[2]):
        return amount
    binary = match[2].endswith("i")
    names = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] if binary else ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
    step, index = (1024 if binary else 1000), names.index(match[2])
    try:
        number = Decimal(match[1])
    except InvalidOperation:
        return amount
    while number % 1 and index > 0:
        number, index = number * step, index - 1
    while number and number % step == 0 and index < len(names) - 1:
        number, index = number / step, index + 1
    return f"{number.to_integral_value():f}{names[index]}"
