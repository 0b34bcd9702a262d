"""The known releases of Dynamo, one row each: which versions belong together, and what was tried here.

Dates, engines, charts and defaults are those of Dynamo's release notes and deprecations pages, of the charts' READMEs
and of the wheels of ``ai-dynamo`` (the engines in their extras). A row covers the patch releases of its minor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from wideep.dynamo.api import V1ALPHA1, V1BETA1, Framework, GraphApi

__all__ = [
    "ROWS",
    "TRAPS",
    "Crds",
    "DeepEp",
    "ReleaseRow",
    "Store",
    "Trial",
    "nearest",
    "newest",
    "newest_tried",
    "row",
    "row_of",
    "sort_key",
]

Crds = Literal["chart", "operator"]
"""How the CRDs are installed: by the chart dynamo-crds, or by the operator's own init container."""
Store = Literal["needed", "installed", "off"]
"""Whether etcd or NATS is required by the graph, installed by the chart by default, or installed only on request."""
DeepEp = Literal["no", "documented", "inferred"]
"""Whether NVIDIA's SGLang image contains DeepEP: it does not; a document of the release uses it; inferred from its
Dockerfile."""
HAS_V1BETA1: Final = (1, 2)
"""The first minor whose CRDs have ``v1beta1``."""
HAS_SCALING_ADAPTER: Final = (0, 8)
"""The first minor with DynamoGraphDeploymentScalingAdapters, which a component must request (dynamo#5180)."""

HAS_PLANNER: Final = (1, 6)
"""The first minor whose planner this program runs: the configuration is that of the wheel of 1.6.1.
``wideep.rules.planner`` says what earlier planners lack."""


@dataclass(frozen=True)
class Trial:
    """A test that was run here."""

    what: str
    on: str
    """The real component that it ran on, or a stand-in and what that replaces."""


@dataclass(frozen=True)
class ReleaseRow:
    """The known facts about one release, which decide what is installed and written for it."""

    version: str
    date: str
    """Release date, ``2025-10-28``; empty if no page states it."""
    sglang: str
    trtllm: str
    vllm: str
    api: GraphApi
    """The API version in which this program writes the release's graphs."""
    crds: Crds
    etcd: Store
    nats: Store
    grove: str
    """Version of the sub-chart, or the minimum that the operator works with; empty if not known."""
    kai: str
    """The same for KAI."""
    deepep: DeepEp
    tried: tuple[Trial, ...] = ()
    """Empty: the release was read, and not run."""

    @property
    def minor(self) -> tuple[int, int]:
        """Major and minor version: ``(1, 6)``."""
        major, minor, _ = sort_key(self.version)
        return major, minor

    @property
    def graph_versions(self) -> tuple[str, ...]:
        """API versions in the release's CRDs of graphs and components."""
        return (V1ALPHA1.version, V1BETA1.version) if self.minor >= HAS_V1BETA1 else (V1ALPHA1.version,)

    @property
    def has_scaling_adapter(self) -> bool:
        """Whether the operator makes a scaling adapter for a component that requests one."""
        return self.minor >= HAS_SCALING_ADAPTER

    @property
    def has_planner(self) -> bool:
        """Whether the planner's configuration was read, and nothing is known to keep it from scaling by load."""
        return self.minor >= HAS_PLANNER

    @property
    def engines(self) -> Mapping[Framework, str]:
        """The version of each engine in the release's images."""
        return MappingProxyType({"sglang": self.sglang, "vllm": self.vllm, "trtllm": self.trtllm})


REAL_CRDS: Final = Trial("the graph's manifests", "the CRDs of its chart dynamo-crds, on a real API server")
OWN_CRDS: Final = Trial(
    "the graph's manifests", "CRDs of the documented fields around Kubernetes' own pod template, on a real API server"
)
SIMULATED: Final = Trial("install, update, removal", "the simulated cluster, whose operator stands for Dynamo's")
REAL_RUNTIME: Final = Trial(
    "an answer to a chat completion", "its real frontend and runtime from PyPI, with a simulated engine"
)


