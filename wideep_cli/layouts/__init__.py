"""``wideep layouts``: the presets for a model and a GPU, and every legal layout for a number of GPUs."""
