"""The burn-in of GPU nodes: the program that measures them, what it prints as figures, and what falls short."""
