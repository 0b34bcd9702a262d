"""`python -m sim.tools.checksums`: downloads each release file of the catalog over TLS, and records its SHA-256.

Run it where the publishers can be reached, and review the result before it is committed: it trusts what it is served.
"""

import sys
import tempfile
from pathlib import Path

import requests

from sim.tools import fetch
from sim.tools.catalog import TOOLS


def main() -> int:
    """Return 0 if every file was recorded; otherwise print those that failed, write nothing and return 1."""
    lines = [line for line in fetch.CHECKSUMS.read_text().splitlines() if line.startswith("#")]
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for url in (fetch.address(tool.download) for tool in TOOLS if tool.download):
            try:
                lines.append(f"{fetch.save(url, Path(folder) / 'release')}  {url}")
            except requests.RequestException as error:
                missing.append(f"{url}: {error}")
    if missing:
        sys.stderr.write("not written, for these files cannot be had:\n" + "\n".join(missing) + "\n")
        return 1
    fetch.CHECKSUMS.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
