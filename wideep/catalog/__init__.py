"""The known GPUs, models and layouts, as rows of data."""

from wideep.catalog.gpus import GPUS, GpuSpec, gpu_spec
from wideep.catalog.layouts import PRESETS, layout_of
from wideep.catalog.models import MODELS

__all__ = ["GPUS", "MODELS", "PRESETS", "GpuSpec", "gpu_spec", "layout_of"]
