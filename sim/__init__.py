"""A simulated GPU cluster on one machine: real control plane, registry and Dynamo; simulated nodes and workers."""
