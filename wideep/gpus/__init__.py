"""GPUs: the description of one (spec), and the catalog (table). A new GPU is a row of the table."""

from wideep.gpus.spec import GpuSpec, Peaks
from wideep.gpus.table import Gpu

__all__ = ["Gpu", "GpuSpec", "Peaks"]
