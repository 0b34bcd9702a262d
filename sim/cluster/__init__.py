"""Brings the simulated cluster up and down: control plane, nodes, registry, Dynamo's etcd and NATS, the agent."""
