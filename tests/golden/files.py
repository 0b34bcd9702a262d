"""The golden files: a manifest in full, or only how it differs from the one that it is read beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import yaml

from tests.golden.cases import NEWEST, manifest, manifest_of, manifest_on_its_engine, monitoring_of
from wideep.settings.layout import Preset

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Golden:
    """What the Plan makes of a case, and the file that holds what was read."""

    name: str
    made: Callable[[], Mapping[str, object]]
    beside: Golden | None = None

    @property
    def file(self) -> Path:
        """NAME.yaml is whole, NAME.diff the difference."""
        return HERE / f"{self.name}.{'diff' if self.beside else 'yaml'}"

    def text(self) -> str:
        """The content of the file as it should be."""
        whole = yaml.safe_dump(self.made(), sort_keys=False, width=1000)
        if self.beside is None:
            return whole
        other = yaml.safe_dump(self.beside.made(), sort_keys=False, width=1000)
        return "".join(_difference(self.beside.name, other.splitlines(), whole.splitlines()))


def _difference(name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a diff whose hunks bear the keys above them: line numbers would change with the other file."""
    yield f"beside {name}\n"
    for hunk in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(1):
        first = next(start for tag, start, *_ in hunk if tag != "equal")
        yield f"@@ {' / '.join(_keys_above(old, first))}\n"
        for tag, i1, i2, j1, j2 in hunk:
            yield from (f"{' ' if tag == 'equal' else '-'} {line}\n" for line in old[i1:i2])
            yield from (f"+ {line}\n" for line in new[j1:j2] if tag != "equal")


def _keys_above(lines: Sequence[str], number: int) -> list[str]:
    """Return the keys under which a line stands, outermost first."""
    keys: list[str] = []
    depth = _depth(lines[number])
    for line in reversed(lines[:number]):
        if _depth(line) < depth:
            depth = _depth(line)
            keys.insert(0, line.strip().removesuffix(":"))
    return keys


def _depth(line: str) -> int:
    """Return how deep a line is indented; PyYAML does not indent the items of a list."""
    text = line.lstrip()
    return 2 * (len(line) - len(text)) + text.startswith("- ")


def _preset(preset: Preset) -> Golden:
    beside = BESIDE.get(preset, Preset.WIDE_32GPU)
    return Golden(preset.value, partial(manifest, preset), _preset(beside) if beside else None)


def _release(version: str, beside: Golden | None = None) -> Golden:
    return Golden(f"releases/{version}", partial(manifest_of, Preset.WIDE_32GPU, version), beside)


def _monitoring(version: str, beside: Golden | None = None) -> Golden:
    return Golden(f"monitoring/{version}", partial(monitoring_of, version), beside)


BESIDE: dict[Preset, Preset | None] = {
    Preset.WIDE_32GPU: None,
    Preset.LAB_8GPU: None,
    Preset.LAB_16GPU_SINGLENODE: Preset.LAB_16GPU_MULTINODE,
    Preset.LAB_32GPU: Preset.LAB_16GPU_MULTINODE,
    Preset.BEST_16GPU: Preset.BEST_104GPU,
    Preset.BEST_32GPU: Preset.BEST_104GPU,
    Preset.BEST_64GPU: Preset.BEST_104GPU,
}
"""The preset beside which another is read, where it is not wide-32gpu."""
PRESETS = [_preset(preset) for preset in Preset if preset.backend is None]
ENGINES = [
    Golden(f"engines/{preset}", partial(manifest_on_its_engine, preset))
    for preset in Preset
    if preset.backend is not None
]
RELEASES = [
    v071 := _release("0.7.1", _preset(Preset.WIDE_32GPU)),
    v102 := _release("1.0.2", v071),
    _release("1.1.1", v102),
    v131 := _release("1.3.1"),
    v142 := _release("1.4.2", v131),
    _release(NEWEST, v142),
]
"""Releases whose manifest of one preset is another than that of the release before, and the newest."""
MONITORING = [scraped := _monitoring("0.6.0"), _monitoring(NEWEST, scraped)]
"""The releases that were scraped."""

GOLDEN = [*PRESETS, *ENGINES, *RELEASES, *MONITORING]
