"""The simulation's agent: what runs inside the pods of the simulated cluster, and has consequences outside them.

- contract, graph, grove: the objects of Dynamo 0.6.0 and of Grove, made from one another (pure)
- operators, reconcilers, cliques: who is alive, and what the Dynamo operator and Grove then do about their objects
- kube, work_queue, watches, __main__: the API server, work queues, and the events (kopf) that fill them

What happens to the pods is `sim.kubelet`, in the same process.
"""
