"""What an upgrade from one release of Dynamo to another does, and which upgrades are possible.

Dynamo documents updates within a minor and to the adjacent minor, upwards and downwards (deprecations page of 1.6). No
such page was found for the releases before 1.0: any update between them is allowed, and only 0.9 can be updated to 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from wideep.dynamo.releases import ROWS, ReleaseRow, nearest, sort_key

__all__ = ["Consequence", "Fate", "Kind", "Upgrade", "short_way", "upgrade"]

Kind = Literal["same", "update", "downgrade", "jump"]
"""The same version; an update that is allowed; a downgrade; a step larger than Dynamo documents."""
Fate = Literal["kept", "restarted", "replaced"]
"""What happens to the graph: nothing; its pods are recreated; it is deleted and then created again."""
FIRST_WITHOUT_CRDS_CHART: Final = (1, 0)
STORES_V1BETA1: Final = (1, 5)
RENAMES_GANGS: Final = (1, 4)
"""The first minor with Grove's alpha.12, which names pod gangs differently."""
NEEDS_CUDA_13: Final = (1, 3)


@dataclass(frozen=True)
class Consequence:
    """One consequence that the preview announces."""

    subject: str
    """The start of the message: ``graph``, ``CRDs``, ``release dynamo-crds``."""
    text: str
    outage: bool = False


@dataclass(frozen=True)
class Upgrade:
    """A change from the release that the cluster runs to the one that the stack names."""

    before: str
    after: str
    kind: Kind
    graph: Fate
    crds_release_goes: bool
    """Whether the Helm release dynamo-crds is uninstalled; the CRDs stay."""
    consequences: tuple[Consequence, ...]
    path: tuple[str, ...]
    """Versions to deploy one after another, ``after`` last. Empty: nothing to do, or no such path."""
    refused: str | None
    """The rule that forbids the change in one ``pulumi up``, without what to write instead (``advice``). None: it is
    allowed."""

    @property
    def advice(self) -> str:
        """What to do instead if the version is refused: the path, if there is one, and the short way."""
        begins = f"set platform.version: {self.before} again, and what changed with it; then"
        short = "\n".join((begins, *short_way(self.after)))
        if not self.path:
            return short
        steps = " → ".join(self.path)
        return f"deploy {steps}, one pulumi up each, and wait for the graph after each; or the short way: {short}"


def upgrade(before: str, after: str, *, several_pods: bool = False) -> Upgrade:
    """Return what a change from one version to another does.

    ``several_pods``: a worker has several pods, so that Grove starts them. A version that the table lacks is treated as
    the nearest row.
    """
    old, new = nearest(before), nearest(after)
    kind = _kind(before, after)
    fate = _fate(old, new, kind, several_pods)
    return Upgrade(
        before=before,
        after=after,
        kind=kind,
        graph=fate,
        crds_release_goes=kind == "update" and old.crds == "chart" and new.crds == "operator",
        consequences=tuple(_consequences(old, new, fate)) if kind in ("update", "downgrade") else (),
        path=_path(before, after, kind),
        refused=_refused(before, after, kind),
    )


def short_way(after: str) -> tuple[str, ...]:
    """Return the commands that remove graph and platform, keep the weights, and deploy ``after``."""
    return (
        "pulumi config set --path modelCache.retain true && pulumi up   (the volume then outlives the stack)",
        "pulumi destroy   (deletes graph and platform, keeps the volume; from here on nothing is served)",
        f"pulumi config set --path platform.version {after} && pulumi up   (with its image; serves once the weights "
        "are loaded)",
    )


def _kind(before: str, after: str) -> Kind:
    if before == after:
        return "same"
    old, new = nearest(before).minor, nearest(after).minor
    up = sort_key(after) >= sort_key(before)
    minors = sorted({each.minor for each in ROWS})
    far = abs(minors.index(new) - minors.index(old)) > 1
    if up and max(old, new) < FIRST_WITHOUT_CRDS_CHART:
        far = False
    if not up and new < FIRST_WITHOUT_CRDS_CHART <= old:
        far = True
    return "jump" if far else "update" if up else "downgrade"


