"""Stands for the programs in a worker's container: `kubectl exec POD -- nvidia-smi`, `ibstat`, `ping`, `python3`."""

from __future__ import annotations

from sim import paths

PROGRAMS = paths.PROJECT / "sim" / "kubectl_exec" / "bin"
"""All that the kubelet runs: what is not here is in no container either."""
