"""Rules of ``platform``: which values its charts accept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from pydantic.alias_generators import to_camel

from wideep.dynamo import release_of
from wideep.dynamo.chart import at
from wideep.dynamo.releases import ROWS, nearest, row_of
from wideep.errors import Problem
from wideep.settings.formatting import join_path, redact
from wideep.settings.platform import Grove, Platform
from wideep.settings.root import Settings

__all__ = ["platform_problems"]

SECRET: Final = re.compile(
    r"passw(or)?d|passphrase|^pass$|token|(secret|api|access|private)[-_]?key|^key$|credentials", re.IGNORECASE
)
"""Names of values that hold a secret, unless they name where one is (``existingSecret…``, ``…SecretName``)."""
NO_SECRET: Final = frozenset({"operator", "effect", "values", "name", "topologyKey"})
"""Keys that stand beside ``key`` when it is the key of a label, of a taint or within a Secret."""


def platform_problems(settings: Settings) -> list[Problem]:
    """Return all broken rules of ``platform``."""
    alone = (_version(settings), _grove(settings))
    return [
        *(problem for problem in alone if problem),
        *_contradictions(settings),
        *_secrets(settings.platform.values),
        *_stores(settings.platform),
        *_stores_of_the_release(settings),
        *_removed_values(settings),
    ]


def _version(settings: Settings) -> Problem | None:
    """Refuse an unknown release: its charts may have other values, or may not exist."""
    version = settings.platform.version
    if row_of(version) is not None:
        return None
    known = sorted({row.minor for row in ROWS})
    (first, last) = (f"{major}.{minor}" for major, minor in (known[0], known[-1]))
    rule = f"its charts, operator and images are unknown; the known releases are {first} to {last}"
    return Problem("platform.version", version, rule, f"set version: {nearest(version).version}")


def _grove(settings: Settings) -> Problem | None:
    """Refuse to switch off Grove when a worker has several pods: the operator then needs Grove (or LeaderWorkerSet and
    Volcano)."""
    path = release_of(settings).grove_switch
    off = at(settings.platform.values, path) is False
    wide = [name for name, role in settings.layout.roles.items() if role.nodes > 1]
    if not off or not wide or not settings.platform.install or settings.platform.grove is Grove.EXISTING:
        return None
    rule = f"workers of several pods ({', '.join(wide)}) are started by Grove"
    return Problem(
        join_path(("platform", "values", *path)), "false", rule, "remove it, or set platform.grove: existing"
    )


def _contradictions(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each value of the chart that a key of the stack and ``platform.values`` set differently."""
    for value, path, other in release_of(settings).contradicted(settings):
        there = join_path(("platform", "values", *path))
        rule = f"{there} is {redact(other)}, and both set the same value of the chart"
        yield Problem(value.key, redact(value.value), rule, f"remove {value.key} or {there}")


def _secrets(values: object, above: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Yield a problem for each secret in ``values``, which are in clear text in the plan, the state and the release."""
    if isinstance(values, list):
        for number, value in enumerate(cast("list[object]", values)):
            yield from _secrets(value, (*above, str(number)))
    if not isinstance(values, dict):
        return
    written = cast("dict[str, object]", values)
    for key, value in written.items():
        if isinstance(value, str) and value and _holds_secret(key, written):
            rule = "chart values are in clear text in the plan, the state and the release"
            fix = "make a Secret, and write the value that names it (existingSecretName, …)"
            yield Problem(join_path(("platform", "values", *above, key)), "[secret]", rule, fix)
        yield from _secrets(value, (*above, key))


def _holds_secret(key: str, beside: Mapping[str, object]) -> bool:
    """Tell whether a key holds a secret, judged by its name; an environment variable's ``value`` is judged by the
    variable's name."""
    if key == "value":
        return bool(SECRET.search(str(beside.get("name", ""))))
    if key.lower().startswith("existing") or key.lower().endswith("name") or (key == "key" and NO_SECRET & set(beside)):
        return False
    return SECRET.search(key) is not None


def _stores_of_the_release(settings: Settings) -> Iterator[Problem]:
    """Yield problems of etcd and NATS: up to 0.9 nothing works without them, and later releases install them only on
    request."""
    platform, release = settings.platform, release_of(settings)
    there = release.stores(settings)
    for name, store in (("etcd", platform.etcd), ("nats", platform.nats)):
        usual = getattr(release.row, name)
        if usual == "needed" and store.install is not None:
            rule = f"{release.title} does not work without it, and its chart always installs it"
            yield Problem(f"platform.{name}.install", str(store.install).lower(), rule, "remove it")
        idle = sorted(to_camel(key) for key in store.model_fields_set - {"install"})
        if idle and name not in there and platform.install:
            rule = f"{release.title} does not use {name}, so {', '.join(idle)} does nothing"
            yield Problem(f"platform.{name}", "", rule, f"remove it, or write platform.{name}.install: true")


def _removed_values(settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each value that the chart no longer has, for which it fails or ignores what was meant."""
    release = release_of(settings)
    for path, instead in release.removed_values(settings):
        rule = f"the chart of {release.title} no longer has such a value"
        yield Problem(join_path(("platform", "values", *path)), "", rule, instead)


def _stores(platform: Platform) -> Iterator[Problem]:
    """Yield problems of the stores' replicas and volumes. Both stores need a majority: an even number of replicas
    survives no more losses than one replica fewer."""
    for name, store in (("etcd", platform.etcd), ("nats", platform.nats)):
        replicas = store.replicas
        if replicas is not None and replicas % 2 == 0:
            lost = (replicas - 1) // 2
            rule = f"more than half of them must run, so {replicas} survive the loss of {lost}, as {replicas - 1} do"
            yield Problem(f"platform.{name}.replicas", str(replicas), rule, f"set {replicas - 1} or {replicas + 1}")
        for key, value in (("size", store.size), ("storageClass", store.storage_class)):
            if value is not None and store.persistence is False:
                rule = f"platform.{name}.persistence is false, so there is no volume"
                yield Problem(f"platform.{name}.{key}", value, rule, "remove it, or set persistence: true")
