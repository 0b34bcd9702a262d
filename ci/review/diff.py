"""A preview as text that is the same for the same change, whatever the time, the machine and the order of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import yaml
from pydantic import JsonValue

from ci.review.events import Op, Preview, Step
from wideep_cli.plan.changes import Change, changes
from wideep_cli.secret_mark import SIGNATURE

__all__ = ["counts", "diff_text", "step_title"]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's placeholder for a string that is known only after the update (sdk/go/common/resource/plugin)."""
KNOWN_LATER = "[known after up]"
OWN = ("__provider", "__defaults", "revision", "templates")
"""Inputs that are left out: those that Pulumi's SDK adds, and those that tell the wait for the graph that something has
changed (the graph's uid, and digests of what the graph's own lines say)."""
VERBS = {Op.CREATE: "created", Op.UPDATE: "updated", Op.REPLACE: "replaced", Op.DELETE: "deleted"}
NOTHING = "No change."


def counts(preview: Preview) -> str:
    """Return the number of resources by operation, without components, as in ``2 updated, 1 replaced``."""
    found = Counter(step.op for step in preview.steps)
    return ", ".join(f"{found[op]} {verb}" for op, verb in VERBS.items() if found[op]) or NOTHING


def diff_text(preview: Preview) -> str:
    """Return all steps, each with what it writes or changes, and the counts as the last line."""
    lines = [line for step in preview.steps for line in (*_lines(step), "")]
    return "\n".join([*lines, counts(preview)]) + "\n"


def step_title(step: Step) -> str:
    """Return path and kind of the resource, as in ``graph/graph-graph (DynamoGraphDeployment)``."""
    lock = ", protected" if step.protected else ""
    return f"{'/'.join(step.path)} ({step.kind}{lock})"


def _lines(step: Step) -> Iterator[str]:
    yield f"{step.op} {step_title(step)}"
    if step.op is Op.REPLACE:
        yield f"    replaced, because it cannot change in place: {', '.join(step.reasons) or 'the provider says so'}"
    match step.op:
        case Op.CREATE:
            yield from (f"    {line}" for line in _written(step).splitlines())
        case Op.UPDATE | Op.REPLACE:
            yield from (f"    {change}" for change in _changed(step))
        case Op.DELETE:
            yield "    deleted from the cluster"


def _written(step: Step) -> str:
    """Return the inputs as YAML. For a Release only those that are set, because the provider fills in all of Helm's
    options."""
    inputs = _readable({key: value for key, value in step.after.items() if key not in OWN})
    if step.kind == "Release" and isinstance(inputs, dict):
        inputs = {key: value for key, value in inputs.items() if value}
    return yaml.dump(inputs, Dumper=_Dumper, width=116, allow_unicode=True, default_flow_style=None)


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that writes multi-line strings, such as scripts, as blocks."""


def _text(_dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _readable(value: JsonValue) -> JsonValue:
    match value:
        case dict() if SIGNATURE in value:
            return "[secret]"
        case dict():
            return {key: _readable(item) for key, item in sorted(value.items())}
        case list():
            return [_readable(item) for item in value]
        case str() if UNKNOWN in value:
            return value.replace(UNKNOWN, KNOWN_LATER)
        case _:
            return value


def _changed(step: Step) -> Iterator[Change | str]:
    """Yield each input that differs. A path that only the provider names is a secret, or not an input."""
    found = list(changes(_keyed(_own(step.before)), _keyed(_own(step.after)), ""))
    yield from found
    for path in step.changed:
        if _first(path) not in OWN and not any(_related(path, change.path) for change in found):
            yield f"{path}: changed ({'[secret]' if _is_secret(step, path) else 'as the cluster has it'})"


def _own(inputs: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in inputs.items() if key not in OWN}


def _related(path: str, found: str) -> bool:
    """Tell whether both paths begin with the same key, whatever their notation (`spec.services…`,
    `spec["services"]`)."""
    return _first(path) == found.split(".")[0].split(" ")[0]


def _first(path: str) -> str:
    return path.replace("[", ".").split(".")[0]


def _is_secret(step: Step, path: str) -> bool:
    first = path.replace("[", ".").split(".")[0]
    return "[secret]" in str(_readable(step.after.get(first, step.before.get(first))))


def _keyed(value: JsonValue) -> JsonValue:
    """Return the value with lists of arguments as mappings, so that each flag is compared with itself."""
    match _readable(value):
        case dict() as mapping:
            return {key: _keyed(item) for key, item in mapping.items()}
        case list() as items if _are_arguments(items):
            return dict(_flags([str(item) for item in items]))
        case list() as items:
            return [_keyed(item) for item in items]
        case other:
            return other


def _are_arguments(items: Sequence[JsonValue]) -> bool:
    return all(isinstance(item, str) for item in items) and any(str(item).startswith("--") for item in items)


def _flags(arguments: Sequence[str]) -> Iterator[tuple[str, JsonValue]]:
    """Yield each flag with the words that follow it."""
    flag, words = "", list[str]()
    for argument in [*arguments, "--"]:
        if argument.startswith("--"):
            if flag or words:
                yield flag or "arguments", " ".join(words) or "set"
            flag, words = argument, []
        else:
            words.append(argument)
