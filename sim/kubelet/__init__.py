"""The simulated kubelet: pods, containers, logs, jobs and the processes that serve."""
