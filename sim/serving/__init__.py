"""The processes behind a graph's pods: the real Dynamo frontend and runtime, and a worker whose engine is simulated.

`model.py`, `engine.py`, the workers and `child.py` are started by path in an environment of Dynamo, so they import
nothing of the project except each other.
"""
