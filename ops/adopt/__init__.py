"""``wideep adopt``: a cluster on which the lab was done by hand becomes a stack's, without anything being made anew.

pulumi preview --import-file ──► every resource of the stack ──► those that the cluster has, with their ids
                                                                 └──► pulumi import --file
"""
