"""What is known of GPUs, models and layouts, as rows of data."""

from wideep.catalog.gpus import GPUS, GpuSpec
from wideep.catalog.layouts import PRESETS, layout_of
from wideep.catalog.models import MODELS

__all__ = ["GPUS", "MODELS", "PRESETS", "GpuSpec", "layout_of"]
