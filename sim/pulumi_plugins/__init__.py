"""Stand-ins for the Pulumi provider plugins of pulumi-kubernetes, -random, -docker and -docker-build."""
