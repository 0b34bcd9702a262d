"""`python -m sim.exec PROGRAM ARGUMENTS`: one of a container's programs, for the pod that SIM_POD_NAME names."""

from __future__ import annotations

import sys

from sim.exec import ibstat, nvidia_smi, ping
from sim.exec.pod import here

PROGRAMS = {"nvidia-smi": nvidia_smi.main, "ibstat": ibstat.main, "ping": ping.main}

if __name__ == "__main__":
    sys.exit(PROGRAMS[sys.argv[1]](sys.argv[2:], here()))
