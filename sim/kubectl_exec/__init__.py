"""Stand-ins for the programs in a worker's container: `kubectl exec POD -- nvidia-smi`, `ibstat`, `ping`, `python3`."""

from __future__ import annotations

from sim import paths

PROGRAMS = paths.PROJECT / "sim" / "kubectl_exec" / "bin"
"""The programs that the kubelet runs; no container has any other."""
