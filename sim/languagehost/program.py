"""Lets an interrupted program end silently, as Pulumi's current Python language host does, where the simulation has
only an older one. The engine interrupts a program when a resource has failed.

Run as `python program.py SCRIPT ARGUMENT...`; the script is the older host's own, which prints a traceback instead.
"""

import runpy
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
del sys.argv[0]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
