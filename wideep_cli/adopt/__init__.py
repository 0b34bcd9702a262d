"""``wideep adopt``: a stack takes over a cluster on which the lab was done by hand, and nothing is recreated.

pulumi preview ──► every resource of the stack ──► those that the cluster has, each with its state ──► pulumi import
"""
