"""Reads the stack's config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import pulumi
import yaml

from wideep.errors import ConfigError, Problem
from wideep.named_file import read_named
from wideep.plan import Plan
from wideep.rules import Accepted, accept
from wideep.settings.secrets import secret_paths, with_secrets
from wideep.settings.texts import json_texts
from wideep_cluster.registry import Login

__all__ = ["hf_token", "read_settings", "registry_login", "registry_password"]

TOKEN: Final = "hfToken"  # noqa: S105 - the key's name
IMAGE: Final = "image"
PASSWORD: Final = ("registry", "password")
"""The path of the secret within ``image``."""
UNSET: Final = ("", "{}")
"""The default of each key in Pulumi.yaml. With a default, the engine does not itself refuse a missing key."""


def read_settings() -> Accepted:
    """Read the Settings of this stack.

    Raise pulumi.RunError, which the engine shows without a traceback, with all mistakes in the config.
    """
    config, written = _project_config(), _stack_file()
    clear = [*_token_in_clear(config), *_password_in_clear(config, written), *json_texts(written)]
    try:
        settings = accept(_marked(config, written), _read_text)
    except ConfigError as error:
        raise pulumi.RunError(str(ConfigError([*error.problems, *clear]))) from None
    if clear:
        raise pulumi.RunError(str(ConfigError(clear)))
    return settings


def hf_token() -> pulumi.Output[str] | None:
    """Return the Hugging Face token as a secret; None if it is not set. Nothing else reads its value."""
    return pulumi.Config().get_secret(TOKEN)


def registry_password() -> pulumi.Output[str]:
    """Return the password of the image's registry as a secret."""
    image: pulumi.Output[dict[str, Any]] = pulumi.Config().require_secret_object(IMAGE)
    return image.apply(lambda written: str(written["registry"]["password"]))


def registry_login(plan: Plan) -> Login | None:
    """Return the login of ``image.registry`` for the program's own requests to the registry; it goes into no resource.
    None if there is no registry, or if the password is not in the stack's config but an argument of another program."""
    registry, image = plan.image_source.registry, _project_config().get(IMAGE)
    if registry is None or image is None:
        return None
    return Login(registry.username, str(json.loads(image)["registry"]["password"]))


def _project_config() -> dict[str, str]:
    """Return the keys of this project that the stack sets, without the project's prefix. Unknown keys are included."""
    prefix = f"{pulumi.get_project()}:"
    everything: Mapping[str, str] = pulumi.runtime.get_config_env()
    own = {key.removeprefix(prefix): value for key, value in everything.items() if key.startswith(prefix)}
    return {key: value for key, value in own.items() if value not in UNSET}


def _marked(config: Mapping[str, str], written: Mapping[str, object]) -> dict[str, object]:
    """Return the config with ``{secure: …}`` in place of each secret, as in the stack's file, so that a secret under a
    wrong key is refused without being shown. The engine only tells which top-level keys contain a secret; the stack's
    file tells which part it is. Without a file the whole key counts as secret, except that of `image` only the password
    does."""
    found: dict[str, object] = dict(config)
    for key, value in config.items():
        if key == TOKEN or not pulumi.runtime.is_config_secret(f"{pulumi.get_project()}:{key}"):
            continue
        own = PASSWORD if key == IMAGE and _has_password(value) else ()
        found[key] = with_secrets(_decoded(value), list(secret_paths(written.get(key))) or [own])
    return found


def _decoded(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _stack_file() -> Mapping[str, object]:
    """Return the project's keys as written in the stack's file: the engine passes a JSON text and an object to the
    program in the same form. Empty if the file is elsewhere (``--config-file``) or cannot be read, although the engine
    could read it."""
    try:
        folder = Path(str(yaml.safe_load(read_named(Path("Pulumi.yaml"))).get("stackConfigDir") or "."))
        file = folder / f"Pulumi.{pulumi.get_stack().split('/')[-1]}.yaml"
        content: object = yaml.safe_load(read_named(file))["config"]
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    items = cast("dict[object, object]", content).items() if isinstance(content, dict) else ()
    own = (f"{pulumi.get_project()}:", f"{pulumi.get_project()}:config:")
    return {
        str(key).rpartition(":")[2]: value
        for key, value in items
        if str(key).rpartition(":")[1] == "" or str(key).startswith(own)
    }


def _token_in_clear(config: Mapping[str, str]) -> list[Problem]:
    if TOKEN not in config or pulumi.runtime.is_config_secret(f"{pulumi.get_project()}:{TOKEN}"):
        return []
    rule = "the token is in clear text in the stack's file: whoever reads the file has it, so revoke it"
    return [Problem(TOKEN, "[secret]", rule, "pulumi config set --secret hfToken hf_…")]


def _password_in_clear(config: Mapping[str, str], written: Mapping[str, object]) -> list[Problem]:
    """Return the problem of a password in clear text. The engine marks a whole object as secret if part of it is; the
    stack's file tells which part."""
    marked = list(secret_paths(written.get(IMAGE))) or [PASSWORD]
    secret = pulumi.runtime.is_config_secret(f"{pulumi.get_project()}:{IMAGE}") and any(
        PASSWORD[: len(path)] == path for path in marked
    )
    if secret or not _has_password(config.get(IMAGE, "")):
        return []
    rule = "the password is in clear text in the stack's file: whoever reads the file has it, so change it"
    fix = "pulumi config set --secret --path image.registry.password …"
    return [Problem("image.registry.password", "[secret]", rule, fix)]


def _has_password(image: str) -> bool:
    try:
        return bool(json.loads(image)["registry"]["password"])
    except (ValueError, TypeError, KeyError):
        return False  # another form of the key, which the settings refuse if it is wrong


def _read_text(path: str) -> str:
    """Read a file that the config names, relative to the project: the engine runs the program there."""
    return read_named(Path(path))
