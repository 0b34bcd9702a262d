"""docs/performance.md has the figures that are computed today."""

from docs.generate.performance import PAGE, page


def test_the_page_is_what_is_computed() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m docs.generate performance"
