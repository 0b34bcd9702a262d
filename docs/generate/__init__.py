"""Generators of the documentation's pages: ``python -m docs.generate [--check] [PAGE ...]``."""
