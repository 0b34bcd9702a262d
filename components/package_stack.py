"""The whole stack as a component of a Pulumi package, for programs in any of Pulumi's languages."""

# No `from __future__ import annotations`: Pulumi's analyzer derives the schema from the evaluated annotations.
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi
from pulumi.errors import InputPropertiesError, RunError
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from components import dynamo_stack
from components.base import PACKAGE
from components.dynamo_stack import DynamoStackArgs
from components.package_args import REGISTRY_PASSWORD, SECRETS, StackArgs, describe, stack_args
from wideep.errors import ConfigError
from wideep.named_file import read_named
from wideep.rules import Accepted, accept
from wideep.settings.image import Hidden
from wideep.settings.root import HfToken

__all__ = ["DynamoStack", "StackProvider", "read_arguments"]

Arguments = StackArgs if TYPE_CHECKING else stack_args()


class DynamoStack(dynamo_stack.DynamoStack):
    """Wide expert-parallel inference on NVIDIA Dynamo: platform, image, weights, graph. One in a Pulumi stack."""

    image_reference: pulumi.Output[str]
    """The image of all pods, by digest where it was built."""
    frontend_service: pulumi.Output[str]
    """Service of the OpenAI-compatible API."""
    frontend_port: pulumi.Output[int]
    """Port of that Service."""
    port_forward: pulumi.Output[str]
    """Command that makes the frontend reachable on this machine."""
    curl: pulumi.Output[str]
    """Command that asks the model, through the forwarded port."""

    def __init__(self, name: str, args: Arguments, opts: pulumi.ResourceOptions | None = None) -> None:
        settings = read_arguments(args)
        secrets = {key: pulumi.Output.secret(args[key]) for key in SECRETS if args.get(key) is not None}
        given = DynamoStackArgs(
            settings,
            hf_token=cast("pulumi.Output[str] | None", secrets.get("hfToken")),
            registry_password=cast("pulumi.Output[str] | None", secrets.get(REGISTRY_PASSWORD)),
        )
        super().__init__(name, given, opts)
        for attribute, key in OUTPUTS.items():
            setattr(self, attribute, pulumi.Output.from_input(self.outputs[key]))


OUTPUTS: Final[Mapping[str, str]] = {
    "image_reference": "image",
    "frontend_service": "frontendService",
    "frontend_port": "frontendPort",
    "port_forward": "portForward",
    "curl": "curl",
}
"""The key in ``outputs`` of each attribute that is an output of the component."""


def read_arguments(args: StackArgs) -> Accepted:
    """Read the settings from a program's arguments, without the secrets.

    Raise pulumi.RunError with all mistakes at once.
    """
    config = {key: _whole(value) for key, value in args.items() if value is not None and key not in SECRETS}
    if args.get("hfToken") is not None:
        config["hfToken"] = HfToken.SET
    image = config.get("image")
    if args.get(REGISTRY_PASSWORD) is not None and isinstance(image, dict):
        written = cast("dict[str, Any]", image)
        config["image"] = {**written, "registry": {**(written.get("registry") or {}), "password": Hidden.SET}}
    try:
        return accept(config, lambda path: read_named(Path(path)))
    except ConfigError as error:
        raise RunError(str(error)) from None


def _whole(value: object) -> object:
    """Convert whole numbers back to int: Pulumi sends them as floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _whole(item) for key, item in cast("dict[object, object]", value).items()}
    return [_whole(item) for item in cast("list[object]", value)] if isinstance(value, list) else value


class StackProvider(ComponentProvider):
    """Pulumi's component provider, with the settings' docstrings in its schema and without tracebacks for mistakes in a
    stack."""

    def __init__(self, version: str) -> None:
        super().__init__([DynamoStack], PACKAGE, version=version)
        schema = json.loads(self.schema or "{}")
        types = {token.rpartition(":")[2]: each["properties"] for token, each in schema["types"].items()}
        (component,) = schema["resources"].values()
        describe(types, component["inputProperties"])
        self.schema = json.dumps(schema)

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Create the component. Raise InputPropertiesError for a mistake that it reports: Pulumi shows that message
        unchanged."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            raise InputPropertiesError(str(error), []) if isinstance(error.inner, RunError) else error from None
