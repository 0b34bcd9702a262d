"""Estimates how long it takes to obtain the missing tools on this machine."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sim.tools import fetch, find
from sim.tools.catalog import TOOLS, GoBuild, Tool
from wideep.text import duration

_MEASURED_ON = 2
"""Cores of the machine on which `Tool.seconds` was measured."""
_DOWNLOAD_SECONDS = 5.0
"""Seconds per release file. Not measured: it depends on the network."""


@dataclass(frozen=True)
class Forecast:
    """The missing tools by the way in which they will be obtained, and the seconds that each is expected to add."""

    cores: int
    seconds: dict[str, float]
    built: tuple[str, ...]
    installed: tuple[str, ...]
    downloaded: tuple[str, ...]

    @property
    def total(self) -> float:
        """Seconds for all tools."""
        return sum(self.seconds.values())

    def __str__(self) -> str:
        ways = {"build": self.built, "install": self.installed, "download": self.downloaded}
        what = ", ".join(f"{len(names)} to {way}" for way, names in ways.items() if names)
        cores = f"{self.cores} core{'s' if self.cores > 1 else ''}"
        return f"{len(self.seconds)} tools are missing ({what}): about {duration(self.total)} on {cores}, once"


def forecast(tools: Sequence[Tool] = TOOLS, cores: int | None = None) -> Forecast:
    """Return which of `tools` are missing and how long they take on so many cores (by default this machine's).

    Builds are assumed to use all cores fully, which is true of Go's compiler, less so of its linker; installing or
    downloading takes the same time on any number of cores.
    """
    cores = cores or os.cpu_count() or 1
    missing = [tool for tool in tools if not find.find(tool)]
    downloaded = [tool for tool in missing if tool.download and fetch.offered(tool.download)]
    made = [tool for tool in missing if tool not in downloaded and tool.source]
    built = [tool for tool in made if isinstance(tool.source, GoBuild)]
    seconds = {tool.name: _DOWNLOAD_SECONDS for tool in downloaded}
    seconds |= {tool.name: tool.seconds * (_MEASURED_ON / cores if tool in built else 1) for tool in made}
    return Forecast(
        cores,
        seconds,
        built=_names(built),
        installed=_names([tool for tool in made if tool not in built]),
        downloaded=_names(downloaded),
    )


def _names(tools: Sequence[Tool]) -> tuple[str, ...]:
    return tuple(tool.name for tool in tools)
