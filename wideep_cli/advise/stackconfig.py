"""A predicted layout as stack config, to paste or as a stack file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from wideep.named_file import is_there, read_named
from wideep.settings.backend import Backend
from wideep.settings.layout import Role
from wideep.text import shown_rate
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.question import Question
from wideep_cli.advise.words import asked_hardware, asked_traffic
from wideep_cli.errors import CallError, writing
from wideep_cli.stack_context import load
from wideep_cli.stack_file import StackFile, config_yaml, find_project, project_of, read_stack_file

__all__ = ["pasted", "write_stack"]

BASE: Final = "Pulumi.prod.yaml"
MARK: Final = "# Written by wideep advise."
"""The start of the first line of a file that may be overwritten."""

Object = dict[str, object]


def pasted(question: Question, found: Prediction) -> str:
    """Return the keys that the advice sets, as they appear under ``config:``, in lines short enough for a terminal."""
    return config_yaml(_advised(question, found), find_project(Path.cwd()).name, width=72)


def write_stack(question: Question, found: Prediction, path: Path) -> tuple[str, ...]:
    """Write a stack file with the advice's keys; all others come from the named stack, or from Pulumi.prod.yaml.

    Return the keys whose secrets have to be set again: only the stack that they are encrypted for can read them.

    Raises:
        CallError: the advice has GPUs for each role, the file exists and is not from wideep advise, the file cannot be
            written, or there is no stack to take the other keys from.
        ConfigError: the stack would break a rule, for example because the model cache is too small for the model.
    """
    if question.mixed:
        raise CallError("A stack has one pool of GPUs, and this advice has one for each role.", "Leave out --write.")
    if is_there(path) and not _is_advice(path):
        raise CallError(f"{path} exists, and wideep advise has not written it.", "Name another file, or remove it.")
    project = project_of(path)
    source = question.source or _base(project.stack_folder)
    secret = tuple(key for key, value in source.config.items() if _is_secret(value) or key == "hfToken")
    others = {key: value for key, value in source.config.items() if key not in secret}
    config = {**others, **_advised(question, found)}
    load(StackFile(path, {**config, **({"hfToken": {"secure": "set again"}} if "hfToken" in secret else {})}))
    rate = shown_rate(found.tokens_per_second_per_gpu)
    lines = [
        f"{MARK} {asked_traffic(question.traffic)}: {rate} tokens/s per GPU predicted",
        f"# on {asked_hardware(question)}. All but model, hardware, layout and traffic is as in {source.path.name}.",
        "config:",
        *(f"  {line}" if line else line for line in config_yaml(config, project.name).splitlines()),
    ]
    with writing(path):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return secret or ("hfToken",) * ("hfTokenSecret" not in config)


def _is_advice(path: Path) -> bool:
    try:
        return read_named(path).startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False


def _advised(question: Question, found: Prediction) -> Object:
    same = question.source and question.stack and question.stack.model == question.model
    own = question.source.config.get("model") if question.source and same else None
    hardware = question.hardware[Role.PREFILL]
    runs = question.stack.backend if question.stack else Backend.SGLANG
    backend = {} if question.backend is runs else {"backend": str(question.backend)}
    return {
        "model": own or question.model.name,
        **backend,
        "hardware": hardware.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "layout": {
            str(name): role.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            for name, role in found.layout.roles.items()
        },
        "traffic": question.traffic.model_dump(mode="json"),
    }


def _base(folder: Path) -> StackFile:
    path = folder / BASE
    if not is_there(path):
        raise CallError(
            f"There is no {BASE} in {folder} to take image, model cache and namespace from.",
            "Name a stack that has them: --stack NAME or --file Pulumi.NAME.yaml",
        )
    return read_stack_file(path)


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and list(cast("Mapping[str, object]", value)) == ["secure"]
