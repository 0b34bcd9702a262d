"""docs/performance.md has the figures that are computed today."""

import runpy
from pathlib import Path


def test_the_page_is_what_is_computed(root: Path) -> None:
    page = runpy.run_path(str(root / "docs" / "performance.py"))["page"]

    assert (root / "docs" / "performance.md").read_text(encoding="utf-8") == page(), "run python docs/performance.py"
