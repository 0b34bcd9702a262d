"""The simulation's agent: what runs inside the pods of the simulated cluster, and has consequences outside them.

- contract, graph, grove: the objects of Dynamo 0.6.0 and of Grove, and how they derive from one another (pure)
- operators, reconcilers, cliques: which operators run, and how the Dynamo operator and Grove reconcile their objects
- kube, work_queue, watches, __main__: the API server, work queues, and the events (kopf) that fill them

`sim.kubelet`, in the same process, runs the pods.
"""
