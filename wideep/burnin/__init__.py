"""The burn-in of GPU nodes: the program that measures them, the figures that it prints, and the verdicts on them."""
