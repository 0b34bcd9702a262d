"""What can go wrong on the simulated cluster, as settings: `python -m sim fault NAME`."""
