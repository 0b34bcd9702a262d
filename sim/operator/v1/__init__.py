"""Stands for the operator of Dynamo 1.6.1: graphs of v1beta1, their CRDs and the webhooks that judge them.

- schema: the CRDs, made of Dynamo's fields and of the pod template that the running API server publishes
- admission, webhooks: what is refused, and the server that the API server asks
- template, graph, reconcilers: pods of a component, objects of a graph, and what is done about them
"""
