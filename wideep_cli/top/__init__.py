"""``wideep top``: the serving and Wide-EP figures of a graph, read repeatedly from its pods' own metrics."""
