"""Writing a picture to a file: SVG, or PNG if the name ends so. ``option`` names the command's option in errors."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wideep_cli.errors import CallError, writing

__all__ = ["require_format", "write_picture"]

PNG: Final = ".png"
ZOOM: Final = 2
"""Pixels of a PNG for each pixel of the SVG: for high-density screens."""
LETTER: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9">{}</text></svg>'


def require_format(option: str, file: Path) -> None:
    """Raise CallError if the file's name calls for a format that is not supported.

    Raises:
        CallError: the name ends in something other than ``.svg`` or ``.png``.
    """
    if file.suffix.lower() not in ("", ".svg", PNG):
        named = f"{option} {file.with_suffix('.svg')}, or {option} {file.with_suffix(PNG)}"
        raise CallError(f"{option} {file}: pictures are written as SVG or PNG, not as {file.suffix}.", f"{named}.")


def write_picture(option: str, file: Path, svg: str) -> None:
    """Write the picture.

    Raises:
        CallError: the name calls for another format, the file cannot be written, or no fonts are installed for a PNG.
    """
    require_format(option, file)
    with writing(file):
        if file.suffix.lower() == PNG:
            file.write_bytes(_png(option, file, svg))
        else:
            file.write_text(svg, encoding="utf-8")


def _png(option: str, file: Path, svg: str) -> bytes:
    """Return the picture as PNG. resvg leaves out all text if this machine has no fonts, so that raises CallError."""
    import resvg_py

    if resvg_py.svg_to_bytes(LETTER.format("M")) == resvg_py.svg_to_bytes(LETTER.format("")):
        raise CallError(
            f"{option} {file}: this machine has no fonts, and a PNG would lack all words.",
            f"Install one (Debian: apt-get install fonts-dejavu-core), or write {file.with_suffix('.svg')}.",
        )
    return resvg_py.svg_to_bytes(svg, zoom=ZOOM)
