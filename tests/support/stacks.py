"""Config of the tests' stacks on the simulated cluster, to replace keys of the sim stack's file."""

SMALL = {
    "model": "Qwen/Qwen3-30B-A3B",
    "hardware": {"gpu": "H200", "nodes": 1, "gpusPerNode": 8, "interconnect": "nvlink"},
    "layout": "lab-8gpu",
    "image": {"source": "existing", "reference": "registry.example.com/dynamo-wideep@sha256:" + "5" * 64},
    "modelCache": {"size": "100Gi"},
}
"""A graph that leaves half of the simulated cluster to another one."""
