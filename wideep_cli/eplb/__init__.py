"""``wideep eplb``: whether the expert load balancer works, how even the load is, and what to change."""
