"""The policy pack's modules stand beside each other, as Pulumi runs them: not in a package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "policy"))
