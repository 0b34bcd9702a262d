"""Lines about what a stack takes, for ``wideep plan`` and for a pull request's comment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wideep.plan.takes import REVISIONS, Takes, takes
from wideep.price import money
from wideep.rules.updates import Update
from wideep.text import duration
from wideep_cli.layouts.served import TRAFFICS, served
from wideep_cli.stack_context import StackContext

__all__ = ["cost_facts", "takes_lines", "takes_object"]

UPDATES: Final = {
    Update.OUTAGE: "an outage while the model loads: no node has room for a new worker beside the old one",
    Update.IN_TURN: "one worker after the other restarts, the others serve",
    Update.RESTART: "an outage while the model loads: Grove deletes the pods of a role's only worker first",
    Update.BESIDE: "a new worker starts on free GPUs before the old one ends",
}
RECORDED: Final = f"at {TRAFFICS[0].isl} tokens in and {TRAFFICS[0].osl} out"
"""The traffic of the recorded figures that are shown."""


def takes_lines(loaded: StackContext, rate: float | None = None) -> list[tuple[str, str]]:
    """Return what the stack takes as labelled lines. ``rate`` is the output tokens/s per GPU predicted for the stack's
    own traffic; with None, the figure recorded for its preset is used."""
    found = takes(loaded.settings, loaded.plan)
    return [
        ("GPUs", _gpus(loaded, found)),
        ("image", _image(found)),
        ("download", _download(found)),
        ("load", _load(found)),
        ("volume", _volume(loaded, found)),
        ("creates", _creates(loaded, found)),
        *_updates(found),
        *_cost(loaded, found, rate),
    ]


def takes_object(loaded: StackContext, rate: float | None = None) -> dict[str, object]:
    """Return what the stack takes for JSON. ``price_per_million_tokens`` is None without a price or a prediction."""
    found = takes(loaded.settings, loaded.plan)
    _, per_million = _priced(loaded, found, rate)
    return {
        **found.model_dump(mode="json"),
        "price_per_million_tokens": None if per_million is None else round(per_million, 4),
    }


def cost_facts(loaded: StackContext) -> dict[str, str]:
    """Return the stack's costs by name, for a table; empty if the stack states no price."""
    found = takes(loaded.settings, loaded.plan)
    if found.price_per_hour is None:
        return {}
    _, per_million = _priced(loaded, found, None)
    facts = {"cost an hour": money(found.price_per_hour)}
    return {**facts, f"cost per million output tokens, {RECORDED}": money(per_million)} if per_million else facts


def _creates(loaded: StackContext, found: Takes) -> str:
    made = ", ".join(_counted(kind, count) for kind, count in found.objects.items())
    return made if loaded.plan.burnin is None else f"{made}; a Job on each free GPU node while the burn-in measures"


def _counted(kind: str, count: int) -> str:
    plural = kind if count == 1 else f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{count} {plural}"


def _gpus(loaded: StackContext, found: Takes) -> str:
    nodes = "1 node" if found.nodes == 1 else f"{found.nodes} nodes"
    idle = found.gpus_reserved - found.gpus
    more = f"; {idle} more of hardware stay free" if idle else ""
    return f"{found.gpus} × {loaded.settings.hardware.gpu} on {nodes}, {found.pods} pods with the frontends{more}"


def _image(found: Takes) -> str:
    image = found.image
    if image.build_minutes is None:
        return f"pulled by each node; `pulumi up` allows for some {image.gigabytes:.0f} GB"
    least, most = image.build_minutes
    return f"built and pushed once, {least} to {most} min without a cache, some {image.gigabytes:.0f} GB"


def _download(found: Takes) -> str:
    if not found.download:
        return "none: the weights are there already"
    deadline = found.download_deadline_seconds
    ends = f"; given up after {duration(deadline)}" if deadline else ", by each node"
    return f"{found.weights_gb:,.1f} GB, at best {_by_link(found)}{ends}"


def _load(found: Takes) -> str:
    return (
        f"a pod reads up to {found.weights_gb:,.1f} GB, at best {_by_link(found)}, then compiles and captures; "
        f"`pulumi up` waits {duration(found.start_deadline_seconds)} for the graph"
    )


def _by_link(found: Takes) -> str:
    first, *others = found.transfer_seconds.items()
    told = [f"{duration(first[1])} at {first[0]} Gbit/s", *(f"{duration(each)} at {link}" for link, each in others)]
    return ", ".join(told)


def _volume(loaded: StackContext, found: Takes) -> str:
    cache = loaded.plan.cache
    if found.volume_gb is None:
        return f"each node's {cache.host_path}" if cache.host_path else f"the claim {cache.claim}, which is there"
    room = found.volume_gb >= found.two_revisions_gb
    second = "room" if room else "no room"
    return (
        f"{cache.size} ({found.volume_gb:,.1f} GB), {cache.access_mode}: {second} for {REVISIONS} revisions that share "
        f"no file ({found.two_revisions_gb:,.1f} GB)"
    )


def _updates(found: Takes) -> Iterator[tuple[str, str]]:
    ways = found.updates
    if len(set(ways.values())) == 1:
        yield "update", UPDATES[next(iter(ways.values()))]
        return
    yield from ((f"update of {role}", UPDATES[way]) for role, way in ways.items())


def _cost(loaded: StackContext, found: Takes, rate: float | None) -> Iterator[tuple[str, str]]:
    if found.price_per_hour is None:
        return
    each = loaded.settings.hardware.price_per_gpu_hour
    yield "cost", f"{money(found.price_per_hour)} an hour: {found.gpus_reserved} GPUs at {each:g}"
    per_gpu, per_million = _priced(loaded, found, rate)
    if per_gpu and per_million:
        of = "for the stack's traffic" if rate else RECORDED
        yield "", f"{money(per_million)} per million output tokens, at {per_gpu:.0f} tokens/s per GPU predicted {of}"


def _priced(loaded: StackContext, found: Takes, rate: float | None) -> tuple[float | None, float | None]:
    """Return the predicted or recorded tokens/s per GPU and the price of a million tokens; None for what is not
    known."""
    per_gpu = rate or _recorded(loaded)
    return per_gpu, found.price_per_million_tokens(per_gpu) if per_gpu else None


def _recorded(loaded: StackContext) -> float | None:
    """Return the tokens/s per GPU recorded for the stack's preset with the first recorded traffic; None if unknown."""
    from wideep.catalog.layouts import layout_of
    from wideep.settings.backend import Backend

    settings = loaded.settings
    preset = settings.layout.preset
    if preset is None or settings.backend is not Backend.SGLANG or settings.layout != layout_of(preset):
        return None
    known = served(preset, settings.model, settings.hardware.gpu)
    return known[0].tokens_per_second_per_gpu if known else None
