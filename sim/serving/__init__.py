"""What stands behind a graph's pods: the real Dynamo frontend and runtime, and a worker whose engine is simulated.

`model.py`, `engine.py`, the workers and `child.py` run in an environment of Dynamo, started by path,
so they import nothing of the project but each other.
"""
