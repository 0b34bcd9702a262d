"""``wideep layouts``: the presets for a model and a GPU, and every legal layout of a count of GPUs."""
