"""A picture is what its file's name promises: SVG or PNG, and nothing else."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

import pytest
import resvg_py

from wideep_cli.canvas import Canvas, Type
from wideep_cli.errors import CallError
from wideep_cli.picture_file import require_format, write_picture


def picture() -> str:
    canvas = Canvas(120, 40, "experts")
    canvas.text("expert 7", (10, 20), Type(12))
    return canvas.svg()


@pytest.mark.parametrize("name", ["p.png", "p.PNG"])
def test_a_png_has_two_pixels_for_each_of_the_svg(name: str, tmp_path: Path) -> None:
    write_picture("--svg", tmp_path / name, picture())
    png = (tmp_path / name).read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (240, 80)


@pytest.mark.parametrize("name", ["p.svg", "p.SVG", "p"])
def test_any_other_picture_is_the_svg_itself(name: str, tmp_path: Path) -> None:
    write_picture("--svg", tmp_path / name, picture())
    assert (tmp_path / name).read_text() == picture()


def test_a_name_that_promises_another_format_is_refused_with_names_that_do(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"SVG or PNG, not as \.pdf\.\n.*--plot p\.svg, or --plot p\.png\.$"):
        require_format("--plot", Path("p.pdf"))
    with pytest.raises(CallError, match=r"not as \.jpg"):
        write_picture("--svg", tmp_path / "p.jpg", picture())
    assert not list(tmp_path.iterdir())


def test_where_there_are_no_fonts_no_png_without_words_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resvg_py, "svg_to_bytes", partial(resvg_py.svg_to_bytes, skip_system_fonts=True))
    with pytest.raises(CallError, match=r"no fonts, and a PNG would lack all words\.\n.*write .*p\.svg"):
        write_picture("--svg", tmp_path / "p.png", picture())
    assert not (tmp_path / "p.png").exists()
