"""The parts of a plan to paste elsewhere: one role's command, and the graph's manifest."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Final

import yaml

from wideep.engines import engine_of
from wideep.engines.base import CONFIG_PATH
from wideep.masking import masked
from wideep.settings.layout import Role
from wideep_cli.errors import CallError
from wideep_cli.options import OutputFormat
from wideep_cli.stack_context import StackContext

__all__ = ["command_text", "manifest_text"]

END: Final = "END-OF-FILE"


def command_text(loaded: StackContext, role: str, output: OutputFormat) -> str:
    """Return the engine's command of a role for a shell, one flag on each line, after the files that it reads; as JSON,
    its words. It lacks what the operator appends for a worker with several pods.

    Raises:
        CallError: there is no such role.
    """
    if role not in list(Role):
        raise CallError(f"--args {role}: a stack has the roles prefill and decode.", "Name one of them.")
    settings, args = loaded.settings, loaded.plan.roles[Role(role)].args
    engine, layout = engine_of(settings), settings.layout.roles[Role(role)]
    env = {**engine.env(Role(role), layout, settings.hardware), **settings.workers.env, **layout.env}
    configs = (config for config in loaded.plan.engine_configs if config.role is Role(role))
    files = {f"{CONFIG_PATH}/{name}": text for config in configs for name, text in config.files.items()}
    if output is OutputFormat.JSON:
        body = {"env": env, "command": [*engine.command, *args], "files": files}
        return json.dumps(body, indent=2, ensure_ascii=False)
    variables = [f"{name}={shlex.quote(value)}" for name, value in env.items()]
    lines = [*variables, shlex.join(engine.command), *(f"  {shlex.join(flag)}" for flag in _flags(args))]
    return masked("".join(_written(*file) for file in files.items()) + " \\\n".join(lines))


def _written(path: str, text: str) -> str:
    """Return shell commands that write a file."""
    folder = shlex.quote(path.rpartition("/")[0])
    return f"mkdir -p {folder}\ncat >{shlex.quote(path)} <<'{END}'\n{text.rstrip()}\n{END}\n"


def _flags(args: Sequence[str]) -> list[list[str]]:
    """Return each flag as a list with its values."""
    flags: list[list[str]] = []
    for word in args:
        if word.startswith("--") or not flags:
            flags.append([])
        flags[-1].append(word)
    return flags


def manifest_text(loaded: StackContext, output: OutputFormat) -> str:
    """Return the DynamoGraphDeployment as YAML or JSON. It contains only the names of Secrets."""
    manifest = loaded.plan.graph.manifest()
    if output is OutputFormat.JSON:
        return masked(json.dumps(manifest, indent=2, ensure_ascii=False))
    return masked(yaml.safe_dump(manifest, sort_keys=False, width=120, allow_unicode=True))
