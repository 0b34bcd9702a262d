"""A simulated GPU cluster on one machine: a real control plane, registry and Dynamo, with simulated nodes and workers."""
