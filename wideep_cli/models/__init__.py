"""``wideep models``: the catalog, and which presets hold each model"""
