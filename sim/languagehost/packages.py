"""Stand-in for `python -m pip list -v --format json`, which the older language host runs at each start to find packages
that need a plugin. It gives the same answer from the metadata of the installed packages, without pip's second of
imports."""

import json
import sys
from importlib.metadata import distributions

listed = {
    found.name: {
        "name": found.name,
        "version": found.version,
        "location": str(found.locate_file("")),
        "installer": (found.read_text("INSTALLER") or "").strip(),
    }
    for found in distributions()
}
json.dump(list(listed.values()), sys.stdout)
