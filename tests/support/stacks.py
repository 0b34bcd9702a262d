"""Stacks of the tests on the simulated cluster: the sim stack's file with something else in it."""

SMALL = {
    "model": "Qwen/Qwen3-30B-A3B",
    "hardware": {"gpu": "H200", "nodes": 1, "gpusPerNode": 8, "interconnect": "nvlink"},
    "layout": "lab-8gpu",
    "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64},
    "modelCache": {"size": "100Gi"},
}
"""A graph that leaves the other half of the simulated cluster to another one."""
