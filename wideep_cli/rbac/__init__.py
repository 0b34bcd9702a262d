"""``wideep rbac``: a Role and a ClusterRole for users who may look at a stack but not change it."""
