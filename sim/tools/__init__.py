"""The tools of the simulation: found on the machine in a suitable version, else downloaded, else built."""
