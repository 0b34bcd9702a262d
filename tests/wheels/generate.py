"""Write the flags of the engines' parsers by version from the wheels: ``python -m tests.wheels.generate``.

Needs ``pip download`` to reach a package index. What comes out is ``parser.txt`` and ``dynamo.txt`` of
``wideep/engines/ENGINE``; which of their flags a key owns is said by hand, in ``owners`` beside them. For a new
version: its number in the first line of ``parser.txt``, its release in ``tests.wheels.dynamo``, then this.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.wheels.definitions import Definition, read_wheel
from tests.wheels.download import wheel_of
from tests.wheels.dynamo import RELEASES, TRTLLM_RELEASES, VLLM_RELEASES, read_dynamo_wheel
from tests.wheels.vllm import read_vllm_wheel
from wideep.engines.parser import release_number
from wideep.engines.sglang.parser import DYNAMO_FILE, FILE, VERSIONS
from wideep.engines.trtllm import parser as trtllm
from wideep.engines.vllm import parser as vllm

__all__ = ["DYNAMO", "SGLANG", "parser_text"]

HEAD: Final = """\
# {whose}, from its wheels (python -m tests.wheels.generate writes this).
# A row: sort and number of values (- is none), the versions that have it so (~: deprecated in them), the flags of
# that sort, their spellings parted by |. A range ends with the newest version where no end is written.
"""
SGLANG: Final = "Flags of SGLang's own parser"
DYNAMO: Final = "Flags of Dynamo's worker beside SGLang's, by the SGLang that its release pairs with"
VLLM: Final = "Flags of vLLM's own parser"
VLLM_DYNAMO: Final = "Flags of Dynamo's worker beside vLLM's, by the vLLM that its release pairs with"
TRTLLM: Final = "Flags of Dynamo's worker for TensorRT-LLM, by the TensorRT-LLM that its release pairs with"
WIDTH: Final = 118
Row = tuple[str, str]


def parser_text(wheels: Mapping[str, Sequence[Definition]], whose: str = SGLANG) -> str:
    """The file's text from each version's definitions, oldest version first."""
    versions = list(wheels)
    having: dict[Definition, list[int]] = {}
    for at, version in enumerate(versions):
        for each in wheels[version]:
            having.setdefault(Definition(each.names, each.sort, None, each.deprecated), []).append(at)
    rows: dict[Row, list[str]] = {}
    for each, places in having.items():
        for first, last in _runs(places):
            end = "" if last == len(versions) - 1 else release_number(versions[last])
            mark = "~" if each.deprecated else ""
            key = each.sort, f"{mark}{release_number(versions[first])}-{end}"
            rows.setdefault(key, []).append("|".join(each.names))
    lines = [f"versions {' '.join(versions)}"]
    lines += [line for row in sorted(rows) for line in _wrapped(row, sorted(rows[row]))]
    return HEAD.format(whose=whose) + "\n".join(lines) + "\n"


def _runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """``[0, 1, 3]`` as ``(0, 1), (3, 3)``."""
    first = before = places[0]
    for place in places[1:]:
        if place != before + 1:
            yield first, before
            first = place
        before = place
    yield first, before


def _wrapped(row: Row, names: Sequence[str]) -> Iterator[str]:
    head = " ".join(row)
    for line in textwrap.wrap(" ".join(names), WIDTH - len(head), break_on_hyphens=False, break_long_words=False):
        yield f"{head} {line}"


if __name__ == "__main__":
    sglang = {version: read_wheel(wheel_of("sglang", version)) for version in VERSIONS}
    dynamo = {version: read_dynamo_wheel(wheel_of("ai-dynamo", RELEASES[version])) for version in VERSIONS}
    FILE.write_text(parser_text(sglang), encoding="utf-8")
    DYNAMO_FILE.write_text(parser_text(dynamo, DYNAMO), encoding="utf-8")
    own = {version: read_vllm_wheel(wheel_of("vllm", version)) for version in vllm.VERSIONS}
    beside = {
        version: read_dynamo_wheel(wheel_of("ai-dynamo", VLLM_RELEASES[version]), "vllm") for version in vllm.VERSIONS
    }
    vllm.FILE.write_text(parser_text(own, VLLM), encoding="utf-8")
    vllm.DYNAMO_FILE.write_text(parser_text(beside, VLLM_DYNAMO), encoding="utf-8")
    worker = {
        version: read_dynamo_wheel(wheel_of("ai-dynamo", release), "trtllm")
        for version, release in TRTLLM_RELEASES.items()
    }
    trtllm.FILE.write_text(parser_text(worker, TRTLLM), encoding="utf-8")
