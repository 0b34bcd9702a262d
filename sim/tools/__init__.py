"""The tools of the simulation: found on the machine in a fitting version, else downloaded, else built."""
