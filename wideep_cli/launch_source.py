"""Launch commands from what the user names: a quoted command, or a file of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from wideep.launch.words import MOST_CHARACTERS, LaunchCommand, UnreadCommandError, launch_commands
from wideep.named_file import read_named
from wideep.settings.layout import Role
from wideep_cli.errors import CallError
from wideep_cli.stack_file import documents

__all__ = ["EXAMPLE_COMMAND", "commands_in", "commands_of_file", "one_for_each_role"]

EXAMPLE_COMMAND: Final = "python3 -m sglang.launch_server …"
TRTLLM_WORDS: Final = re.compile(r"trtllm|tensorrt|kv_cache_config|moe_expert_parallel_size|enable_attention_dp", re.I)
TRTLLM: Final = (
    "TensorRT-LLM's commands and options are not read: start from layout: trtllm-36gpu, or set the key of each option "
    "(docs/bring-your-own.md)."
)
MOST_VALUES: Final = 50_000
"""The most YAML values that are read, with every alias expanded."""


def commands_in(text: str) -> tuple[LaunchCommand, ...]:
    """Return the launch commands in a text.

    Raises:
        CallError: the text holds no command, or cannot be split into shell words.
    """
    try:
        return launch_commands(text, _documents(text))
    except UnreadCommandError as error:
        raise CallError(str(error), _fix(str(error), text)) from error


def commands_of_file(path: Path) -> tuple[LaunchCommand, ...]:
    """Return the launch commands in a file.

    Raises:
        CallError: the file cannot be read, or holds no command.
    """
    try:
        return commands_in(read_named(path, MOST_CHARACTERS))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CallError(f"{path} cannot be read: {reason}.", "Name a script with launch commands.") from error


def _fix(error: str, text: str) -> str:
    if TRTLLM_WORDS.search(text):
        return TRTLLM
    return "Close the quote." if "quotation" in error else f"For example: '{EXAMPLE_COMMAND}'"


def one_for_each_role(commands: Sequence[LaunchCommand]) -> Mapping[Role, LaunchCommand]:
    """Return the first command of each role. A command without a role counts for every role that has none of its own.

    Raises:
        CallError: a role has no command.
    """
    found = {
        role: next((each for said in (role, None) for each in commands if each.role is said), None) for role in Role
    }
    missing = [str(role) for role, command in found.items() if command is None]
    if missing:
        raise CallError(
            f"No command for {' and '.join(missing)}: the stack runs prefill and decode separately.",
            "Give both, in one --file or as --prefill 'COMMAND' --decode 'COMMAND'.",
        )
    one = len({id(command) for command in found.values()}) == 1
    return {role: command if one else replace(command, role=role) for role, command in found.items() if command}


def _documents(text: str) -> Iterator[object]:
    """Yield the YAML documents in a text; nothing if the text is not YAML."""
    with suppress(yaml.YAMLError, RecursionError):
        yield from documents(text, MOST_VALUES)
