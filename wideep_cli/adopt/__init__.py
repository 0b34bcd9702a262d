"""``wideep adopt``: a cluster on which the lab was done by hand becomes a stack's, without anything being made anew.

pulumi preview ──► every resource of the stack ──► those that the cluster has, each with its state ──► pulumi import
"""
