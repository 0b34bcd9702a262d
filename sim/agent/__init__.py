"""The simulation's agent: what runs inside the pods of the simulated cluster, and has consequences outside them.

- contract, pods, graph, grove: the objects of Dynamo 0.6.0 and of Grove, made from one another (pure)
- operators, reconcilers, cliques: who is alive, and what the Dynamo operator and Grove then do about their objects
- kubelet, pod, starting, containers, jobs, podstatus, journal: pods of graphs and Jobs: pull, start, probe, log, end
- machine, serving: what the pods share, and the real Dynamo processes behind them
- kube, queue, watches, __main__: the API server, work queues, and the events (kopf) that fill them
"""
