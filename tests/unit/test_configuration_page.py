"""docs/configuration.md lists every key, as the settings say it today."""

import runpy
from pathlib import Path


def test_the_reference_is_what_the_settings_say(root: Path) -> None:
    page = runpy.run_path(str(root / "docs" / "configuration.py"))["page"]

    assert (root / "docs" / "configuration.md").read_text(encoding="utf-8") == page(), (
        "run python docs/configuration.py"
    )
