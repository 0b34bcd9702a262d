"""What stands behind a graph's pods: the real Dynamo frontend and runtime, and a worker whose engine is simulated.

`model.py`, `worker.py` and `child.py` run in Dynamo's own environment (sim/requirements-dynamo.txt), started by path,
so they import nothing of the project but each other.
"""