def _row(  # noqa: PLR0913, PLR0917 - a row of a table
    version: str,
    date: str,
    sglang: str,
    trtllm: str,
    vllm: str,
    grove: str,
    kai: str,
    *,
    tried: tuple[Trial, ...] = (),
) -> ReleaseRow:
    """Return a row; fields that changed at one release and have stayed the same since are derived from the version."""
    key = sort_key(version)
    return ReleaseRow(
        version=version,
        date=date,
        sglang=sglang,
        trtllm=trtllm,
        vllm=vllm,
        # 1.2 serves v1beta1 too, but user-provided certificates break it (dynamo#10419); v1alpha1 warns from 1.3 on.
        api=V1BETA1 if key >= (1, 3, 0) else V1ALPHA1,
        crds="operator" if key >= (1, 0, 0) else "chart",
        etcd="off" if key >= (1, 0, 0) else "needed",
        nats="off" if key >= (1, 4, 0) else "installed" if key >= (1, 0, 0) else "needed",
        grove=grove,
        kai=kai,
        deepep="inferred" if key >= (1, 0, 0) else "documented" if key >= (0, 7, 0) else "no",
        tried=tried,
    )


def sort_key(version: str) -> tuple[int, int, int]:
    """Return major, minor and patch of ``1.6.1`` or ``0.9.0-post1``, for comparison."""
    major, minor, patch = re.split(r"[-+]", version, maxsplit=1)[0].split(".")
    return int(major), int(minor), int(patch)


ROWS: Final[tuple[ReleaseRow, ...]] = (
    _row(
        "0.6.0", "2025-10-28", "0.5.3.post2", "1.1.0rc5", "0.10.2", "v0.1.0-alpha.3", "v0.9.4",
        tried=(REAL_CRDS, SIMULATED, REAL_RUNTIME),
    ),
    _row("0.6.1", "2025-11-06", "0.5.3.post2", "1.1.0rc5", "0.10.2", "v0.1.0-alpha.3", "v0.9.4"),
    _row("0.7.1", "2025-12-15", "0.5.4.post3", "1.2.0rc3", "0.11.0", "", ""),
    _row("0.8.1", "2026-01-23", "0.5.6.post2", "1.2.0rc6.post1", "0.12.0", "", ""),
    _row("0.9.1", "2026-03-04", "0.5.8", "1.3.0rc3", "0.14.1", "", ""),
    _row("1.0.2", "2026-04-22", "0.5.9", "1.3.0rc5.post1", "0.16.0", "v0.1.0-alpha.6", "v0.13.0"),
    _row("1.1.1", "2026-05-05", "0.5.10.post1", "1.3.0rc11", "0.19.0", "v0.1.0-alpha.8", "v0.13.4"),
    _row("1.2.1", "2026-06-13", "0.5.11", "1.3.0rc14", "0.20.1", "", ""),
    _row("1.3.1", "2026-08-05", "0.5.14", "1.3.0rc19", "0.23.0", "v0.1.0-alpha.8", "v0.13.4"),
    _row("1.4.2", "2026-08-28", "0.5.16", "1.3.0rc22", "0.26.0", "v0.1.0-alpha.12-rc1", ""),
    _row("1.5.1", "2026-10-06", "0.5.18", "1.3.0rc25", "0.28.0", "v0.1.0-alpha.13", "v0.17.0"),
    _row(
        "1.6.1", "", "0.5.21", "1.3.0rc29", "0.31.0", "v0.1.0-alpha.14", "v0.17.0",
        tried=(OWN_CRDS, SIMULATED, REAL_RUNTIME),
    ),
)  # fmt: skip
TRAPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0.9.0": "its chart asks for the operator's image of 0.7.1 (release notes of 0.9.1)",
        "1.2.0": "with certificates of one's own its CRDs can lack the conversion (dynamo#10419)",
    }
)
"""Broken patch releases that a later one of the same minor fixes, and what is wrong with each."""


def row(version: str) -> ReleaseRow | None:
    """Return the row of exactly this version; None if there is none."""
    return next((each for each in ROWS if each.version == version), None)


def row_of(version: str) -> ReleaseRow | None:
    """Return the row that covers a version: its own, else the last of its minor. None if the minor is not known."""
    same = [each for each in ROWS if each.minor == sort_key(version)[:2]]
    return row(version) or (same[-1] if same else None)


def nearest(version: str) -> ReleaseRow:
    """Return the row that covers a version, else the newest below it, else the oldest."""
    key = sort_key(version)
    below = [each for each in ROWS if sort_key(each.version) <= key]
    return row_of(version) or (below or ROWS)[-1 if below else 0]


def newest() -> ReleaseRow:
    """Return the newest row."""
    return ROWS[-1]


def newest_tried() -> ReleaseRow:
    """Return the newest row with something that was run here."""
    return [each for each in ROWS if each.tried][-1]