def _refused(before: str, after: str, kind: Kind) -> str | None:
    if kind != "jump":
        return None
    if sort_key(after) < sort_key(before):
        if nearest(after).minor < FIRST_WITHOUT_CRDS_CHART <= nearest(before).minor:
            return (
                f"the operator of Dynamo {before} owns the CRDs, and the chart dynamo-crds of {after} cannot take them"
            )
        return f"Dynamo goes back one minor at a time, and {after} is several below {before}"
    return f"Dynamo is updated one minor at a time from 0.9 on, and {after} is several above {before}"


def _path(before: str, after: str, kind: Kind) -> tuple[str, ...]:
    """Return the last row of each minor in between, and ``after``; empty if there is no path."""
    if kind == "same":
        return ()
    if kind != "jump":
        return (after,)
    if sort_key(after) < sort_key(before):
        if nearest(after).minor < FIRST_WITHOUT_CRDS_CHART <= nearest(before).minor:
            return ()
        between = [row for row in reversed(_last_rows()) if nearest(after).minor < row.minor < nearest(before).minor]
        return (*(row.version for row in between), after)
    between = [row for row in _last_rows() if nearest(before).minor < row.minor < nearest(after).minor]
    old = list(takewhile(lambda row: row.minor < FIRST_WITHOUT_CRDS_CHART, between))
    return (*(row.version for row in (*old[-1:], *between[len(old) :])), after)


def _last_rows() -> list[ReleaseRow]:
    """Return the newest row of each minor, oldest first."""
    return list({row.minor: row for row in ROWS}.values())


def _fate(old: ReleaseRow, new: ReleaseRow, kind: Kind, several_pods: bool) -> Fate:
    if kind == "same":
        return "kept"
    if kind == "jump" or old.api != new.api or (several_pods and _crosses(old, new, RENAMES_GANGS)):
        return "replaced"
    return "restarted"


def _crosses(old: ReleaseRow, new: ReleaseRow, minor: tuple[int, int]) -> bool:
    """Tell whether one of two releases is below a minor and the other is not."""
    return min(old.minor, new.minor) < minor <= max(old.minor, new.minor)


def _consequences(old: ReleaseRow, new: ReleaseRow, fate: Fate) -> Iterator[Consequence]:
    yield _graph(old, new, fate)
    if _crosses(old, new, FIRST_WITHOUT_CRDS_CHART):
        text = (
            "uninstalled: from 1.0 on the operator brings the CRDs. Those of the cluster stay (resource-policy keep)."
        )
        yield Consequence("release dynamo-crds", text)
        yield Consequence("admission", "from 1.0 on a webhook of the operator checks every graph, and fails closed.")
        yield Consequence("pods", "find each other through the Kubernetes API: they get a service account's token.")
    elif new.crds == "chart" and new.minor != old.minor:
        yield Consequence("CRDs", "updated by the chart dynamo-crds.")
    elif new.minor != old.minor:
        yield Consequence("CRDs", "updated by the operator when it starts.")
    for store, before, after in (("etcd", old.etcd, new.etcd), ("NATS", old.nats, new.nats)):
        if before != "off" and after == "off":
            yield Consequence(store, f"is removed, unless the stack asks for it (platform.{store.lower()}.install).")
    if _crosses(old, new, NEEDS_CUDA_13) and new.minor > old.minor:
        yield Consequence("nodes", "need a driver of 580 or newer: from 1.3 on the images have CUDA 13 only.")
    if _crosses(old, new, STORES_V1BETA1):
        yield Consequence("stored graphs", "the operator rewrites them in v1beta1, which is stored from 1.5 on.")


def _graph(old: ReleaseRow, new: ReleaseRow, fate: Fate) -> Consequence:
    if fate == "restarted":
        text = f"its pods are recreated, with the image of {new.version}; workers load the weights again."
        return Consequence("graph", text, outage=True)
    why = (
        f"it is written in {new.api.version}, and was in {old.api.version}"
        if old.api != new.api
        else f"Grove names pod gangs differently from {RENAMES_GANGS[0]}.{RENAMES_GANGS[1]} on"
    )
    return Consequence("graph", f"replaced, the old one first: {why}. All pods are recreated.", outage=True)
