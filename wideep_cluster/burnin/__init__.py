"""A burn-in on a cluster: which nodes are free, the Jobs that measure them, and the figures that are kept."""
