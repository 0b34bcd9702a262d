"""``wideep rbac``: a Role and a ClusterRole for somebody who is to look at a stack, and not to change it."""
