"""`python -m sim.tools.actionlint`: lints .github/workflows, with an actionlint that is built when there is none."""

import subprocess
import sys

from rich.console import Console

from sim import paths
from sim.errors import SimError
from sim.tools.catalog import ACTIONLINT
from sim.tools.provide import provide


def main() -> int:
    """actionlint's exit code, or 1 with a sentence where it cannot be had."""
    try:
        program = provide(Console(stderr=True, highlight=False, soft_wrap=True), [ACTIONLINT])[ACTIONLINT.name]
    except SimError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return subprocess.run([program, *sys.argv[1:]], cwd=paths.PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
