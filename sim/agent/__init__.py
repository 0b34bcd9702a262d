"""The simulation's agent: what runs inside the pods of the simulated cluster, and has consequences outside them.

contract, pods, graph, grove   the objects of Dynamo 0.6.0 and Grove, made from one another (pure)
operators, reconcilers         who is alive, and what the Dynamo operator and Grove do about their objects
kubelet, serving, journal      containers of graphs and Jobs: pull, start, probe, log; the real Dynamo processes
kube, queue, __main__          the API server, work queues, and the watches (kopf) that fill them
"""
