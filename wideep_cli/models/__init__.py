"""``wideep models``: the catalog, and which presets fit each model."""
