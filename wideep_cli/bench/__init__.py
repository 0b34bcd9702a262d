"""``wideep bench``: throughput and latency of the graph, measured by NVIDIA's AIPerf at several concurrencies."""
