"""Gets every tool the simulation needs, once, into the cache that all clones share."""

import fcntl
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from sim import paths
from sim.state import SimError
from sim.tools import build, fetch, find, wheels
from sim.tools.catalog import GO, TOOLS, GoBuild, Tool, Venv, Wheel
from sim.tools.progress import step


def provide(console: Console, tools: Sequence[Tool] = TOOLS) -> dict[str, Path]:
    """The programs of `tools` by name; those that are not there yet are obtained first, one after the other.

    Interrupted, it goes on where it was: finished tools stay, and Go keeps what it has compiled.
    Raises SimError naming the tool, the command that failed and its last lines.
    """
    found = {tool.name: find.find(tool) for tool in tools}
    if all(found.values()):
        return {name: path for name, path in found.items() if path}
    with _lock(console):
        # Another clone may have built some while this one waited.
        missing = [tool for tool in tools if not find.find(tool)]
        for number, tool in enumerate(missing, 1):
            _obtain(console, tool, f"({number} of {len(missing)})")
        # Some 9 GB that help only an interrupted build, or one of another version.
        shutil.rmtree(paths.cache_root() / "go", ignore_errors=True)
        found = {tool.name: find.find(tool) for tool in tools}
    return {name: path for name, path in found.items() if path}


def _obtain(console: Console, tool: Tool, count: str) -> None:
    home = find.home(tool)
    half = home.with_name(f".{tool.version}.half")
    shutil.rmtree(half, ignore_errors=True)
    log = paths.tools_root() / "logs" / f"{tool.name}-{tool.version}.log"
    log.unlink(missing_ok=True)
    name = f"{tool.name} {tool.version.partition('-')[0]}"
    if not _download(console, tool, half, f"{name} {count}"):
        shutil.rmtree(half, ignore_errors=True)
        verb, done = ("building", "built") if isinstance(tool.source, GoBuild) else ("installing", "installed")
        go = _go(console) if isinstance(tool.source, GoBuild) else None
        with step(console, f"{verb} {name} {count}", f"{done} {name}") as tick:
            try:
                _make(tool, go, half, log, tick)
            except SimError as error:
                raise SimError(f"{verb} {name} failed: {error}\n{_way_out(tool)}") from error
    if not (half / tool.program).exists():
        raise SimError(f"{name} was made, but {half / tool.program} is not there; see {log}")
    shutil.rmtree(home, ignore_errors=True)  # one that is there but not whole: its Python has gone, say
    half.rename(home)


def _download(console: Console, tool: Tool, half: Path, name: str) -> bool:
    """Whether the tool's official release could be had and says a version that fits."""
    if tool.download is None or not fetch.reachable(fetch.address(tool.download)):
        return False
    with step(console, f"downloading {name}", f"asked for the release of {name}"):
        good = fetch.fetch(tool.download, tool.name, half / "bin") and find.fits(half / tool.program, tool)
    if not good:
        console.print(f"the release of {name} cannot be had, or does not run here")
    return good


def _way_out(tool: Tool) -> str:
    """What a person can do about a tool that could not be made."""
    again = "Run the same command again to go on from here"
    match tool.source:
        case Venv(python):
            return f"{again}. It needs a Python {python} on this machine, and Linux."
        case _:
            return f"{again}, or put a {tool.name} {tool.on_path.fits if tool.on_path else ''} of your own on PATH."


def _make(tool: Tool, go: Path | None, half: Path, log: Path, tick: Callable[[], None]) -> None:
    match tool.source:
        case GoBuild() as source if go is not None:
            build.build(source, go, half, log, tick)
        case Wheel() as source:
            wheels.install(source, half, log, tick)
        case Venv() as source:
            wheels.make_venv(source, half, log, tick)
        case _:
            raise AssertionError(tool)


def _go(console: Console) -> Path:
    """The Go toolchain, which is obtained only when something has to be built with it."""
    go = find.find(GO)
    if go is None:
        _obtain(console, GO, "to build with")
        go = find.home(GO) / GO.program
    return go


@contextmanager
def _lock(console: Console) -> Iterator[None]:
    """One clone at a time fills the cache. The lock goes with its process, however that ends."""
    root = paths.tools_root()
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("another clone is getting the tools; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
