"""docs/performance.md has the figures that are computed today."""

from docs.generate.__main__ import pages


def test_the_page_is_what_is_computed() -> None:
    for path, text in pages("performance").items():
        assert path.read_text(encoding="utf-8") == text, "run python -m docs.generate performance"
