"""`python -m sim.kubectl_exec PROGRAM ARGUMENTS`: a container's program, for the pod that SIM_POD_NAME names."""

from __future__ import annotations

import importlib
import sys

from sim.kubectl_exec.pod import here

if __name__ == "__main__":
    # Imported here: only nvidia-smi needs the domain, which takes a second on a busy machine.
    program = importlib.import_module(f"sim.kubectl_exec.{sys.argv[1].replace('-', '_')}")
    sys.exit(program.main(sys.argv[2:], here()))
