"""Write the generated pages, or with ``--check`` compare them: exit code 1 if one differs.

``performance`` needs NVIDIA's estimator (make setup-advise) and is left out unless it is named.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
OFFLINE = (
    "architecture",
    "bring",
    "comment",
    "concepts",
    "configuration",
    "metrics",
    "models",
    "releases",
    "rooms",
    "screens",
)


def pages(name: str) -> dict[Path, str]:
    """Return each file that a generator writes, with its content."""
    return import_module(f"docs.generate.{name}").pages()


def main() -> int:
    """Write or compare the pages; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("page", nargs="*", help=f"{', '.join(OFFLINE)}, performance")
    asked = parser.parse_args()
    made = {path: text for name in asked.page or OFFLINE for path, text in pages(name).items()}
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if asked.check:
            print(f"{path.relative_to(ROOT)} differs from what the program gives: run python -m docs.generate")
        else:
            path.write_text(made[path], encoding="utf-8")
    return 1 if asked.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
