"""Stand-in for the operator of Dynamo 1.6.1: v1beta1 graphs, their CRDs and the webhooks that validate them.

- schema: the CRDs, made of Dynamo's fields and of the pod template that the running API server publishes
- admission, webhooks: what is refused, and the server that the API server calls
- template, graph, reconcilers: a component's pod template, a graph's objects, and their reconciliation
"""
