"""Stand-in for the pulumi-kubernetes plugin, version 4.34.2."""
