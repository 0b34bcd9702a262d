"""The project in a folder of its own, where Pulumi may write into the stack files."""

from sim.paths import PROJECT as ROOT
from sim.sandbox import copy_project

__all__ = ["ROOT", "copy_project"]
