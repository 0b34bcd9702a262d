"""Puts the policy pack's folder on sys.path: its modules are not in a package, since Pulumi runs them that way."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "policy"))
