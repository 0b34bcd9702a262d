"""A tool is taken from the cache, else from PATH in a fitting version, else downloaded, else built."""

import hashlib
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from rich.console import Console

from sim.paths import PROJECT
from sim.state import SimError
from sim.tools import build, checksums, fetch, find, wheels
from sim.tools.catalog import GO, TOOLS, WHEELS_LOCK, Debian, Download, GoBuild, GoPackage, OnPath, Tool, Wheel
from sim.tools.provide import origin, provide
from tests.support.loopback import serving_files

CRANE = "github.com/google/go-containerregistry/cmd/crane"
BUILT = GoBuild((GoPackage("crane", CRANE, "thing"),))
# What `go build` is asked here: to write the program that its -o names.
FAKE_GO = """case "$1" in
version) echo "go version go1.26.0 linux/amd64";;
build) echo compiling; while [ "$1" != -o ]; do shift; done; mkdir -p "$(dirname "$2")"; echo built > "$2";;
esac"""


def script(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(fetch, "_answers", {})
    monkeypatch.setattr(fetch, "CHECKSUMS", tmp_path / "checksums.txt")
    fetch.CHECKSUMS.write_text("# of nothing\n")
    return tmp_path / "cache" / "dynamo-wideep"


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    return tmp_path / "bin"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which a server on loopback offers its files."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serving_files(folder) as address:
        yield folder, address


def record(url: str, file: Path) -> None:
    """As sim/tools/checksums.py does."""
    with fetch.CHECKSUMS.open("a") as sums:
        sums.write(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {url}\n")


def thing(**changes: object) -> Tool:
    given = {"source": BUILT, "on_path": OnPath(("--version",), SpecifierSet(">=2,<3")), **changes}
    return Tool("thing", "2.5.0", **given)  # type: ignore[arg-type]


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_a_tool_on_path_in_a_fitting_version_is_used(bin_folder: Path) -> None:
    program = script(bin_folder, "thing", "echo thing version v2.9.1")
    assert find.find(thing()) == program


@pytest.mark.parametrize("body", ["echo v1.9.0", "echo v3.0.0", "echo unknown", "exit 1"])
def test_a_tool_on_path_that_is_too_old_too_new_or_does_not_say_is_not_used(bin_folder: Path, body: str) -> None:
    script(bin_folder, "thing", body)
    assert find.find(thing()) is None


def test_a_tool_without_its_companion_is_not_used(bin_folder: Path) -> None:
    tool = thing(on_path=OnPath(("--version",), SpecifierSet(">=2"), beside=("thing-helper",)))
    program = script(bin_folder, "thing", "echo v2.9.1")
    assert find.find(tool) is None
    script(bin_folder, "thing-helper", "")
    assert find.find(tool) == program


def test_the_cache_comes_before_path(cache: Path, bin_folder: Path) -> None:
    script(bin_folder, "thing", "echo v2.9.1")
    cached = script(cache / "tools/thing/2.5.0/bin", "thing", "exit 1")
    assert find.find(thing()) == cached


def test_what_is_missing_is_built_once(cache: Path, bin_folder: Path) -> None:
    script(bin_folder, "go", FAKE_GO)
    (cache / "go" / "build").mkdir(parents=True)
    screen = quiet()
    assert provide(screen, [thing()]) == {"thing": cache / "tools/thing/2.5.0/bin/thing"}
    assert "building thing 2.5.0 (1 of 1)" in screen.file.getvalue()  # type: ignore[attr-defined]
    assert not (cache / "go").exists()
    script(bin_folder, "go", "exit 1")
    assert provide(quiet(), [thing()]) == {"thing": cache / "tools/thing/2.5.0/bin/thing"}


def test_where_a_tool_came_from_is_told(bin_folder: Path, served: tuple[Path, str]) -> None:
    folder, url = served
    script(bin_folder, "go", FAKE_GO)
    provide(quiet(), [thing(source=GoBuild((GoPackage("crane", CRANE, "thing"),)))])
    assert origin(thing()).startswith("built from github.com/google/go-containerregistry v")
    other = Tool("other", "1.0.0", None, download=Download(f"{url}/other"), plugin="other")
    assert origin(other) == "not here"
    (folder / "other").write_bytes(b"\x7fELF")
    record(f"{url}/other", folder / "other")
    provide(quiet(), [other, Tool("missing", "1.0.0", GoBuild((GoPackage("crane", CRANE, "missing"),)))])
    assert origin(other) == f"downloaded from {url}/other"


def test_what_only_its_publisher_has_is_left_out_where_it_cannot_be_had(bin_folder: Path) -> None:
    script(bin_folder, "go", FAKE_GO)
    other = Tool("other", "1.0.0", None, download=Download("http://127.0.0.1:1/other"), plugin="other")
    screen = quiet()
    assert list(provide(screen, [thing(), other])) == ["thing"]
    assert "other 1.0.0 is only to be had from its publisher" in screen.file.getvalue()  # type: ignore[attr-defined]


APT = """case "$*" in
*update*) exit 0;;
*Dir::State*download*) echo "a package" > thing_2.5.0_amd64.deb;;
*) echo "E: Unable to locate package" >&2; exit 100;;
esac"""
DPKG = 'mkdir -p "$3/usr/bin"; for name in thing thing-helper; do echo "echo v2.5.0" > "$3/usr/bin/$name"; done'


@pytest.mark.parametrize(("package", "had"), [("a package\n", True), ("another\n", False)])
def test_of_a_package_of_debian_the_programs_are_taken_where_it_is_the_recorded_one(
    cache: Path, bin_folder: Path, package: str, had: bool
) -> None:
    script(bin_folder, "apt-get", APT)
    script(bin_folder, "dpkg-deb", DPKG)
    tool = thing(source=Debian("thing", hashlib.sha256(package.encode()).hexdigest()), optional=True)
    screen = quiet()
    home = cache / "tools/thing/2.5.0/bin"
    assert provide(screen, [tool]) == ({"thing": home / "thing"} if had else {})
    assert (home / "thing-helper").exists() is had
    said = " ".join(screen.file.getvalue().split())  # type: ignore[attr-defined]
    assert ("goes without thing" in said) is not had
    assert ("is another file than the recorded one" in said) is not had


def test_what_fails_first_ends_what_is_built_beside_it(cache: Path, bin_folder: Path) -> None:
    script(bin_folder, "go", FAKE_GO.replace("build)", 'build) case "$*" in *bad) exit 1;; *) exec sleep 60;; esac;'))
    bad = Tool("bad", "1.0.0", GoBuild((GoPackage("crane", "example.com/bad", "bad"),)))
    began = time.monotonic()
    with pytest.raises(SimError, match=r"building bad 1\.0\.0 failed"):
        provide(quiet(), [thing(), bad])
    assert time.monotonic() - began < 30


def test_a_failed_build_names_the_tool_its_command_its_last_lines_and_what_to_do(cache: Path, bin_folder: Path) -> None:
    script(bin_folder, "go", '[ "$1" = version ] && echo go1.26.0 || { echo no space left on device >&2; exit 2; }')
    with pytest.raises(SimError) as failed:
        provide(quiet(), [thing()])
    for part in ("thing 2.5.0", "go build", "exit code 2", "no space left on device", "Run the same command again"):
        assert part in str(failed.value)
    assert find.find(thing()) is None


def test_after_a_failure_the_finished_tools_stay(cache: Path, bin_folder: Path) -> None:
    script(bin_folder, "go", FAKE_GO.replace("build)", 'build) [ "${6##*/}" = bad ] && exit 1;'))
    bad = Tool("bad", "1.0.0", GoBuild((GoPackage("crane", "example.com/bad", "bad"),)))
    with pytest.raises(SimError, match="bad"):
        provide(quiet(), [thing(), bad])
    assert find.find(thing()) == cache / "tools/thing/2.5.0/bin/thing"


def test_what_an_interrupted_build_left_is_not_taken_for_the_tool(cache: Path, bin_folder: Path) -> None:
    script(cache / "tools/thing/.2.5.0.half/bin", "thing", "exit 1")
    assert find.find(thing()) is None
    script(bin_folder, "go", FAKE_GO)
    assert provide(quiet(), [thing()])["thing"].read_text() == "built\n"


def test_a_release_that_can_be_had_is_downloaded_and_not_built(cache: Path, served: tuple[Path, str]) -> None:
    folder, url = served
    record(f"{url}/thing-2.5.0", script(folder, "thing-2.5.0", "echo v2.5.0"))
    tool = thing(download=Download(f"{url}/thing-2.5.0"))
    assert provide(quiet(), [tool]) == {"thing": cache / "tools/thing/2.5.0/bin/thing"}
    assert find.fits(cache / "tools/thing/2.5.0/bin/thing", tool)


def test_of_an_archive_the_programs_of_its_folder_are_taken(tmp_path: Path, served: tuple[Path, str]) -> None:
    folder, url = served
    for name in ("pulumi", "pulumi-language-python"):
        script(tmp_path / "release", name, "echo v3.259.0")
    with tarfile.open(folder / "release.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "release", "pulumi")
    record(f"{url}/release.tar.gz", folder / "release.tar.gz")
    into = tmp_path / "into"
    assert fetch.fetch(Download(f"{url}/release.tar.gz", folder="pulumi"), "pulumi", into)
    assert sorted(path.name for path in into.iterdir()) == ["pulumi", "pulumi-language-python"]


@pytest.mark.parametrize("body", [None, "echo v9.9.9"])
def test_a_release_that_is_missing_or_not_what_it_should_be_is_built_instead(
    bin_folder: Path, served: tuple[Path, str], body: str | None
) -> None:
    folder, url = served
    released = script(folder, "thing", body or "echo v2.5.0")
    record(f"{url}/thing", released)
    if body is None:
        released.unlink()
    script(bin_folder, "go", FAKE_GO)
    program = provide(quiet(), [thing(download=Download(f"{url}/thing"))])["thing"]
    assert program.read_text() == "built\n"


@pytest.mark.parametrize("is_recorded", [True, False], ids=["another file than the recorded one", "nothing recorded"])
def test_a_release_that_nobody_vouches_for_is_never_run(
    cache: Path, tmp_path: Path, bin_folder: Path, served: tuple[Path, str], is_recorded: bool
) -> None:
    folder, url = served
    if is_recorded:
        record(f"{url}/thing", script(tmp_path, "genuine", "echo v2.5.0"))
    script(folder, "thing", f"touch {tmp_path}/ran; echo v2.5.0")
    script(bin_folder, "go", FAKE_GO)
    assert provide(quiet(), [thing(download=Download(f"{url}/thing"))])["thing"].read_text() == "built\n"
    assert not (tmp_path / "ran").exists()


def test_checksums_are_of_files_that_the_catalog_downloads() -> None:
    real = [line.split() for line in (PROJECT / "sim/tools/checksums.txt").read_text().splitlines() if line[0] != "#"]
    addresses = {fetch.address(tool.download) for tool in TOOLS if tool.download}
    assert all(len(digest) == 64 for digest, _ in real)
    assert {address for _, address in real} <= addresses


def test_checksums_are_written_when_all_files_are_had_and_not_otherwise(
    monkeypatch: pytest.MonkeyPatch, served: tuple[Path, str]
) -> None:
    folder, url = served
    released = script(folder, "thing", "echo v2.5.0")
    monkeypatch.setattr(checksums, "TOOLS", [thing(download=Download(f"{url}/thing"))])
    assert checksums.main() == 0
    assert fetch.recorded(f"{url}/thing") == hashlib.sha256(released.read_bytes()).hexdigest()
    released.unlink()
    before = fetch.CHECKSUMS.read_text()
    assert checksums.main() == 1
    assert fetch.CHECKSUMS.read_text() == before


def test_a_host_that_does_not_answer_is_not_reachable() -> None:
    assert not fetch.reachable("http://127.0.0.1:1/thing")


def test_the_address_is_that_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert fetch.address(Download("h/{os}-{arch}-{x64}")) == "h/darwin-arm64-arm64"
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert fetch.address(Download("h/{os}-{arch}-{x64}")) == "h/darwin-amd64-x64"


OWN = ("sim-kubelet", "sim-registry")


@pytest.mark.parametrize(
    "tool",
    [tool for tool in TOOLS if isinstance(tool.source, GoBuild) and tool.name not in OWN],
    ids=lambda tool: tool.name,
)
def test_each_go_module_pins_the_version_that_the_catalog_says(tool: Tool) -> None:
    assert isinstance(tool.source, GoBuild)
    package = tool.source.packages[-1]
    pinned = build.built_from(package)
    # The plugin's module is a commit after its last tag; the version is the one that its Python SDK asks for.
    assert tool.plugin or pinned.endswith(f" v{tool.version}")
    assert f"{pinned} h1:" in (PROJECT / "sim" / "go" / package.module / "go.sum").read_text()


@pytest.mark.parametrize(
    "tool", [GO, *(tool for tool in TOOLS if isinstance(tool.source, Wheel))], ids=lambda t: t.name
)
def test_each_wheel_is_locked_with_hashes_in_the_version_that_the_catalog_says(tool: Tool) -> None:
    assert isinstance(tool.source, Wheel)
    first, second, *_ = wheels.locked(tool.source.distribution, WHEELS_LOCK.read_text()).splitlines()
    assert first.startswith(f"{tool.source.distribution}=={tool.version}")
    assert second.strip().startswith("--hash=sha256:")


def test_a_lock_entry_is_taken_whole_and_alone() -> None:
    first = "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n    # via -r x\n"
    lock = f"# made by hand\n{first}b==2 \\\n    --hash=sha256:bb\n"
    assert wheels.locked("a", lock) == first
    with pytest.raises(SimError, match="does not hold c"):
        wheels.locked("c", lock)
