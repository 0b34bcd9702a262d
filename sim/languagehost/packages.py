"""Stands for `python -m pip list -v --format json`, which the older language host asks at each start to find the
packages that need a plugin: the same answer from the installed packages' own notes, without pip's second of imports.
"""

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
