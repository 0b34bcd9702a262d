"""Check of an ``eplb.initialExpertLocation`` file against the model and the role, before an engine reads it at startup.

The format is SGLang's (``srt/eplb/expert_location.py``): recorded counts are [layers][E], optionally repeated for each
recorded step; a map is [layers][E + R]. Layers include the model's dense ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, cast

from wideep.settings.layout import RoleLayout
from wideep.settings.model import ModelShape

__all__ = ["location_faults"]

COUNTS: Final = "logical_count"
MAP: Final = "physical_to_logical_map"
OF_THE_MODEL: Final = "use a file that was made with the stack's model"


def location_faults(text: str, model: ModelShape, role: RoleLayout) -> Iterator[tuple[str, str]]:
    """Yield each reason why the engine would not start with this file, with its fix; nothing if the file fits."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        yield "is not JSON", f"write an object with {COUNTS} or {MAP}"
        return
    data = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    if MAP in data:
        yield from _map_faults(data[MAP], model, role)
    elif COUNTS in data:
        steps = _lists(data[COUNTS])
        one = steps[0] if steps and _rows(steps[0]) else data[COUNTS]
        yield from _size_faults(one, COUNTS, model, model.experts, f"{model.experts} experts")
    else:
        yield f"has neither {COUNTS} nor {MAP}", "record it with `wideep eplb record`"


def _map_faults(value: object, model: ModelShape, role: RoleLayout) -> Iterator[tuple[str, str]]:
    slots = model.experts + role.redundant_experts
    name = f"{slots} slots ({model.experts} experts + {role.redundant_experts} redundant)"
    faults = list(_size_faults(value, MAP, model, slots, name))
    yield from faults
    for layer, row in enumerate(() if faults else _rows(value)):
        missing = set(range(model.experts)) - set(row)
        if missing or len(set(row)) > model.experts:
            what = f"no slot for expert {min(missing)}" if missing else f"experts other than 0 to {model.experts - 1}"
            yield f"{MAP} has {what} in layer {layer}", "give each expert of each layer at least one slot"
            return


def _size_faults(value: object, name: str, model: ModelShape, width: int, wanted: str) -> Iterator[tuple[str, str]]:
    rows = _rows(value)
    if not rows:
        yield (
            f"{name} is not a list of layers with a whole number for each entry",
            "record it with `wideep eplb record`",
        )
    elif len(rows) != model.layers:
        every = f"{model.layers} ({model.dense_layers} of them dense)"
        yield f"{name} has {len(rows)} layers, and {model.name} has {every}", OF_THE_MODEL
    elif other := next((row for row in rows if len(row) != width), None):
        redundant = len(other) - model.experts
        resized = f"set redundantExperts: {redundant}, or write another map"
        fix = resized if name == MAP and redundant >= 0 else OF_THE_MODEL
        yield f"{name} has {len(other)} entries in a layer, and the layout has {wanted}", fix


def _rows(value: object) -> list[list[int]]:
    """Return the rows of a table of non-negative whole numbers; empty if the value is anything else."""
    rows = _lists(value)
    return cast("list[list[int]]", rows) if all(_whole(row) for row in rows) else []


def _lists(value: object) -> list[list[object]]:
    """Return the inner lists of a list; empty if it holds anything else or an empty list."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    lists = [cast("list[object]", each) for each in items if isinstance(each, list) and each]
    return lists if len(lists) == len(items) else []


def _whole(row: list[object]) -> bool:
    return all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in row)
