"""Generate pages of the documentation from the program: ``python -m docs.generate [--check] [PAGE ...]``."""
