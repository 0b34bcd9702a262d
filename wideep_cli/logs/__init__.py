"""``wideep logs``: the logs of a graph's pods by role, side by side, each line with the place that it comes from."""
