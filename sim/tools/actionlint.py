"""`python -m sim.tools.actionlint`: lints .github/workflows with actionlint, which is built if it is missing."""

import subprocess
import sys

from rich.console import Console

from sim import paths
from sim.errors import SimError
from sim.tools.catalog import ACTIONLINT
from sim.tools.provide import provide


def main() -> int:
    """Return actionlint's exit code, or 1 after an error message if it cannot be obtained."""
    try:
        program = provide(Console(stderr=True, highlight=False, soft_wrap=True), [ACTIONLINT])[ACTIONLINT.name]
    except SimError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return subprocess.run([program, *sys.argv[1:]], cwd=paths.PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
