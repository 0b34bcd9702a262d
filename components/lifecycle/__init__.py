"""Hooks and decisions around the resources: error messages, ownership, orphans of interrupted runs, drift."""
