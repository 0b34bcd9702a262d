"""Conversion of one launch command per role to a stack config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from wideep.catalog.models import MODELS
from wideep.catalog.unknown import uncounted_model
from wideep.dynamo import release_of
from wideep.dynamo.releases import newest_tried
from wideep.engines import engine
from wideep.engines.base import Engine
from wideep.errors import ConfigError
from wideep.launch.role import Fate, RoleImport, import_role, value_of, without
from wideep.launch.words import LaunchCommand, UnreadCommandError
from wideep.memory.weights import model_bytes
from wideep.rules.cache import volume_size
from wideep.rules.hardware import nodes_needed
from wideep.settings import Settings, parse
from wideep.settings.backend import Backend
from wideep.settings.layout import Role
from wideep.settings.reading import ReadText

__all__ = ["ImportedStack", "Site", "import_stack"]

Roles = Mapping[Role, RoleImport]
MANY_NODES: Final = 4096
"""The maximum number of nodes, used until the layout's own number is known."""


SIZES: Final = ("replicas", "nodes", "gpusPerNode", "tp", "dp", "ep")
"""Keys of a role without which there is no layout."""


@dataclass(frozen=True)
class Site:
    """Settings that launch commands do not contain."""

    gpu: str
    gpus_per_node: int
    interconnect: str
    namespace: str
    model: str | None
    """A name in the catalog, or the path of a config.json. None: the commands name the model."""


@dataclass(frozen=True)
class ImportedStack:
    """A stack config, and what happened to each flag."""

    config: Mapping[str, object]
    fates: Mapping[Role, tuple[Fate, ...]]
    engine: str
    """The engine with its version: ``SGLang 0.5.21``."""
    one_for_both: bool
    """Whether one command serves prefill and decode, so that both roles are derived from it."""


def import_stack(commands: Mapping[Role, LaunchCommand], site: Site, read_text: ReadText | None) -> ImportedStack:
    """Return the stack of two commands, which may be the same.

    Raises UnreadCommandError for commands of two engines, of no known model, or with a value that cannot be read, and
    ConfigError if their values do not form a valid stack config.
    """
    backends = {command.backend for command in commands.values()}
    if len(backends) > 1:
        raise UnreadCommandError("The commands start two engines, and a stack runs one: give both roles the same.")
    (backend,) = backends
    runs = engine(backend, newest_tried().engines[backend.value])
    survives = release_of().survives_shell
    roles = {role: import_role(runs, role, command, site.gpus_per_node, survives) for role, command in commands.items()}
    model = _model(commands, site, runs)
    roles = _accepted(roles, lambda roles: _parsed(_config(roles, model, site, backend), read_text))
    config = _config(roles, model, site, backend)
    settings = _parsed(config, read_text)
    nodes = nodes_needed(settings.layout.roles.values(), site.gpus_per_node)
    hardware = {**cast("dict[str, object]", config["hardware"]), "nodes": nodes}
    size = volume_size(settings.model.disk_bytes or model_bytes(settings.model))
    cache = {**cast("dict[str, object]", config["modelCache"]), "size": size}
    whole = {**config, "hardware": hardware, "modelCache": cache}
    fates = {role: found.fates for role, found in roles.items()}
    return ImportedStack(whole, fates, runs.release, any(each.role is None for each in commands.values()))


def _parsed(config: Mapping[str, object], read_text: ReadText | None) -> Settings:
    return parse({**config, "hfToken": {"secure": "later"}}, read_text)


def _accepted(roles: Roles, parsed: Callable[[Roles], Settings]) -> Roles:
    """Return the roles without flags whose values a stack refuses, so that the rest remains usable."""
    try:
        parsed(roles)
    except ConfigError as error:
        refused = {problem.key: " – ".join(filter(None, (problem.rule, problem.fix))) for problem in error.problems}
        if any(key.startswith("layout.") and key.rpartition(".")[2] in SIZES for key in refused):
            raise
        return {role: without(found, role, refused) for role, found in roles.items()}
    return roles


def _config(roles: Mapping[Role, RoleImport], model: object, site: Site, backend: Backend) -> dict[str, object]:
    shared = {path: value for found in roles.values() for path, value in found.stack.items()}
    below: dict[str, dict[str, object]] = {"workers": {}, "modelCache": {"size": f"{MANY_NODES}Ti"}}
    for path, value in shared.items():
        first, _, rest = path.partition(".")
        below[first][rest] = value
    return {
        "namespace": site.namespace,
        "model": model,
        "hardware": {
            "gpu": site.gpu,
            "nodes": MANY_NODES,
            "gpusPerNode": site.gpus_per_node,
            "interconnect": site.interconnect,
        },
        **({} if backend is Backend.SGLANG else {"backend": str(backend)}),
        "layout": {str(role): dict(roles[role].keys) for role in Role},
        "modelCache": below["modelCache"],
        **({"workers": below["workers"]} if below["workers"] else {}),
    }


def _model(commands: Mapping[Role, LaunchCommand], site: Site, runs: Engine) -> object:
    """Return the catalog's name of the model in one of the commands, or the model that the caller specified."""
    named = list(_named(commands, runs))
    if site.model:
        if not site.model.endswith(".json"):
            return site.model
        repository = next((name for name in named if name.count("/") == 1 and not name.startswith(("/", "."))), None)
        return {"config": site.model, **({"name": repository} if repository else {})}
    known = {name.lower(): name for name in MODELS}
    found = next((known[name.lower()] for name in named if name.lower() in known), None)
    uncounted = next(filter(None, map(uncounted_model, named)), None) if found is None else None
    if uncounted:
        raise UnreadCommandError(f"The command's model is {uncounted[0]}: {uncounted[1]}.")
    if found is None:
        raise UnreadCommandError(
            f"The command names no model of the catalog ({', '.join(named) or 'it names none'}). "
            f"Name one of `wideep models` with --model{_meant(named)}, or the path of the model's config.json."
        )
    return found


def _meant(named: Iterable[str]) -> str:
    """Return a hint at a catalog model named like the last part of a path in the command; empty if none is."""
    last = {name.rstrip("/").rpartition("/")[2].lower() for name in named}
    meant = next((name for name in MODELS if name.rpartition("/")[2].lower() in last), None)
    return f" (--model {meant}?)" if meant else ""


def _named(commands: Mapping[Role, LaunchCommand], runs: Engine) -> dict[str, None]:
    """Return the model names in the commands, the most reliable first."""
    given = [each for command in commands.values() for each in runs.flags.read(command.words)]
    flags = (runs.name_flag, runs.weights_flag)
    said = [value_of(each) for flag in flags for each in given if each.flag and flag in each.flag.names]
    alone = [command.model for command in commands.values() if command.model]
    return dict.fromkeys([*said, *alone])
