"""``wideep logs``: the logs of a graph's pods by role, interleaved, each line with the place that it comes from."""
